"""locate: which portable model an argument means."""

from dataclasses import dataclass
from pathlib import Path

from fashionlab import shipped
from fashionlab.errors import ModelError
from fashionlab.runs.layout import MODEL


@dataclass(frozen=True)
class Located:
    """A model's file, and its run folder where that is known."""

    file: Path
    run: Path | None = None


def locate(source: str | Path | None = None) -> Located:
    """Return the model of a file, or of a run folder; by default the shipped one.

    Raises ModelError where there is none.
    """
    path = shipped.FOLDER if source is None else shipped.run_folder(source)
    if shipped.is_shipped(path):
        return Located(shipped.MODEL, shipped.FOLDER)
    if path.is_file():
        return Located(path)
    if (path / MODEL).is_file():
        return Located(path / MODEL, path)
    if path.is_dir():
        raise ModelError(
            f"a run folder must have its portable model, {MODEL}; {path} has none; write it with: "
            f"fashionlab export {path}"
        )
    if path.exists():
        raise ModelError(
            f"a model must be a file or a run folder; {path} is neither; give an .onnx file, a run "
            "folder or 'shipped'"
        )
    raise ModelError(f"there is no model {path}; give an .onnx file, a run folder or 'shipped'")
