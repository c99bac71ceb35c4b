"""What the commands print, all of it: ruff refuses every other way (pyproject.toml).

streams     standard output and error that survive their readers
show        a line of an answer for people, on standard output
show_json   an answer for programs
show_row    a row of CSV
draw        lines of our own making, with colours where `has_colours`
say         a line on standard error
kept        print about what is on the disk already

What others chose (names of files, classes, recipes; errors that quote them) is `printable` here. A
reader who goes away (`| head -1`), a full disk or a terminal that has hung up ends a command whose
answer is lost by OutputError, and never a training.
"""

import csv
import errno
import io
import json
import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from fashionlab.errors import OutputError
from fashionlab.text import csv_cell, printable

# An escape in JSON text; the group is a surrogate without its other half.
ESCAPE = re.compile(r"\\ud[89ab]..\\ud[c-f]..|(\\ud[89a-f]..)|\\.")


def show(line: str) -> None:
    """Print a line on standard output. Raises OutputError, as all that print there do."""
    _write(printable(line))


def show_json(value: Any, indent: int | None = None) -> None:
    """Print JSON in ASCII.

    Half of a surrogate pair is no character, and not every parser takes it: it is printed as the
    text that `printable` has for it.
    """
    text = json.dumps(value, indent=indent).replace("\x7f", r"\u007f")
    _write(ESCAPE.sub(lambda escape: "\\" * bool(escape[1]) + escape[0], text))


def show_row(cells: Sequence[object]) -> None:
    """Print a row of CSV, as RFC 4180 has it but for the end of the line."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([csv_cell(cell) for cell in cells])
    _write(row.getvalue())


def draw(lines: Sequence[str]) -> None:
    """Print lines as they are: nothing in them may come from elsewhere."""
    _write("\n".join(lines))


def has_colours(character: str) -> bool:
    """Return whether standard output is a terminal that has colours, and this character."""
    try:
        character.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return sys.stdout.isatty()


def is_on_terminal() -> bool:
    """Return whether standard error is a terminal."""
    return sys.stderr.isatty()


def has_room_for_a_bar() -> bool:
    """Return whether standard error is a terminal, on which no answers appear."""
    return is_on_terminal() and not sys.stdout.isatty()


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    require_written()


def say(line: str) -> None:
    """Print a line on standard error; standard output is for what a program reads."""
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()


def say_traceback(error: BaseException) -> None:
    """Print an error's traceback on standard error."""
    sys.stderr.write(_lines("".join(traceback.format_exception(error))))
    sys.stderr.flush()


def require_written() -> None:
    """Raise OutputError where standard output did not take all that was printed."""
    sys.stdout.flush()
    failure = isinstance(sys.stdout, Stream) and sys.stdout.matters and sys.stdout.failure
    if failure:
        gone = isinstance(failure, BrokenPipeError)
        gone |= os.name == "nt" and failure.errno == errno.EINVAL  # how Windows says so
        raise OutputError(failure.strerror or str(failure), gone)


@contextmanager
def kept(place: object) -> Iterator[None]:
    """Print about `place`, which is written: that nobody can read it is no failure."""
    try:
        yield
    except OutputError as error:
        cast(Stream, sys.stdout).matters = False
        if not error.reader_gone:
            say(f"fashionlab: {error}; {place} is written")


class Stream:
    """Standard output or error. After a write that failed it takes all and keeps nothing.

    So no library that prints is ended by it. `failure` is why, None for a stream that works;
    `matters` is whether the command fails with it.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.failure: OSError | None = None
        self.matters = True
        self._is_open = stream is not None
        self._stream = stream or io.StringIO()
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the terminal may have another encoding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or note why it was not possible."""
        try:
            if not self._is_open:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._stream.write(text)
        except OSError as error:
            self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or note why it was not possible."""
        try:
            self._stream.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or error
        with suppress(OSError):  # a stream that has no file of the system, or one that is closed
            number = self._stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)  # for what is still buffered, which Python flushes at exit
            os.close(nowhere)


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


class _Log(logging.Formatter):
    """Printable lines of a log."""

    def format(self, record: logging.LogRecord) -> str:
        return _lines(super().format(record))


@contextmanager
def streams() -> Iterator[None]:
    """Put a Stream in the place of standard output and error; warnings and logs are printable."""
    # A number that is free, as of `2>&-`, would go to the next file that is opened, for instance a
    # checkpoint, and a library's messages with it.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if logging.lastResort:
        logging.lastResort.setFormatter(_Log())
    before, formatted = (sys.stdout, sys.stderr), warnings.formatwarning
    warnings.formatwarning = lambda *some, **more: _lines(formatted(*some, **more))
    sys.stdout, sys.stderr = (cast(TextIO, Stream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
        warnings.formatwarning = formatted
