"""Options that several commands share."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fashionlab.cli.output import say
from fashionlab.shipped import run_folder, source

if TYPE_CHECKING:
    from fashionlab.data import Dataset, Parts
    from fashionlab.runs import Run
    from fashionlab.training.repeat import Plan

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]
Engine = Annotated[str | None, typer.Option(help="scratch or keras.")]
Place = Annotated[
    str | None,
    typer.Option("--data", help="A file or folder of data, 'fashion-mnist' or 'synthetic'."),
]
RunFolder = Annotated[
    Path,
    typer.Argument(help="A run folder, or 'shipped'.", parser=run_folder),
]
Labels = Annotated[
    str | None, typer.Option(help="The column of the labels in a table: first or last.")
]
Transposed = Annotated[
    bool | None,
    typer.Option("--transposed/--upright", help="Images lie column by column, as EMNIST's do."),
]
# Where jobs are done: the arguments of jobs.start.
On = Annotated[
    str,
    typer.Option(help="local; ray, a cluster on this machine; or ray://HOST:PORT, one that runs."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="How many processes work at a time.")]
Cores = Annotated[int | None, typer.Option(min=1, help="Cores of each; by default its share.")]
Retries = Annotated[
    int, typer.Option(min=0, help="How often a job whose process is lost is begun again.")
]
# How the data are read: the fields of data.ReadOptions.
READING: dict[str, Any] = {
    "split": Annotated[
        float | None,
        typer.Option(help="Hold out this share of a set of one part as its test part."),
    ],
    "size": Annotated[
        int | None, typer.Option(help="Scale pictures to this height and width, in pixels.")
    ],
    "colour": Annotated[
        bool | None, typer.Option("--colour/--grey", help="Read colour images, or make them grey.")
    ],
    "preparation": Annotated[
        str | None,
        typer.Option(
            help="How pictures become images: fit (the whole picture), or garment (found, cut out, "
            "light on black)."
        ),
    ],
    "labels": Labels,
    "first_label": Annotated[int | None, typer.Option(help="The lowest label, where it is not 0.")],
    "transposed": Transposed,
}


@dataclass(frozen=True)
class Data:
    """The data that a command was given: where they are, and how to read them."""

    place: str | None = None
    reading: Mapping[str, Any] | None = None  # the options that were given

    def or_those_of(self, planned: "Plan", source: str | None) -> "Data":
        """Return the data of a run, as far as the command was given no others."""
        reading = {**planned.options.given(), **(self.reading or {})}
        return replace(self, place=self.place or source, reading=reading)

    def without(self, suspects: Path) -> "Data":
        """Return the same data without the training images that a list of suspects leaves out."""
        from fashionlab import files

        path = files.text(suspects.resolve())
        return replace(self, reading={**(self.reading or {}), "without": path})

    @property
    def everywhere(self) -> str | None:
        """The place as another process finds it, whose current folder is another."""
        if self.place in (None, "synthetic") or not Path(str(self.place)).exists():
            return self.place
        return str(Path(str(self.place)).resolve())

    def load(self, fetch: bool = True) -> "Parts":
        """Load them; lines about it go to standard error."""
        from fashionlab.data import ReadOptions, load
        from fashionlab.progress import download_bar

        options = ReadOptions(**(self.reading or {}))
        return load(self.place, options, fetch=fetch, log=say, bar=download_bar)

    def parts(self, fetch: bool = True) -> "tuple[Dataset, ...]":
        """Load the parts that they have, also where none is a test part."""
        from fashionlab.data import ReadOptions, load_parts

        return load_parts(self.place, ReadOptions(**(self.reading or {})), fetch=fetch, log=say)


def data_of(run: Path, data: Data) -> Data:
    """Return the data that a run folder records, as far as the command was given no others.

    Raises RunError where the folder cannot be read.
    """
    from fashionlab.training import plan

    planned = plan(run)
    return data.or_those_of(planned, source(run, planned.source))


def parts_of(run: "Run", data: Data) -> "Parts | None":
    """Return the data of a run, for its pictures; None, and a line that says so, without them.

    Nothing is downloaded. Raises DataNotFoundError or InvalidValueError only where the command was
    given data, and they are not there or not the run's.
    """
    from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError
    from fashionlab.runs import require_same_data

    _ = run.recipe  # raises for a folder that is no run of this version
    try:
        parts = data_of(run.folder, data).load(fetch=False)
        for part in parts.all:
            require_same_data(run, part)
        return parts
    except (DataNotFoundError, DataFormatError, InvalidValueError, OSError) as error:
        if data.place or data.reading:
            raise
        say(f"the page lacks what needs the test images: {error}")
        return None


def reads_data(command: Callable[..., None], place: Any = Place) -> Callable[..., None]:
    """Give a command with a parameter `data` the options of reading; it receives Data.

    `place` declares the option or argument that the parameter is.
    """

    @wraps(command)
    def with_data(**values: Any) -> None:
        given = {name: values.pop(name, None) for name in READING}
        reading = {name: value for name, value in given.items() if value is not None}
        command(**values | {"data": Data(values.get("data"), reading)})

    signature = inspect.signature(command)
    own = [
        p.replace(annotation=place, default=None if p.default == Data() else p.default)
        if p.name == "data"
        else p
        for p in signature.parameters.values()
    ]
    own = [p.replace(kind=p.KEYWORD_ONLY) for p in own]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in READING.items()
    ]
    with_data.__signature__ = signature.replace(parameters=own + added)  # type: ignore[attr-defined]
    return with_data
