"""The predictions of `large` for the training images, which are kept as a teacher's."""

import numpy as np
import pytest

from benchmarks import tables
from fashionlab.data import load
from fashionlab.errors import DataNotFoundError

TEACHER = tables.RESULTS / "large.soft.npz"


@pytest.fixture(scope="module")
def teacher():
    with np.load(TEACHER) as file:
        return {name: file[name] for name in file.files}


def test_they_are_log_probabilities_of_the_run_in_the_table(teacher):
    views = teacher["log_probabilities"]
    assert (views.shape, views.dtype) == ((2, 60_000, 10), np.float16)
    np.testing.assert_allclose(np.exp(views.astype(np.float64)).sum(2), 1, atol=0.01)
    (row,) = (row for row in tables.read("accuracy") if row["recipe"] == "large")
    assert teacher["weights_sha256"] == row["weights_sha256"]
    assert TEACHER.stat().st_size < 3_000_000


def test_the_network_knows_its_training_images_by_heart(teacher):
    """Expect all but four, as docs/protocol.md says, by the mean over both views."""
    try:
        train, _ = load("fashion-mnist", fetch=False)
    except DataNotFoundError:
        pytest.skip("Fashion-MNIST is not here")
    assert teacher["train_sha256"] == train.sha256
    mean = np.exp(teacher["log_probabilities"].astype(np.float32)).mean(0)
    assert np.sum(mean.argmax(1) != train.labels) == 4
