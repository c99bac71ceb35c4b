"""The portable model: one ONNX file that carries its preprocessing; it needs onnxruntime alone.

    predictor  Predictor      arrays, photos or files -> calibrated predictions
    schema     record         a prediction as JSON, and the schema of it
    metadata   Metadata       what the file contains about itself
    validate   metadata_text  an ONNX file is checked before anything in it is run
    occlusion  occlusion      which parts of an image its class rests on
    locate     locate         which model file an argument means
    runtime    onnxruntime    with its telemetry off

Symbols: N images, H rows, W columns, K classes.
"""

from fashionlab.portable.metadata import Metadata
from fashionlab.portable.predictor import Prediction, Predictor

__all__ = ["Metadata", "Prediction", "Predictor"]
