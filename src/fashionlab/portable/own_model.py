"""own_model: a run's portable model, where it is there, sound and of the run's weights."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from fashionlab import files
from fashionlab.errors import ModelError
from fashionlab.portable.graph import LARGEST_BYTES
from fashionlab.portable.locate import locate
from fashionlab.portable.metadata import Metadata
from fashionlab.portable.validate import validate
from fashionlab.runs import Run, border
from fashionlab.shipped import NAME, is_shipped


@dataclass(frozen=True, eq=False)
class OwnModel:
    """The portable model of a run: its file was validated and has the run's weights."""

    file: Path
    content: bytes
    metadata: Metadata


def own_model(run: Run) -> OwnModel | None:
    """Return the portable model of a run, which is read and never run; None where there is none.

    Raises ModelError, with a line to show, where its file is damaged or of another run; RunError
    where the run cannot be read.
    """
    try:
        file = locate(run.folder).file
    except ModelError:
        return None
    try:
        with border(file, ModelError, "export the run again with `fashionlab export`"):
            content = files.read(file, LARGEST_BYTES)
            metadata = validate(content).metadata
    except ModelError as error:
        raise ModelError(f"{file} is left out: {error}") from error
    ours = run.weights_sha256()
    if (metadata.weights_sha256, metadata.class_names) != (ours, run.class_names):
        raise ModelError(
            f"{file} is left out: it must be a model of this run, with weights of SHA-256 "
            f"{ours[:12]}...; it has {metadata.weights_sha256[:12]}...; write it with: "
            f"{export_command(run)}"
        )
    return OwnModel(file, content, metadata)


def export_command(run: Run) -> str:
    """Return the command that writes a run's portable model, quoted for a shell."""
    name = NAME if is_shipped(run.folder) else shlex.quote(str(run.folder))
    return f"fashionlab export {name}"
