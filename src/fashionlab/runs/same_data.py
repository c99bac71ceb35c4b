"""require_same_data: what is measured or exported with data needs the run's own."""

from fashionlab.data import Dataset
from fashionlab.errors import InvalidValueError
from fashionlab.runs.reader import Run


def require_same_data(run: Run, part: Dataset, split: str | None = None) -> None:
    """Raise InvalidValueError where `part` is not what the run was trained or tested on.

    `split` is the run's part that it has to be, such as "test"; None for the one that it names
    itself.
    """
    split = split or part.part
    was = run.data.get(split)
    if was is None or was.sha256 != part.sha256:
        own = f"{was.name} with SHA-256 {was.sha256[:12]}..." if was else "none"
        raise InvalidValueError(
            f"{run.folder} needs its own {split} data, {own}; received {part.name} with "
            f"{part.sha256[:12]}...; give them with --data, and the options by which they were read"
        )
