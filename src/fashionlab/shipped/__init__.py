"""The trained model that comes with the package, as the run folder that its training wrote.

So its recipe, seed, command, environment, log, weights and test predictions are all there, and
`fashionlab train --from shipped` makes it again. benchmarks/training/ship.py put it here.
"""

from pathlib import Path

NAME = "shipped"  # what stands for the folder where a command takes a run
FOLDER = Path(__file__).with_name("run")
LARGEST = 2_000_000  # bytes, all files together
MODEL = Path(__file__).with_name("model.onnx")  # the same, as `fashionlab export` wrote it
