"""Models and pictures for the service's tests, and a service that most of them share."""

import io
import json
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("onnxruntime")

from portable_model import tiny_model
from served import served

from fashionlab.portable import Predictor
from fashionlab.serve.models import ServedModel


@pytest.fixture(scope="session")
def tiny():
    return ServedModel("tiny", Predictor(tiny_model(), threads=1))


@pytest.fixture(scope="session")
def service(tiny):
    with served([tiny]) as running:
        yield running


@dataclass(eq=False)
class Gate:
    """A model that computes when the test lets it, and says what it was given."""

    model: ServedModel
    name: str = "gate"
    run: None = None
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    opened: threading.Event = field(default_factory=threading.Event)
    batches: list[int] = field(default_factory=list)

    @property
    def predictor(self):
        return self.model.predictor

    def description(self):
        return self.model.description()

    def report(self):
        return None

    def predict(self, images):
        self.batches.append(len(images))
        self.entered.release()
        if not self.opened.wait(20):
            raise RuntimeError("the test has not opened the gate")
        return self.model.predict(images)


@pytest.fixture
def gate(tiny):
    gate = Gate(tiny)
    yield gate
    gate.opened.set()


def image(seed=0):
    """(28, 28) uint8 with a black rim."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 6:22] = np.random.default_rng(seed).integers(60, 256, (20, 16))
    return pixels


def encoded(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def as_json(*images):
    return json.dumps({"images": [np.asarray(x).tolist() for x in images]}).encode()
