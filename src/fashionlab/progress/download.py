"""The bar of a download, on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fashionlab.progress.bar import PAUSE, WIDTHS
from fashionlab.text import printable

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def download_bar(
    name: str, done: int, total: int | None, console: "Console | None" = None
) -> Iterator[Callable[[int], None]]:
    """Show how many bytes of a file are there, `done` of them from an earlier try.

    Yields what is called with the number of bytes so far. Without a terminal nothing is shown: what
    was fetched is logged. Without a `total` the bar moves to and fro.
    """
    if not console and not (sys.stderr and sys.stderr.isatty()):
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(WIDTHS[1]),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    shown = RichProgress(*columns, console=console or Console(stderr=True), auto_refresh=False)
    with shown:
        task = shown.add_task(printable(name), total=total, completed=done)
        due = time.perf_counter()

        def show(now: int) -> None:
            nonlocal done, due
            done = now
            if time.perf_counter() >= due:
                shown.update(task, completed=done, refresh=True)
                due = time.perf_counter() + PAUSE

        try:
            yield show
        finally:
            shown.update(task, completed=done, refresh=True)
