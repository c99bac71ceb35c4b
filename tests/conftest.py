import os
import signal

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # some tests import onnxruntime before we do
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn checks that part of its contract then
# A shell starts what it sends to the background with Ctrl-C ignored, which a training would inherit
# from the tests, and rightly keep.
signal.signal(signal.SIGINT, signal.default_int_handler)
