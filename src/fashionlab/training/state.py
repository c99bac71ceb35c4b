"""What a model's next step depends on, as arrays: weights, optimizer state, random states.

Both engines give it under names of one kind; a model of the same recipe takes it back exactly.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab import scratch
from fashionlab.errors import CheckpointError
from fashionlab.training import statistics

Array = NDArray[Any]


def capture(model: Any) -> dict[str, Array]:
    """Copies of all of it."""
    if isinstance(model, scratch.Sequential):
        return {
            **_numbered("weights", model.get_weights()),
            **{f"optimizer/{name}": value for name, value in model.optimizer.state.items()},
            **{f"random/{name}": words for name, words in model.generator_states.items()},
        }
    # Keras counts the states of its seed generators among a model's variables.
    return {
        **_numbered("weights", [_value(v) for v in model.variables]),
        **_numbered("optimizer", [_value(v) for v in model.optimizer.variables]),
    }


def restore(model: Any, arrays: Mapping[str, Array]) -> None:
    """Put them back into a model that was built the same way.

    Raises CheckpointError where a name, shape or type is not this model's.
    """
    if isinstance(model, scratch.Sequential):
        _restore_scratch(model, arrays)
        return
    model.optimizer.build(model.trainable_variables)
    _require_like(capture(model), arrays)
    for kind, variables in (("weights", model.variables), ("optimizer", model.optimizer.variables)):
        for variable, value in zip(variables, _listed(kind, arrays), strict=True):
            variable.assign(value)


def _restore_scratch(model: scratch.Sequential, arrays: Mapping[str, Array]) -> None:
    own = {name: a for name, a in capture(model).items() if not name.startswith("optimizer/")}
    optimizer = {
        name.removeprefix("optimizer/"): a
        for name, a in arrays.items()
        if name.startswith("optimizer/")
    }
    _require_like(own, {name: a for name, a in arrays.items() if not name.startswith("optimizer/")})
    try:
        model.optimizer.state = optimizer
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"the checkpoint is of another optimizer: {error}") from error
    model.set_weights(_listed("weights", arrays))
    model.generator_states = {
        name.removeprefix("random/"): words
        for name, words in arrays.items()
        if name.startswith("random/")
    }


def weights(model: Any) -> list[Array]:
    """Copies; what Keras gives may be the memory that its next step writes into."""
    return [np.array(value) for value in model.get_weights()]


def weights_by_name(model: Any) -> dict[str, Array]:
    """The weights as a finished run keeps them: "layer.kernel"."""
    return {
        f"{layer.name}.{variable.name}": value
        for layer in model.layers
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True)
    }


def average(model: Any, images: Array) -> None:
    """Give the model its weights' moving average, where the optimizer keeps one.

    Its batch normalisations get the statistics of `images` with it.
    """
    if not model.optimizer.use_ema:
        return
    if isinstance(model, scratch.Sequential):
        model.optimizer.finalize(model.weights_vector)
    else:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        # On JAX they are now the optimizer's own arrays, which the next `evaluate` would give up.
        model.set_weights(weights(model))
    statistics.gather(model, images)


@contextmanager
def averaged(model: Any, images: Array) -> Iterator[None]:
    """In this context the model has the moving average of its weights, where there is one."""
    if not model.optimizer.use_ema:
        yield
        return
    before = weights(model)
    average(model, images)
    try:
        yield
    finally:
        model.set_weights(before)


def _numbered(kind: str, values: Sequence[Array]) -> dict[str, Array]:
    return {f"{kind}/{i:04d}": value for i, value in enumerate(values)}


def _listed(kind: str, arrays: Mapping[str, Array]) -> list[Array]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}/")]


def _require_like(own: Mapping[str, Array], given: Mapping[str, Array]) -> None:
    for name in sorted({*own, *given}):
        expected, received = (
            f"{side[name].dtype} {side[name].shape}" if name in side else "absent"
            for side in (own, given)
        )
        if expected != received:
            raise CheckpointError(
                f"the checkpoint must be of this model, where {name} is {expected}; "
                f"received {received}"
            )


def _value(variable: Any) -> Array:
    return np.array(variable.numpy())
