"""quantized: a graph with weights and activations of 8 bits, less than a third of the size.

Scales follow the range of each activation over training images; weights have a scale for
each output channel. Accuracy is measured on the file itself, by `export`, and stated in it.
"""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from fashionlab.portable import runtime
from fashionlab.portable.metadata import INPUT

IMAGES = 512  # of the training set, which set the ranges
AT_ONCE = 64


def quantized(
    model: onnx.ModelProto, images: NDArray[np.uint8], whole: str = ""
) -> onnx.ModelProto:
    """Return `model` with convolutions and dense layers in 8 bits, by IMAGES of `images`.

    Nodes whose names begin with `whole`, if any, stay as they are.
    """
    library = runtime.quantization()
    chosen = np.sort(np.random.default_rng(0).permutation(len(images))[:IMAGES])
    parts = np.array_split(images[chosen], max(1, len(chosen) // AT_ONCE))
    feeds = ({INPUT: part} for part in parts)
    reader = SimpleNamespace(get_next=lambda: next(feeds, None))
    # A graph that was just emitted needs no preparation, which quantize_static would demand.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with tempfile.TemporaryDirectory() as folder:  # its interface is files
        out = Path(folder, "model.onnx")
        library.quantize_static(
            model,
            out,
            reader,
            quant_format=library.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MaxPool", "Add"],
            nodes_to_exclude=[
                x.name for x in model.graph.node if whole and x.name.startswith(whole)
            ],
            per_channel=True,
            reduce_range=True,  # weights of 7 bits: sums of 8 overflow on processors without VNNI
            activation_type=library.QuantType.QUInt8,
            weight_type=library.QuantType.QInt8,
        )
        return onnx.load(out)
