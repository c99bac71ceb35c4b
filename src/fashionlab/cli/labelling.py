"""`predict --out`: millions of images, labelled into a folder; and how far that has come."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import typer

from fashionlab.cli import output
from fashionlab.errors import InvalidValueError

LINES = 15  # about as many are printed where there is no terminal

Progress = Callable[[int, int], None]  # of the number of images that are labelled, and of all


def require_fitting(out: str | None, given: dict[str, Any], meaningless: Sequence[str]) -> None:
    """Raise InvalidValueError for options that say nothing with `--out`, or nothing without it."""
    for name, value in given.items():
        if value in (None, False):
            continue
        if out is not None and name in meaningless:
            raise InvalidValueError(
                f"--{name} is for answers that are printed; received it with --out; leave it out"
            )
        if out is None and name not in meaningless:
            raise InvalidValueError(
                f"--{name} is for files of answers; received it without --out; give --out FOLDER"
            )


def label_into(
    sources: Sequence[str],
    out: str,
    model: str | None,
    on: str,
    workers: int | None,
    shard: int | None,
    labels: str | None,
    transposed: bool | None,
) -> None:
    """Label the sources and print what came of it; exit status 1 where something is missing."""
    from fashionlab.labelling import label

    if "-" in sources:
        raise InvalidValueError("--out takes files, folders and URLs; received standard input")
    with _shown() as progress:
        summary = label(
            sources,
            out,
            model,
            on=on,
            workers=workers,
            shard=shard,
            labels=cast(Any, labels),
            transposed=transposed,
            say=output.say,
            progress=progress,
        )
    rate = summary.done / summary.seconds if summary.seconds > 0 else 0.0
    output.show(
        f"{summary.out}: {summary.rows:,} of {summary.images:,} images labelled, {summary.done:,} "
        f"of them now, in {summary.seconds:.1f} s, {rate:,.0f} images/s"
    )
    if summary.failures:
        output.say(
            f"fashionlab: {len(summary.failures):,} could not be read, as _manifest.json says; the "
            "same command tries them again"
        )
        raise typer.Exit(1)


@contextmanager
def _shown() -> Iterator[Progress]:
    """Yield the function that shows progress: a bar on a terminal, else lines."""
    if not output.is_on_terminal():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("images", total=None, rate="")
        rate = _rate()

        def move(rows: int, images: int) -> None:
            bar.update(task, completed=rows, total=images, rate=f"{rate(rows):,.0f} images/s")

        yield move


def _rate() -> Callable[[int], float]:
    """Return the images a second since the first call, which has those of earlier runs."""
    first: list[tuple[int, float]] = []

    def rate(rows: int) -> float:
        now = time.perf_counter()
        first.append((rows, now)) if not first else None
        before, began = first[0]
        return (rows - before) / (now - began) if now > began else 0.0

    return rate


def _lines() -> Progress:
    """Return a function that prints a line for a shard, for some of them where there are many."""
    from fashionlab.progress import duration

    rate, said = _rate(), [-1]

    def line(rows: int, images: int) -> None:
        speed, part = rate(rows), LINES * rows // max(1, images)
        if part > said[0] and speed:
            left = f", about {duration((images - rows) / speed)} left" if rows < images else ""
            output.say(f"{rows:,} of {images:,} images, {speed:,.0f} images/s{left}")
            said[0] = part

    return line
