"""The portable model: one ONNX file that carries its preprocessing, and what uses it.

Symbols: N images, H rows, W columns, C channels, K classes.

    predictor  Predictor            arrays, photos or files -> calibrated predictions
    decode     decode               bytes -> a picture; PNG, JPEG and WebP within limits
    photo      prepare              a picture -> what a model of (H, W) images should see
    occlusion  occlusion            where a picture's class is seen in it
    metadata   Metadata             what the file says of itself
    contents   metadata_text        what is inside a file, checked before it is run
    export     export_onnx, ...     a run -> the portable model, and other forms of it
    graph      draw                 a recipe and its weights -> ONNX, with `symbolic`, `operators`
    quantize   quantized            the same model with weights of 8 bits
    web        export_web           a folder that runs models in a browser alone

To use a model needs onnxruntime and Pillow; to export one needs the extra [export] as well.
"""

from fashionlab.portable.metadata import Metadata
from fashionlab.portable.predictor import Prediction, Predictor

__all__ = ["Metadata", "Prediction", "Predictor"]
