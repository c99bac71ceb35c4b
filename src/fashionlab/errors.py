"""The exceptions of fashionlab; each message is one line: the rule, the value, the remedy.

    FashionlabError
    ├── InvalidValueError       an option or argument outside its range (also a ValueError)
    ├── DataFormatError         a file is not what its name or header claims (also a ValueError)
    ├── ImageError              bytes are not a picture that is accepted (also a ValueError)
    ├── ModelError              a file is not a portable model, or a run has no portable form
    ├── DataNotFoundError       no data at any of the places tried (also a FileNotFoundError)
    ├── MissingDependencyError  a package cannot be imported (also an ImportError)
    ├── RunError                a run folder is in the way, is incomplete or cannot be written
    │   └── CheckpointError     a checkpoint is damaged, or belongs to another training
    ├── StoppedError            a signal stopped a training, which can be resumed
    ├── OutputError             standard output takes no more of an answer
    └── WorkerError             a worker process cannot be started, or has died

`fashionlab.scratch` stands alone and raises the built-in ValueError and TypeError, as Keras does.
"""

LONGEST = 2000  # characters of a message; a value that it quotes may have any number


class FashionlabError(Exception):
    """An error that the user can fix; commands print it as one line and exit with status 2."""

    def __init__(self, message: object = "") -> None:
        line = " ".join(str(message).splitlines())
        if len(line) > LONGEST:
            line = f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"
        super().__init__(line)


class InvalidValueError(FashionlabError, ValueError):
    """An option or argument is outside its range."""


class DataFormatError(FashionlabError, ValueError):
    """A file's content contradicts its format, its header or its companions."""


class ImageError(FashionlabError, ValueError):
    """Bytes are not a picture of an accepted format and size."""


class ModelError(FashionlabError):
    """A file is not a portable model of fashionlab, or a run has no portable form."""


class DataNotFoundError(FashionlabError, FileNotFoundError):
    """No data set was found or fetched; the message names every place tried."""


class MissingDependencyError(FashionlabError, ImportError):
    """A package is missing or cannot be imported; the message names it and what installs it."""


class RunError(FashionlabError):
    """A run folder is in the way, is incomplete, or cannot be written."""


class CheckpointError(RunError):
    """A checkpoint is damaged, or belongs to another training."""


class StoppedError(FashionlabError):
    """A signal stopped a training, which can be resumed; `status` is the exit status."""

    def __init__(self, kept: str, status: int, remedy: str) -> None:
        super().__init__(f"{kept}; go on with: {remedy}")
        self.kept, self.status = kept, status


class OutputError(FashionlabError):
    """Standard output takes no more; `reader_gone` where nobody reads it, as after `| head -1`."""

    def __init__(self, reason: str, reader_gone: bool = False) -> None:
        super().__init__(
            f"standard output must take the answer; received: {reason}; free some space, or send "
            "it elsewhere"
        )
        self.reader_gone = reader_gone
        self.status = 128 + 13 if reader_gone else 2  # as shells have SIGPIPE


class WorkerError(FashionlabError):
    """A worker process has died, does not start, or has another version of fashionlab."""
