"""The trained model that comes with the package, as the run folder that its training wrote.

So its recipe, seed, command, environment, log, weights and test predictions are all there, and
`fashionlab train --from shipped` trains it again. benchmarks/training/ship.py put it here. What is
special about this folder stands here: its name, that nothing is written into it, and that the place
of its data is not known here.
"""

from pathlib import Path

NAME = "shipped"  # the name that stands for the folder where a command takes a run
FOLDER = Path(__file__).with_name("run")
LARGEST = 2_000_000  # bytes: of all files of the run together, and of the model
MODEL = Path(__file__).with_name("model.onnx")  # of that run, as `fashionlab export` wrote it


def run_folder(text: str | Path) -> Path:
    """Return the run folder that an argument names; one which is there comes before the name."""
    given = Path(text)
    return FOLDER if str(text) == NAME and not given.exists() else given


def is_shipped(run: Path) -> bool:
    """Return whether this is the folder that comes with the package."""
    return run.exists() and run.samefile(FOLDER)


def outputs(run: Path) -> Path:
    """Return where files made from a run go by default: its folder, for the shipped one here."""
    return Path() if is_shipped(run) else run


def source(run: Path, recorded: str | None) -> str | None:
    """Return the recorded data source; None for the shipped run, trained on another machine."""
    return None if is_shipped(run) else recorded
