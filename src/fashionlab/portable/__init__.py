"""The portable model: one ONNX file that carries its preprocessing; it needs onnxruntime alone.

The modules that only read a file (metadata, validate, measured) do without onnxruntime.

    predictor  Predictor      arrays, photos or files -> calibrated predictions
    prediction Prediction     one answer: probabilities, verdict, outlier score, prediction set
    schema     record         a prediction as JSON, and the schema of it
    metadata   Metadata       what the file contains about itself
    card       Card           a model card, as Hugging Face shows it
    markdown   escaped        texts of others in Markdown and YAML
    validate   validate       a file is checked before anything in it is run
    graph      read_graph     an ONNX file -> its operators, tensors and metadata, within limits
    protobuf   Reader         the form of an ONNX file
    operators  RULES          what each operator takes, and the shape of what it gives
    shapes     infer          the shapes of all values, and the memory and work that they take
    own_model  own_model      a run's model, where it is sound and has the run's weights
    classifier classifier     a run as a function of images, also without a portable model
    measured   measured       the promises of a run's model, measured on the run's test images
    locate     locate         which model file an argument means
    runtime    onnxruntime    with its telemetry off

Symbols: N images, H rows, W columns, K classes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fashionlab.portable.metadata import Metadata
from fashionlab.portable.prediction import Prediction

if TYPE_CHECKING:
    from fashionlab.portable.predictor import Predictor

__all__ = ["Metadata", "Prediction", "Predictor"]


def __getattr__(name: str) -> Any:
    if name == "Predictor":  # loaded on first use, with onnxruntime
        return getattr(import_module("fashionlab.portable.predictor"), name)
    raise AttributeError(f"module 'fashionlab.portable' has no attribute {name!r}")
