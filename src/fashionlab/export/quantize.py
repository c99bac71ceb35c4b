"""quantized: a graph with weights and activations of 8 bits, less than a third of the size.

Scales follow the range of each activation over training images; weights have a scale for
each output channel. Accuracy is measured on the file itself, by `export`, and stated in it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from fashionlab.portable.metadata import INPUT

IMAGES = 512  # of the training set, which set the ranges
AT_ONCE = 64


def quantized(model: onnx.ModelProto, images: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return `model` with convolutions and dense layers in 8 bits, by IMAGES of `images`."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            chosen = np.random.default_rng(0).permutation(len(images))[:IMAGES]
            self._parts: Iterator[NDArray[np.uint8]] = iter(
                np.array_split(images[np.sort(chosen)], max(1, len(chosen) // AT_ONCE))
            )

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            part = next(self._parts, None)
            return None if part is None else {INPUT: part}

    # A graph that was just emitted needs no preparation, which quantize_static would demand.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with tempfile.TemporaryDirectory() as folder:  # its interface is files
        out = Path(folder, "model.onnx")
        quantize_static(
            model,
            out,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MaxPool", "Add"],
            per_channel=True,
            reduce_range=True,  # weights of 7 bits: sums of 8 overflow on processors without VNNI
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(out)
