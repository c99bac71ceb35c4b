"""One of two workers without Ray: python two_workers.py RANK FOLDER, both at once.

Reads the tasks from FOLDER/tasks.pickle, which the test has written. Writes what it found to
FOLDER/RANK.json.
"""

import json
import pickle
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from fashionlab.data import Share
from fashionlab.data.synthetic import draw
from fashionlab.engines import get
from fashionlab.engines.keras_torch.replica import Replica
from fashionlab.progress import Progress
from fashionlab.recipes import build
from fashionlab.training.worker import take_part


def steps_apart(recipe, sizes):
    """Return differences of state, loss and accuracy after a step on a batch of each of `sizes`.

    A replica takes its share of each batch, a model in this process alone the whole; both begin
    each step with the same state.
    """
    engine, data, found = get("keras"), draw(120, 20)[0], []
    whole = build(recipe, engine, data.image_shape, data.classes)
    own, replica = build(recipe, engine, data.image_shape, data.classes), Replica()
    replica.join(own)
    places = np.random.default_rng(0)
    targets = np.eye(data.classes, dtype=np.float32)[data.labels]
    for size in sizes:
        state = engine.capture(whole) if whole.optimizer.built else engine.capture(own)
        engine.restore(whole, state)
        engine.restore(own, state)
        rows = places.choice(len(data), size, replace=False)
        mine = rows[replica.share.places(size)]
        alone = whole.train_on_batch(data.images[rows], targets[rows], return_dict=True)
        shared = replica.step(data.images[mine], targets[mine], size)
        pairs = zip(engine.capture(whole).values(), engine.capture(own).values(), strict=True)
        apart = max(float(np.abs(a - b).max() / max(1, np.abs(a).max())) for a, b in pairs)
        found.append([apart, *(abs(alone[name] - shared[name]) for name in ("loss", "accuracy"))])
    return found


def main(rank, folder):
    torch.set_num_threads(1)
    rendezvous = f"file://{folder / 'rendezvous'}"
    distributed.init_process_group(
        "gloo", rendezvous, timedelta(seconds=60), world_size=2, rank=rank
    )
    given = pickle.loads((folder / "tasks.pickle").read_bytes())
    assert Replica().share == Share(rank, 2)
    found = {"steps": {name: steps_apart(*case) for name, case in given["steps"].items()}}
    for task in given["tasks"]:
        take_part(task, Progress())
    (folder / f"{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
