"""A library `nn` whose layers record their arguments and compute nothing.

A builder of `fashionlab.models` that is called with it returns the network as a graph of values,
which `size` measures and `export` emits in another form.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True, eq=False)
class Value:
    """The output of `layer` on `inputs`; the images themselves come from no layer."""

    layer: "Layer | None"
    inputs: tuple["Value", ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer by its kind, with its arguments by Keras's names."""

    kind: str
    name: str
    options: Mapping[str, Any]

    def __call__(self, inputs: Value | Sequence[Value]) -> Value:
        return Value(self, (inputs,) if isinstance(inputs, Value) else tuple(inputs))


def Input(shape: Sequence[int]) -> Value:  # noqa: N802  Keras's name
    """Return the images, (N, *shape)."""
    return Value(None, ())


class _Layers:
    """A stand-in for `keras.layers`: any name is a kind of layer, which `emit` has or refuses."""

    Input = staticmethod(Input)

    def __getattr__(self, kind: str) -> Callable[..., Layer]:
        from fashionlab import scratch  # here: `predict` starts without it

        own = getattr(scratch.layers, kind, None)  # has the argument names of Keras
        names = list(signature(own).parameters) if own else []

        def layer(*arguments: Any, name: str = "", **options: Any) -> Layer:
            return Layer(kind, name, {**dict(zip(names, arguments, strict=False)), **options})

        return layer


def Sequential(layers: Sequence[Any]) -> Value:  # noqa: N802
    """Return the output of layers one after the other, the first of which is the input."""
    value: Value = layers[0]
    for layer in layers[1:]:
        value = layer(value)
    return value


def Model(inputs: Value, outputs: Value) -> Value:  # noqa: N802
    """Return the output of a graph of layers."""
    return outputs


layers = _Layers()
initializers = SimpleNamespace(  # they do nothing: the weights come later
    **dict.fromkeys(("GlorotUniform", "HeNormal", "RandomNormal"), lambda *_, **__: None)
)


def in_order(output: Value) -> list[Value]:
    """Return all values that `output` depends on, each after its inputs; `output` is the last."""
    done: dict[int, Value] = {}
    waiting = [output]
    while waiting:
        value = waiting[-1]
        missing = [source for source in value.inputs if id(source) not in done]
        if missing:
            waiting += missing
        else:
            done.setdefault(id(waiting.pop()), value)
    return list(done.values())
