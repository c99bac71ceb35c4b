"""Initializers: their distribution, from formulas and from Keras."""

import keras
import numpy as np
import pytest
from keras.src.initializers.random_initializers import compute_fans as fans_of_keras

from fashionlab.scratch import initializers

SCALED = ["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "VarianceScaling"]
SHAPES = [(), (7,), (5, 9), (3, 4, 6), (3, 5, 4, 6)]


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_are_those_of_keras(shape):
    assert initializers.compute_fans(shape) == fans_of_keras(shape)


def test_limit_of_glorot_uniform_by_hand():
    # a kernel of 3 x 3 from 4 to 8 channels: fans 36 and 72, limit sqrt(6 / 108)
    draws = initializers.GlorotUniform(seed=0)((3, 3, 4, 8))
    limit = np.sqrt(6 / 108)
    assert 0.95 * limit < np.abs(draws).max() <= limit


@pytest.mark.parametrize("shape", [(200, 300), (3, 3, 60, 90)])
@pytest.mark.parametrize("name", SCALED)
def test_spread_and_extremes_are_those_of_keras(name, shape):
    ours = getattr(initializers, name)(seed=0)(shape)
    theirs = keras.ops.convert_to_numpy(getattr(keras.initializers, name)(seed=0)(shape))
    # of 48,600 or more draws the standard deviation is known to 1 / sqrt(2 · 48,600) = 0.3 %
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    # not the largest: Keras on PyTorch lets 4 draws in a million through the truncation
    high = [np.quantile(np.abs(draws), 0.999) for draws in (ours, theirs)]
    assert high[0] == pytest.approx(high[1], rel=0.01)
    assert abs(ours.mean()) < 5 * ours.std() / np.sqrt(ours.size)


@pytest.mark.parametrize("name", ["GlorotNormal", "HeNormal"])
def test_truncated_normal_has_its_variance_and_no_draw_beyond_two_deviations(name):
    draws = getattr(initializers, name)(seed=1)((400, 400), "float64")
    stddev = np.sqrt((2 if name == "HeNormal" else 1) / 400)
    assert draws.std() == pytest.approx(stddev, rel=0.01)
    assert np.abs(draws).max() < 2 * stddev / initializers.TRUNCATED_STDDEV


def test_untruncated_normal_reaches_beyond_two_deviations():
    draws = initializers.VarianceScaling(distribution="untruncated_normal", seed=1)((400, 400))
    assert draws.std() == pytest.approx(0.05, rel=0.01)
    assert np.abs(draws).max() > 3 * 0.05


@pytest.mark.parametrize("name", [*SCALED, "RandomNormal", "Zeros", "Ones"])
def test_shape_type_and_seed(name):
    made = getattr(initializers, name)
    options = {} if name in ("Zeros", "Ones") else {"seed": 3}
    for dtype in ("float32", "float64"):
        draws = made(**options)((4, 5), dtype)
        assert draws.shape == (4, 5)
        assert draws.dtype == dtype
        np.testing.assert_array_equal(draws, made(**options)((4, 5), dtype))
    if options:
        assert (made(seed=4)((4, 5)) != made(seed=3)((4, 5))).any()
        assert (made()((4, 5)) != made()((4, 5))).any()


def test_a_generator_as_seed_goes_on():
    twice = initializers.HeNormal(np.random.default_rng(3))
    assert (twice((4, 5)) != twice((4, 5))).any()


@pytest.mark.parametrize("name", ["glorot_normal", "GlorotNormal", initializers.GlorotNormal])
def test_get_by_either_name_or_class(name):
    assert type(initializers.get(name)) is initializers.GlorotNormal


@pytest.mark.parametrize(
    "build",
    [
        lambda: initializers.VarianceScaling(scale=0.0),
        lambda: initializers.VarianceScaling(mode="fan"),
        lambda: initializers.VarianceScaling(distribution="cauchy"),
        lambda: initializers.get(None),
    ],
)
def test_arguments_outside_their_range_are_refused(build):
    with pytest.raises(ValueError, match="received"):
        build()
