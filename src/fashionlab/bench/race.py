"""One timed run of the record, in a process of its own: python -m fashionlab.bench.race REQUEST.

Writes the seconds as JSON. Nothing that trains is imported before the clock starts.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from fashionlab.data import load
from fashionlab.progress import Progress


class Clock(Progress):
    """Stops when the training does, which is when the weights are there."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds = 0.0

    def stop(self) -> None:
        """The training has ended."""
        self.seconds = time.perf_counter() - self.began


def run(recipe: str, seed: int, data: str | None, out: str, resume: bool = False) -> float:
    """Train and write the run folder `out`; the seconds until the weights were there.

    With `resume` an unfinished run goes on; its seconds are then no record.
    """
    parts = load(data)
    clock = Clock()
    from fashionlab import recipes
    from fashionlab.errors import FashionlabError
    from fashionlab.training import train

    try:
        train(recipes.get(recipe), parts, Path(out), seed, clock, resume=resume)
    except FashionlabError as error:
        sys.exit(f"fashionlab: {error}")
    return clock.seconds


def main(arguments: list[str]) -> None:
    """Answer the request."""
    request: dict[str, Any] = json.loads(arguments[0])
    sys.stdout.write(json.dumps({"seconds": run(**request)}))


if __name__ == "__main__":
    main(sys.argv[1:])
