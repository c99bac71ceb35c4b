"""locate: which portable model a person means."""

from dataclasses import dataclass
from pathlib import Path

from fashionlab import shipped
from fashionlab.errors import ModelError
from fashionlab.runs.layout import MODEL


@dataclass(frozen=True)
class Located:
    """A model's file, and the folder of its run where that is known."""

    file: Path
    run: Path | None = None


def locate(source: str | Path | None = None) -> Located:
    """A file, a run folder that `fashionlab export` put one into, or the one that is shipped.

    None and "shipped" are that one. Raises ModelError where there is none.
    """
    if source is None or (str(source) == shipped.NAME and not Path(source).exists()):
        return Located(shipped.MODEL, shipped.FOLDER)
    path = Path(source)
    if path.resolve() == shipped.FOLDER.resolve():
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
    raise ModelError(f"there is no model {path}; give an .onnx file, a run folder or 'shipped'")
