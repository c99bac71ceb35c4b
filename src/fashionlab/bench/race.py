"""One timed run of the record, in a process of its own: python -m fashionlab.bench.race REQUEST.

Writes the seconds as JSON. Training code is imported only after the clock has started.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from fashionlab.data import load
from fashionlab.progress import Progress
from fashionlab.text import printable


class Clock(Progress):
    """A clock that stops when the training does, which is when the weights are complete."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds = 0.0

    def stop(self) -> None:
        """Take the time."""
        self.seconds = time.perf_counter() - self.began


def run(recipe: str, seed: int, data: str | None, out: str, resume: bool = False) -> float:
    """Train, write the run folder `out`, and return the seconds until the weights were complete.

    With `resume` an unfinished run is resumed; its seconds are then no record.
    """
    parts = load(data)
    clock = Clock()
    from fashionlab import recipes
    from fashionlab.errors import FashionlabError
    from fashionlab.training import train

    try:
        train(recipes.get(recipe), parts, Path(out), seed, clock, resume=resume)
    except FashionlabError as error:
        sys.exit(f"fashionlab: {printable(str(error))}")
    return clock.seconds


def main(arguments: list[str]) -> None:
    """Run the request and print the seconds."""
    request: dict[str, Any] = json.loads(arguments[0])
    sys.stdout.write(json.dumps({"seconds": run(**request)}))


if __name__ == "__main__":
    main(sys.argv[1:])
