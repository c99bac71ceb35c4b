import os

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn checks that part of its contract then
