"""TrainedNetwork: a run's network with its weights, to predict, to look inside, to differentiate.

Symbols: N images, K classes, D features, F kernels.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.engines import Engine, get
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS
from fashionlab.recipes import trace
from fashionlab.recipes.build import build_network
from fashionlab.recipes.predict import predict
from fashionlab.recipes.recipe import Recipe

BATCH = 256  # images of a pass
OUTPUT = "output"  # the last layer of every builder

Array = NDArray[Any]
Images = NDArray[np.uint8]  # (N, H, W) or (N, H, W, 3)


class TrainedNetwork:
    """The network of a recipe with trained weights, which its engine builds at the first use.

    `weights` are arrays by name, such as "layer.kernel", as a run stores them. Methods raise
    InvalidValueError where the weights are not of this network, or images or labels do not fit it;
    MissingDependencyError where the engine is not installed.
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Mapping[str, Array],
        image_shape: tuple[int, ...],
        classes: int,
    ) -> None:
        self.recipe, self.image_shape, self.classes = recipe, image_shape, classes
        self._weights = weights

    def log_probabilities(self, images: Images) -> NDArray[np.float32]:
        """Return log-probabilities (N, K) of images (N, H, W[, 3]), as `recipes.predict` does."""
        self._require_images(images)
        return predict(self.recipe, self._network, images, BATCH)

    def features(self, images: Images) -> NDArray[np.float32]:
        """Return what the output layer gets for images (N, H, W[, 3]): (N, D), not normalised.

        They are the outputs of the same network whose output layer is the identity. Of the images
        alone, also where the recipe predicts from their mirror images too.
        """
        self._require_images(images)
        found = self._headless.predict(images, batch_size=BATCH, verbose=0)
        return np.asarray(found[:, : self._width], np.float32)

    def saliency(self, images: Images, labels: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return the derivative of each image's logit of its label by its pixels: (N, H, W[, 3]).

        In logits a grey level, of 0 to 255. It is that of the label's value before the output
        activation, whichever that is: a probability near 1 has no slope left (Simonyan, Vedaldi and
        Zisserman, "Deep Inside Convolutional Networks", 2014, section 3). Where the recipe predicts
        from an image and its mirror image, it is the derivative of the mean of both logits.
        """
        self._require_images(images)
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or not ((labels >= 0) & (labels < self.classes)).all():
            raise InvalidValueError(
                f"labels must be {len(images)} numbers in [0, {self.classes}); received "
                f"{labels.dtype} {labels.shape}"
            )
        dx = self._engine.input_gradients(self._linear, images, labels)
        if self.recipe.flip_at_prediction:
            mirrored = np.ascontiguousarray(images[:, :, ::-1])
            flipped = self._engine.input_gradients(self._linear, mirrored, labels)
            dx = (dx + flipped[:, :, ::-1]) / 2
        return np.asarray(dx, np.float32)

    def first_kernels(self) -> NDArray[np.float32] | None:
        """Return the kernels of the first convolution, (F, h, w, C), C channels of an image.

        Where a dense layer reads the image, they are the weights of its F units, of the image's
        shape; None where neither reads the image. Needs no engine.
        """
        shape = (*self.image_shape, 1)[:3]
        output = BUILDERS[self.recipe.builder](
            trace, self.image_shape, self.classes, 0, output="linear", **self.recipe.model
        )
        layers = [value.layer for value in trace.in_order(output) if value.layer]
        first = next((x for x in layers if x.kind in ("Conv2D", "Dense")), None)
        kernel = self._weights.get(f"{first.name}.kernel") if first else None
        if kernel is None:
            return None
        if kernel.ndim == 4 and kernel.shape[2] == shape[2]:  # (h, w, C, F)
            return np.asarray(kernel.transpose(3, 0, 1, 2), np.float32)
        if kernel.ndim == 2 and len(kernel) == np.prod(shape):  # (H W C, F)
            return np.asarray(kernel.T.reshape(-1, *shape), np.float32)
        return None

    @cached_property
    def _engine(self) -> Engine:
        return get(self.recipe.engine)

    @cached_property
    def _network(self) -> Any:
        return self._built(self.recipe.output_activation, self.classes, self._weights)

    @cached_property
    def _linear(self) -> Any:
        """The network whose outputs are logits."""
        if self.recipe.output_activation == "linear":
            return self._network
        return self._built("linear", self.classes, self._weights)

    @cached_property
    def _headless(self) -> Any:
        """The network whose output layer is the identity, with two outputs at least."""
        outputs = max(self._width, 2)
        identity = {
            f"{OUTPUT}.kernel": np.eye(self._width, outputs, dtype=np.float32),
            f"{OUTPUT}.bias": np.zeros(outputs, np.float32),
        }
        return self._built("linear", outputs, {**self._weights, **identity})

    @property
    def _width(self) -> int:
        """The number of features, D."""
        kernel = self._weights.get(f"{OUTPUT}.kernel")  # (D, K)
        if kernel is None or kernel.ndim != 2:
            raise self._foreign(f"no {OUTPUT}.kernel of two axes")
        return len(kernel)

    def _built(self, activation: str, outputs: int, weights: Mapping[str, Array]) -> Any:
        recipe = replace(self.recipe, output_activation=activation, precision="float32")
        network = build_network(recipe, self._engine, self.image_shape, outputs)
        try:
            network.set_weights(
                [
                    weights[f"{layer.name}.{w.name}"]
                    for layer in network.layers
                    for w in layer.weights
                ]
            )
        except (KeyError, ValueError) as error:
            raise self._foreign(error) from error
        network.compile(  # so that scratch predicts in C
            optimizer="sgd",
            loss=self._engine.nn.losses.CategoricalCrossentropy(from_logits=activation == "linear"),
        )
        return network

    def _foreign(self, why: object) -> InvalidValueError:
        return InvalidValueError(
            f"the weights must be of the network of {self.recipe.name} for images "
            f"{self.image_shape}; received others ({why}); give those of a finished run"
        )

    def _require_images(self, images: Images) -> None:
        if images.dtype != np.uint8 or images.shape[1:] != self.image_shape or not len(images):
            raise InvalidValueError(
                f"images must be uint8 (N, {', '.join(map(str, self.image_shape))}), one at least; "
                f"received {images.dtype} {images.shape}"
            )
