"""The exceptions that fashionlab raises on purpose; each message is one line: rule, value, remedy.

    FashionlabError
    ├── InvalidValueError       an option or argument outside its range (also a ValueError)
    ├── DataFormatError         a file is not what its name or header claims (also a ValueError)
    ├── ImageError              bytes are not a picture that is taken (also a ValueError)
    ├── ModelError              a file is not a portable model, or cannot be made one
    ├── DataNotFoundError       no data at any of the places tried (also a FileNotFoundError)
    ├── MissingDependencyError  a library of an extra is not installed (also an ImportError)
    ├── RunError                a run folder stands in the way, is incomplete or cannot be written
    │   └── CheckpointError     a checkpoint is damaged, or is not one of this training
    ├── StoppedError            a training was asked to stop, and has kept what it had
    └── WorkerError             a process that is measured has stopped

`fashionlab.scratch` stands alone and raises the built-in ValueError and TypeError, as Keras does.
"""


class FashionlabError(Exception):
    """Anything that the user can mend; commands print it as one line and exit with status 2."""


class InvalidValueError(FashionlabError, ValueError):
    """An option or argument is outside its range."""


class DataFormatError(FashionlabError, ValueError):
    """A file's content contradicts its format, its header or its companions."""


class ImageError(FashionlabError, ValueError):
    """Bytes are not a picture of a kind and size that is taken."""


class ModelError(FashionlabError):
    """A file is not a portable model of fashionlab, or a run cannot be made one."""


class DataNotFoundError(FashionlabError, FileNotFoundError):
    """No data set could be found or fetched; the message names every place tried."""


class MissingDependencyError(FashionlabError, ImportError):
    """An optional library is needed; the message names the extra that installs it."""


class RunError(FashionlabError):
    """A run folder stands in the way, is incomplete, or cannot be written."""


class CheckpointError(RunError):
    """A checkpoint is damaged, or is not one of this training."""


class StoppedError(FashionlabError):
    """A training was asked to stop, and what it had is kept; `status` is the exit status."""

    def __init__(self, kept: str, status: int, remedy: str) -> None:
        super().__init__(f"{kept}; go on with: {remedy}")
        self.kept, self.status = kept, status


class WorkerError(FashionlabError):
    """A process that is measured has stopped; the message has its last words."""
