"""How a peer's form is chosen, and that each of its forms trains the same."""

import numpy as np
import pytest

from benchmarks.speed import peers
from benchmarks.speed.cases import CASES
from benchmarks.speed.measure import write_arrays
from benchmarks.speed.peers import Task, fastest
from fashionlab.data import synthetic

ALTERNATIVES = {"images": ("float32", "uint8"), "layout": ("first", "last", "other")}
SECONDS = {"float32": 3, "uint8": 2, "first": 2, "last": 1, "other": 4}


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `pass_time` moves."""
    now = [0.0]
    monkeypatch.setattr(peers.time, "perf_counter", lambda: now[0])
    return now


def test_the_fastest_of_each_kind_is_chosen_and_left_built(clock):
    built = []

    def train(first, steps):
        clock[0] += steps * sum(SECONDS[name] for name in built[-1][0].values())

    form = fastest(CASES["cnn"], ALTERNATIVES, lambda *what: built.append(what), train)
    assert form == {"images": "uint8", "layout": "last"}
    assert [steps for _, steps in built] == [peers.TRIAL] * 4 + [None]
    assert built[-1][0] == form


def test_a_step_of_the_whole_set_is_not_tried():
    built = []
    form = fastest(CASES["full-batch"], ALTERNATIVES, lambda *what: built.append(what), None)
    assert form == {"images": "float32", "layout": "first"}
    assert built == [(form, None)]


@pytest.fixture
def task(tmp_path):
    write_arrays(synthetic.draw(train=1280, test=20), 1280, tmp_path)
    return lambda case: Task(CASES[case], "adam", tmp_path, 1)


def test_images_have_the_same_values_in_each_form(task):
    values, numbers = (task("784-512-10").images("images", form) for form in peers.IMAGES)
    assert (values.dtype, numbers.dtype) == (np.float32, np.uint8)
    assert values.shape == numbers.shape == (1280, 784)
    np.testing.assert_array_equal(values, numbers * np.float32(1 / 255))
    assert task("cnn").images("images", steps=2).shape == (256, 28, 28, 1)


@pytest.mark.parametrize("case", ["784-512-10", "cnn"])
def test_torch_trains_and_predicts_the_same_in_each_of_its_forms(task, case):
    from benchmarks.speed.peers.torch import Peer

    peer = Peer(task(case))
    layouts = ("contiguous", "channels last") if case == "cnn" else ("contiguous",)
    losses, scores = [], []
    for images in peers.IMAGES:
        for layout in layouts:
            peer._build({"images": images, "layout": layout}, None)
            losses.append(peer.train(0, 3))
            scores.append(peer.predict(10))
    assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-5)
    for other in scores:
        np.testing.assert_allclose(other, scores[0], atol=1e-4)
