"""Sources, a sink and an executor for the tests of batch labelling."""

import json
from collections import deque
from importlib import import_module

import numpy as np
import pyarrow.parquet as pq
from portable_model import scored_model

from fashionlab.data.synthetic import draw
from fashionlab.jobs import Done, Executor

N = 100  # images
IMAGES = draw(train=N, test=20)[0].images  # (N, 28, 28)
LABELS = draw(train=N, test=20)[0].labels


class Here(Executor):
    """Does the jobs in this process, the newest first; `begun` are the files of all."""

    workers = 2

    def __init__(self, begun):
        self.begun, self.waiting = begun, deque()

    def submit(self, job):
        self.waiting.append(job)

    def wait(self):
        job = self.waiting.pop()
        self.begun.append(job.arguments["file"])
        module, _, function = job.work.partition(":")
        arguments = json.loads(json.dumps(job.arguments))
        result = getattr(import_module(module), function)(arguments)
        return Done(job, json.loads(json.dumps(result)))

    def close(self):
        self.waiting.clear()


def model(tmp_path):
    """Write a quick model with outlier scores, of which all verdicts occur."""
    path = tmp_path / "model.onnx"
    path.write_bytes(scored_model(threshold=0.2, bias=-2.5))
    return path


def rows(sink):
    """All rows of a sink of Parquet files, by their columns."""
    return pq.read_table(sink).to_pydict()


def probabilities(found):
    """The probabilities (N, K) of `rows`."""
    names = [name for name in found if name.startswith("probability_")]
    return np.array([found[name] for name in names], np.float32).T


def contents(sink):
    """The bytes of each visible file of a sink."""
    return {path.name: path.read_bytes() for path in sink.iterdir() if path.name[0] != "."}


def manifest(sink):
    return json.loads((sink / "_manifest.json").read_text())
