"""The run folder, which holds everything that a training leaves behind.

    config.json          the recipe, seed and data that decide the run
    environment.json     versions, machine, threads, commit, command line
    model.json           the layers: name, type, output shape, parameters
    history.csv          a row an epoch
    weights.safetensors  the trained weights
    predictions.npz      log-probabilities (N, K) of the test images, and their labels (N,)
    protocol.json        the images trained on, reads of the test set, train/test duplicates
    metrics.json         the metrics of predictions.npz
    robustness.json      correct test images under corruptions, where they were measured
    examples.npz         test images that the page shows, (M, H, W[, 3]), and their indices (M,)
    explanation.npz      occlusion and saliency maps, neighbours, a map, kernels; where measured
    model.onnx           the portable model, where `fashionlab export` wrote it; also
                         model-8bit.onnx and model.keras
    tensorboard/         events, where `train --tensorboard` wrote some
    report.html          the page, where `fashionlab report` wrote one

A folder RUN is complete or absent. Until it is complete it is RUN.partial, with the same files so
far and the two newest checkpoints; next to it lies RUN.partial.lock, of the process that writes it.
Loading either runs no code from it.

    layout       its name and files
    lock, lease  one writer at a time, on file systems with locks and without
    checkpoints  save, check and load
    writer       RunWriter
    mirror       a run folder in an object store
    records      the fields of the JSON files, with types and limits
    reading      the border: files -> checked values, or one error that names the file
    reader       Run
    robustness   the record of accuracy under corruptions
    explanations explanation.npz
    same_data    the check that data are those of a run
    without      a run's accuracy without suspects
    shown        a run as a notebook shows it
    standing     a run's evaluation protocol as sentences
"""

from fashionlab.runs.checkpoints import Checkpoint
from fashionlab.runs.layout import is_begun, require_free, resume_command
from fashionlab.runs.mirror import Mirror
from fashionlab.runs.reader import (
    DataFacts,
    Run,
    recorded_config,
    recorded_environment,
    recorded_history,
)
from fashionlab.runs.reading import border
from fashionlab.runs.records import Environment
from fashionlab.runs.robustness import write_robustness
from fashionlab.runs.same_data import require_same_data
from fashionlab.runs.standing import standing
from fashionlab.runs.without import Remaining, remaining
from fashionlab.runs.writer import RunWriter, tidy

__all__ = [
    "Checkpoint",
    "DataFacts",
    "Environment",
    "Mirror",
    "Remaining",
    "Run",
    "RunWriter",
    "border",
    "is_begun",
    "recorded_config",
    "recorded_environment",
    "recorded_history",
    "remaining",
    "require_free",
    "require_same_data",
    "resume_command",
    "standing",
    "tidy",
    "write_robustness",
]
