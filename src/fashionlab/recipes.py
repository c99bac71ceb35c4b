"""Recipe: all that decides a run, and the named recipes.

The `report-*` recipes rebuild the three systems of a course report, with its layers, losses and
epochs. What the report leaves open is chosen once, with the reason beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS


@dataclass(frozen=True)
class Recipe:
    """A model, how it is trained, and on which engine. Epochs are passes over the training set."""

    name: str
    builder: str  # a key of models.BUILDERS
    engine: str  # a key of engines.ENGINES
    epochs: int
    batch_size: int | None  # images a step; None takes the whole training set
    optimizer: str  # a class of nn.optimizers
    learning_rate: float
    output: str  # activation of the last layer; "linear" gives logits, trained through softmax
    model: Mapping[str, Any] = field(default_factory=dict)  # the builder's other options

    def build(
        self, nn: ModuleType, image_shape: tuple[int, ...], classes: int, seed: int = 0
    ) -> Any:
        """The compiled model. Raises AttributeError where `nn` lacks a layer it needs."""
        model = BUILDERS[self.builder](
            nn, image_shape, classes, seed, output=self.output, **self.model
        )
        model.compile(
            optimizer=getattr(nn.optimizers, self.optimizer)(learning_rate=self.learning_rate),
            loss=nn.losses.CategoricalCrossentropy(from_logits=self.output == "linear"),
            metrics=["accuracy"],
        )
        return model


_KERAS_DEFAULTS: dict[str, Any] = {
    "engine": "keras",
    # The report names no optimizer; Adam with its default rate is what its time's tutorials used.
    "optimizer": "Adam",
    "learning_rate": 0.001,
    # Sigmoid with categorical cross-entropy contradicts ten exclusive classes; kept to compare.
    "output": "sigmoid",
}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="report-net",
            builder="mlp",
            engine="scratch",
            epochs=150,  # full-batch iterations, "about 150"
            batch_size=None,
            optimizer="SGD",
            # Not given; with N(0, 1) weights, rates of 0.5 to 1 give the losses of its log.
            learning_rate=0.5,
            output="linear",
            model={
                "units": (512,),
                "activation": "sigmoid",
                # Its first loss of 21.46 needs weights this large.
                "initializer": "standard_normal",
            },
        ),
        Recipe(
            name="report-mlp",
            builder="mlp",
            epochs=30,
            batch_size=256,  # not given; half the time an epoch of 128 on two cores
            model={"units": (512, 256)},
            **_KERAS_DEFAULTS,
        ),
        Recipe(
            name="report-cnn",
            builder="cnn",
            epochs=10,
            batch_size=128,  # not given
            model={"filters": 32, "kernel": 2, "units": (256,)},
            **_KERAS_DEFAULTS,
        ),
        Recipe(
            name="report-cnn-text",
            builder="cnn",
            epochs=10,
            batch_size=128,  # not given
            model={"filters": 42, "kernel": 3, "units": (512,)},
            **_KERAS_DEFAULTS,
        ),
    )
}


def get(name: str) -> Recipe:
    """The recipe of that name. Raises InvalidValueError, with the nearest name, for another."""
    if name in RECIPES:
        return RECIPES[name]
    near = get_close_matches(name, RECIPES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(RECIPES)}"
    raise InvalidValueError(f"no recipe is called {name!r}; {hint}")
