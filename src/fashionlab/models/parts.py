"""What the builders share: the types of their options, a library's layout, seeds, dropout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, count
from types import ModuleType
from typing import Annotated, Any

import numpy as np

from fashionlab.typed import Between

Layers = list[Any]

# The types and limits of a builder's options, which `recipes` checks before anything is built. They
# keep a network within what is sensible in any one direction; its whole size has its own limit.
Width = Annotated[int, Between(1, 2**20)]  # units, or filters
Widths = Annotated[Sequence[Width], Between(0, 100)]
Window = Annotated[int, Between(1, 1024)]  # pixels
Stage = tuple[Width, Annotated[int, Between(0, 50)]]
Stages = Annotated[Sequence[Stage], Between(0, 10)]
Rate = Annotated[float, Between(0, 0.99)]


@dataclass(frozen=True)
class Layout:
    """The order of an image's axes in a library's convolutions, and the layers for that order."""

    axis: int = -1  # of the channels
    options: Mapping[str, str] = field(default_factory=dict)  # of convolutions and pools
    batch_normalization: Any = None  # the class; None for the library's own
    convolution: Any = None  # the class for images with channels last; None for the library's own
    max_pooling: Any = None  # as `convolution`
    model: Any = None  # the class; None for the library's own

    def reordered(self, layers: Any) -> Layers:
        """Return the layers that bring images with channels last into it, which is a view."""
        return [layers.Permute((3, 1, 2), name="channels_first")] if self.axis == 1 else []


CHANNELS_LAST = Layout()


def with_channels(image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return (H, W, C): grey images have one channel."""
    return image_shape if len(image_shape) == 3 else (*image_shape, 1)


def seeds_from(seed: int) -> Iterator[int]:
    """Yield an independent seed for each initializer, all from the run's seed."""
    source = np.random.SeedSequence(seed)
    while True:
        yield int(source.spawn(1)[0].generate_state(1)[0])


def dropout_layers(nn: ModuleType, rate: float, seed: int) -> Iterator[list[Any]]:
    """Yield a Dropout layer for each hidden layer, or none where the rate is 0."""
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        raise ValueError(f"dropout must be in [0, 1), 0 for none; received {rate!r}")
    seeds = np.random.SeedSequence([seed, 1])  # apart from the initializers'
    for i in count(1):
        own = int(seeds.spawn(1)[0].generate_state(1)[0]) >> 1  # Keras keeps it as int32 on PyTorch
        yield [nn.layers.Dropout(rate, seed=own, name=f"dropout_{i}")] if rate else []


def initializer_of(nn: ModuleType, name: str, seed: int) -> Any:
    """Return the initializer "standard_normal", N(0, 1), or Glorot's uniform one."""
    if name == "standard_normal":
        return nn.initializers.RandomNormal(mean=0.0, stddev=1.0, seed=seed)
    return nn.initializers.GlorotUniform(seed=seed)


def network(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    parts: list[Layers],
    added: set[int],
    layout: Layout,
) -> Any:
    """Return the model of these parts in a row; the parts in `added` add their input."""
    if not added and not layout.model:
        return nn.Sequential([nn.layers.Input(image_shape), *chain.from_iterable(parts)])
    add = nn.layers.Add  # AttributeError where `nn` has none
    inputs = x = nn.Input(image_shape)
    for i, part in enumerate(parts):
        y = reduce(lambda value, layer: layer(value), part, x)
        x = add(name=f"sum_{i}")([x, y]) if i in added else y
    return layout.model(inputs, x, parts, added) if layout.model else nn.Model(inputs, x)
