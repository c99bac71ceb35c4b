"""Names, arguments, their order and their defaults are those of Keras."""

import inspect

import keras
import pytest

from fashionlab import scratch

CLASSES = {
    "layers": [name for name in scratch.layers.__all__ if name != "Variable"],
    "losses": ["CategoricalCrossentropy", "SparseCategoricalCrossentropy", "MeanSquaredError"],
    "optimizers": ["SGD", "Adam", "AdamW", "RMSprop"],
    "optimizers.schedules": ["ExponentialDecay", "PiecewiseConstantDecay", "CosineDecay"],
    "initializers": [
        "Zeros",
        "Ones",
        "RandomNormal",
        "VarianceScaling",
        "GlorotUniform",
        "GlorotNormal",
        "HeUniform",
        "HeNormal",
    ],
    "callbacks": ["Callback", "History", "EarlyStopping"],
}
PATHS = ["Sequential", *(f"{room}.{name}" for room, names in CLASSES.items() for name in names)]
METHODS = {
    "Sequential": [
        "add",
        "compile",
        "fit",
        "evaluate",
        "predict",
        "train_on_batch",
        "get_weights",
        "set_weights",
        "save_weights",
        "load_weights",
        "summary",
        "count_params",
    ],
    "callbacks.Callback": [
        name
        for name, value in vars(keras.callbacks.Callback).items()
        if inspect.isfunction(value) and name[0] != "_"
    ],
    "layers.Layer": ["get_weights", "count_params"],
}
LACKING = {  # on purpose
    "callbacks.Callback": {
        "on_batch_begin": "an older name of on_train_batch_begin",
        "on_batch_end": "an older name of on_train_batch_end",
        **{
            f"on_{kind}_{part}": f"scratch's {kind} functions take no callbacks"
            for kind in ("test", "predict")
            for part in ("begin", "end", "batch_begin", "batch_end")
        },
    },
}


def find(library, path):
    found = library
    for name in path.split("."):
        found = getattr(found, name)
    return found


def arguments(function):
    parameters = list(inspect.signature(function).parameters.values())
    return [p for p in parameters if p.name != "self"]


def of_keras(path):
    """The arguments that Keras's constructor takes, those it hands up as **kwargs too."""
    made = find(keras, path)
    own = arguments(made.__init__ if path == "Sequential" or path == "layers.Layer" else made)
    named = {p.name: p for p in own if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    handed_up = {}
    if isinstance(made, type) and any(p.kind is p.VAR_KEYWORD for p in own):
        for base in made.__mro__[1:]:
            if base.__module__.startswith("keras"):
                handed_up |= {p.name: p for p in arguments(base.__init__) if p.name not in named}
    return named, handed_up


def hold_against(ours, named, handed_up, what):
    theirs = named | handed_up
    order = [n for n, p in named.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    for i, p in enumerate(ours):
        assert p.name in theirs, f"Keras's {what} has no argument {p.name}"
        if p.kind is p.POSITIONAL_OR_KEYWORD:
            assert order[i : i + 1] == [p.name], f"{p.name} is at another place in Keras's {what}"
        if p.default is not p.empty:
            assert p.default == theirs[p.name].default, p.name
        else:  # what Keras gives a None that it then refuses is needed
            assert theirs[p.name].default in (p.empty, None), p.name


@pytest.mark.parametrize("path", PATHS)
def test_every_argument_of_a_constructor_is_one_of_keras_with_its_default(path):
    hold_against(arguments(find(scratch, path)), *of_keras(path), path)


@pytest.mark.parametrize(("path", "name"), [(c, m) for c, names in METHODS.items() for m in names])
def test_every_argument_of_a_method_is_one_of_keras_with_its_default(path, name):
    ours, theirs = getattr(find(scratch, path), name, None), getattr(find(keras, path), name)
    if name in LACKING.get(path, {}):
        assert ours is None, f"scratch has {path}.{name}: it is no longer lacking"
        return
    assert callable(ours), f"scratch lacks {path}.{name}"
    hold_against(arguments(ours), {p.name: p for p in arguments(theirs)}, {}, f"{path}.{name}")


def missing():
    for path in PATHS:
        if path in ("Sequential", "layers.Layer"):
            continue
        has = {p.name for p in arguments(find(scratch, path))}
        named, handed_up = of_keras(path)
        for name in {**named, **handed_up}:
            if name not in has:
                yield path, name


@pytest.mark.parametrize(("path", "name"), sorted(missing()))
def test_an_argument_that_scratch_has_not_fails_with_a_line_that_says_so(path, name):
    kind = path.rpartition(".")[2]
    with pytest.raises(
        TypeError, match=rf"^{kind}: scratch has no argument '{name}'; it has "
    ) as e:
        find(scratch, path)(**{name: None})
    assert "\n" not in str(e.value)
    assert str(e.value).endswith("use the keras engine")


@pytest.mark.parametrize(
    "path",
    [
        "layers.SeparableConv2D",
        "layers.LSTM",
        "losses.Hinge",
        "optimizers.Lion",
        "optimizers.schedules.InverseTimeDecay",
        "initializers.Orthogonal",
        "callbacks.ModelCheckpoint",
        "activations.selu",
        "regularizers",
        "Model",
    ],
)
def test_a_name_that_scratch_has_not_fails_with_a_line_that_says_so(path):
    assert find(keras, path)
    with pytest.raises(
        AttributeError, match=r"^scratch has no .*; it has .*; use the keras engine$"
    ):
        find(scratch, path)


@pytest.mark.parametrize("method", ["compile", "fit", "evaluate", "predict", "summary"])
def test_an_argument_that_a_method_has_not_is_a_type_error_that_names_it(method):
    model = scratch.Sequential([scratch.Input((2,)), scratch.layers.Dense(2)])
    with pytest.raises(
        TypeError, match=f"^{method}: scratch has no argument 'steps_per_execution'; it has"
    ):
        getattr(model, method)(steps_per_execution=2)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh", "softmax", "gelu"])
def test_configured_names_are_those_of_keras(activation):
    assert keras.activations.get(activation).__name__ == activation
    assert scratch.activations.get(activation).name == activation
