"""What a program around has set decides no training: it is refused, or changes no bit."""

import socket
from dataclasses import replace

import numpy as np
import pytest

from fashionlab import engines
from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError
from fashionlab.recipes import RECIPES, override
from fashionlab.training import train

engines.get("keras")

import keras  # noqa: E402
import torch  # noqa: E402

DATA = draw(60, 20)
SMALL = {
    "scratch": ("net", {"model": {"units": [8]}}),
    "keras": ("tiny", {"model": {"stem": 4, "stages": [[6, 1]]}}),
}


def setting(name):
    """The function that sets a value of keras.config, and the one that returns it."""
    return getattr(keras.config, f"set_{name}"), getattr(keras.config, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("floatx", "float64"),
        ("dtype_policy", "mixed_bfloat16"),
        ("image_data_format", "channels_first"),
        ("epsilon", 1e-2),
    ],
)
def test_a_setting_of_keras_that_recipes_rely_on_is_refused_in_one_line(name, value):
    put, get = setting(name)
    before = get()
    put(value)
    try:
        with pytest.raises(InvalidValueError, match=rf"{name} must be .*; received .*{value}"):
            engines.get("keras")
    finally:
        put(before)
    engines.get("keras")


def test_gradients_that_are_not_recorded_are_refused_in_one_line():
    with (
        torch.no_grad(),
        pytest.raises(InvalidValueError, match=r"is_grad_enabled\(\) must be True"),
    ):
        engines.get("keras")


@pytest.mark.parametrize("engine", SMALL)
def test_other_settings_change_no_bit(engine, tmp_path):
    base, options = SMALL[engine]
    recipe = override(RECIPES[base], {"epochs": 1, "batch_size": 20, **options})
    plain = train(replace(recipe, engine=engine), DATA, tmp_path / "plain")
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(7)
    socket.setdefaulttimeout(1e-9)
    try:
        with np.errstate(all="raise"), np.printoptions(precision=1, threshold=1):
            other = train(replace(recipe, engine=engine), DATA, tmp_path / "other")
    finally:
        torch.set_default_dtype(default)
        socket.setdefaulttimeout(None)
    assert other.weights_sha256() == plain.weights_sha256()
    assert other.metrics() == plain.metrics()
