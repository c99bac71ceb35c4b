"""Write a data folder with held-out training images in place of the test set.

    python -m benchmarks.gpu.held_out DATA FOLDER

For trials on a machine that is lent for minutes: their "test" metrics are of 10,000 stratified
images of the training set, and no epoch waits for an evaluation.
"""

import argparse
from pathlib import Path

from fashionlab.data import load, split, write_idx

FRACTION, SEED = 1 / 6, 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    for prefix, part in zip(
        ("train", "t10k"), split(load(options.data)[0], FRACTION, SEED), strict=True
    ):
        write_idx(options.folder / f"{prefix}-images-idx3-ubyte", part.images)
        write_idx(options.folder / f"{prefix}-labels-idx1-ubyte", part.labels)


if __name__ == "__main__":
    main()
