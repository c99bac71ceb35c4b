"""From recipe to run, for both engines: one loop, which survives being killed at any moment.

training    train: the frame, from data to run folder
trainer     the loop of epochs and steps, and its checkpoints
state       what the next step depends on, as arrays
best        which epoch is the best, and when to stop
interrupts  Ctrl-C and SIGTERM
repeat      train a run again and compare the weights
"""

from fashionlab.training.best import best_epoch
from fashionlab.training.repeat import Plan, Repetition, plan, repeat
from fashionlab.training.training import Data, finished_run, settings, train

__all__ = [
    "Data",
    "Plan",
    "Repetition",
    "best_epoch",
    "finished_run",
    "plan",
    "repeat",
    "settings",
    "train",
]
