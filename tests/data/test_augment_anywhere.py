"""Augmented images do not depend on the processor's instructions, nor on NumPy's BLAS."""

import os
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import hashlib
import numpy as np
from fashionlab.data import Augmentation, one_hot
n = 400
images = np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)
digest = hashlib.sha256()
turned = {"rotate": 20, "zoom": 0.2, "erase": 0.5, "cutmix": 0.5}
for options in (turned, {"mixup": 0.5}, {"fmix": 0.5}):
    draws = Augmentation(flip=True, shift=2, **options).draw(n, 0, 1)
    for array in draws.apply(images, one_hot(np.arange(n) % 10, 10), np.arange(n)):
        digest.update(np.ascontiguousarray(array))
print(digest.hexdigest())
"""


def augmented(**variables):
    """The hash of images and targets that a fresh process augments."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_images_are_the_same_on_an_older_processor():
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    if not any(name.startswith(("X86", "AVX", "FMA")) for name in found):
        pytest.skip("core types of x86")
    older = augmented(OPENBLAS_CORETYPE="Nehalem", NPY_DISABLE_CPU_FEATURES=" ".join(found))
    assert older == augmented()
