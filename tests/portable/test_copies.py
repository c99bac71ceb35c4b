"""A predictor goes to another process, or is copied, as the bytes of its model."""

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from fashionlab.errors import ModelError
from fashionlab.portable import Predictor

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)


@pytest.mark.parametrize(
    "way", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_answers_as_the_predictor_does(way):
    predictor = Predictor(threads=1)
    other = way(predictor)
    assert other.sha256 == predictor.sha256
    assert other.metadata.to_json() == predictor.metadata.to_json()
    np.testing.assert_array_equal(other.probabilities(IMAGES), predictor.probabilities(IMAGES))


def test_a_pool_of_processes_takes_it():
    predictor = Predictor(threads=1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(predictor.predict, IMAGES[0]).result()
    np.testing.assert_array_equal(found.probabilities, predictor.predict(IMAGES[0]).probabilities)


def test_the_bytes_of_a_pickle_are_validated():
    content = pickle.dumps(Predictor(threads=1))
    state = Predictor(threads=1).__getstate__()
    assert state["model"] in content
    broken = Predictor.__new__(Predictor)
    with pytest.raises(ModelError):
        broken.__setstate__(state | {"model": b"no model"})


def test_a_model_that_is_served_is_copied_with_a_lock_of_its_own():
    models = pytest.importorskip("fashionlab.serve.models")
    model = models.ServedModel("a", Predictor(threads=1))
    other = copy.deepcopy(model)
    assert (other.name, other.run, other.report()) == ("a", None, None)
    assert other._lock is not model._lock
