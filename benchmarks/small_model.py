"""The portable model of `small` with untrained weights: as fast as a trained one."""

import numpy as np

from fashionlab import __version__
from fashionlab.data.synthetic import draw
from fashionlab.engines import get
from fashionlab.export import graph
from fashionlab.export.quantize import quantized
from fashionlab.portable import Metadata
from fashionlab.recipes import RECIPES, build
from fashionlab.training.weights import by_name


def small(bits: int = 32) -> bytes:
    """Return the file's content; its metadata state the accuracy of guessing."""
    train, test = draw(train=600, test=20)
    recipe = RECIPES["small"]
    model = build(recipe, get("keras"), test.image_shape, test.classes)
    drawn = graph.emit(recipe, test.image_shape, test.classes, by_name(model))
    metadata = Metadata(
        name="small, untrained",
        class_names=test.class_names,
        image_shape=test.image_shape,
        temperature=1.0,
        threshold=0.0,
        calibrated_on="",
        accuracy=0.1,
        accuracy_interval=(0.0, 1.0),
        calibration_error=0.0,
        test_images=0,
        data_name=test.name,
        train_sha256=train.sha256,
        test_sha256=test.sha256,
        parameters=int(np.sum([value.size for value in by_name(model).values()])),
        bits=bits,
        weights_sha256="0" * 64,
        seed=0,
        version=__version__,
        licence="MIT",
        examples=tuple((int(test.labels[i]), test.images[i]) for i in range(20)),
    )
    return graph.finished(quantized(drawn, train.images) if bits == 8 else drawn, metadata)
