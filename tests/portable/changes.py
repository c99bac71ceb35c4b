"""Changes of a portable model, as whoever knows the format would make them."""

import onnx
from onnx import numpy_helper
from portable_model import tiny_model


def changed(change, content=None):
    """The file of `tiny_model`, or another, after `change`, a function of its protocol buffer."""
    model = onnx.load_from_string(content or tiny_model())
    change(model)
    return model.SerializeToString()


def add_tensor(value, name="extra", **fields):
    def change(model):
        tensor = numpy_helper.from_array(value, name)
        for field, number in fields.items():
            setattr(tensor, field, number)
        model.graph.initializer.append(tensor)

    return change


def both(*changes):
    def change(model):
        for one in changes:
            one(model)

    return change
