"""Training, from recipe to run: one loop for both engines, which survives a kill at any moment.

train           train: the frame, from data to run folder
loop            Trainer: epochs and steps, and their checkpoints
epoch_metrics   loss and accuracy of an epoch, and of a part of the data after it
records         what a training writes about itself
weights         a model's weights by name, and their moving average
batch_norm      update_bn: statistics for weights that were averaged
early_stopping  which epoch is the best, and when to stop
signals         Ctrl-C and SIGTERM
repeat          train a run again and compare the weights
parallel        train_parallel: several workers train one model
ray_train       fit: the workers, as Ray Train starts them
worker          take_part: what each of them does
"""

from fashionlab.training.early_stopping import best_epoch
from fashionlab.training.records import Data
from fashionlab.training.repeat import Plan, Repetition, plan, repeat
from fashionlab.training.train import finished_run, require_equal, settings, train

__all__ = [
    "Data",
    "Plan",
    "Repetition",
    "best_epoch",
    "finished_run",
    "plan",
    "repeat",
    "require_equal",
    "settings",
    "train",
]
