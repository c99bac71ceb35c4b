"""Draw photos of three garments: colours, sizes and files as they come from phones and shops.

    python examples/draw_photos.py FOLDER [PHOTOS OF EACH]

Writes FOLDER/bag/1.png, 2.jpg ..., and one more next to FOLDER, new.jpg. Some lie on their side,
with EXIF's note of it, as phones store them.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from fashionlab.data.synthetic import draw

KINDS = {"bag": 8, "boot": 9, "trousers": 1}  # name: label of the drawn silhouettes
ON_ITS_SIDE = 6  # EXIF: to be turned by 90 degrees


def save(path: Path, silhouette: np.ndarray, rng: np.random.Generator, turned: bool) -> None:
    """Save a silhouette (28, 28) in one colour on a light ground, of any size."""
    width, height = rng.integers(120, 400, 2).tolist()
    photo = Image.new("RGB", (width, height), tuple(rng.integers(220, 245, 3).tolist()))
    side = int(min(width, height) * rng.uniform(0.7, 0.9))
    mask = Image.fromarray(np.where(silhouette > 60, 255, 0).astype(np.uint8))
    mask = mask.resize((side, side), Image.Resampling.BICUBIC)
    colour = tuple(rng.integers(20, 150, 3).tolist())
    photo.paste(colour, ((width - side) // 2, (height - side) // 2), mask)
    exif = Image.Exif()
    if turned:
        photo = photo.transpose(Image.Transpose.ROTATE_90)
        exif[ExifTags.Base.Orientation] = ON_ITS_SIDE
    photo.save(path, exif=exif)


def main(folder: Path, each: int = 40) -> None:
    """Draw `each` photos of each kind, and new.jpg, a bag."""
    drawn, _ = draw(train=10 * each + 10, test=1)
    rng = np.random.default_rng(0)
    for kind, label in KINDS.items():
        (folder / kind).mkdir(parents=True)
        silhouettes = drawn.images[drawn.labels == label]  # (each + 1, 28, 28)
        for i in range(each):
            ending = ("png", "jpg")[i % 2]
            save(folder / kind / f"{i + 1}.{ending}", silhouettes[i], rng, turned=i % 8 == 3)
        if kind == "bag":
            save(folder.parent / "new.jpg", silhouettes[each], rng, turned=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
