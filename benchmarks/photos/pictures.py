"""Measure accuracy on drawn photos, with and without preparation: results/pictures.csv.

    python -m benchmarks.photos.pictures [--seed 0] [--sheet SHEET.png]

Draws 100 pictures that no data set holds, ten of each class, each laid out and stored in another
way (SCENES). The shipped model predicts them as `Predictor.predict` prepares them, and squeezed to
the model's size in grey, as they are and negated. The drawings were made by eye; the rules of
preparation were developed with other seeds than 0.
"""

import argparse
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks import tables
from benchmarks.photos.garments import DRAWN, draw
from fashionlab.portable import Predictor

Pixels = NDArray[np.float64]  # (h, w, 3), 0..255


@dataclass(frozen=True)
class Scene:
    """How a garment is laid out, lit and stored."""

    name: str
    ground: str = "light"  # light, dark or coloured
    stored: str = "PNG"  # PNG, JPEG or WEBP
    alpha: bool = False
    orientation: int = 1  # of EXIF
    gradient: float = 0.0  # grey levels from one corner to the other
    noise: float = 0.0  # its standard deviation, in grey levels
    scale: tuple[float, float] = (0.6, 0.85)  # of the picture's side
    off_centre: float = 0.3  # of the room that is left
    shadow: float = 0.0  # how dark


SCENES = (
    Scene("dark or coloured on white"),
    Scene("light on dark", ground="dark", stored="JPEG"),
    Scene("on white, JPEG, with a shadow", stored="JPEG", shadow=0.25),
    Scene("on a coloured ground", ground="coloured", stored="WEBP"),
    Scene("cut out, with alpha", alpha=True),
    Scene("turned by EXIF", stored="JPEG", orientation=6, shadow=0.15),
    Scene("uneven light", gradient=70, stored="JPEG"),
    Scene("noise", noise=14, ground="coloured"),
    Scene("small and off centre", scale=(0.3, 0.42), off_centre=1.0, stored="WEBP"),
    Scene("uneven light and noise on dark", ground="dark", gradient=45, noise=9, stored="JPEG"),
)


def pictures(seed: int) -> Iterator[tuple[int, Scene, bytes]]:
    """Yield (label, scene, file) of a hundred pictures."""
    for label, class_name in enumerate(DRAWN):
        for number, scene in enumerate(SCENES):
            rng = np.random.default_rng([seed, label, number])
            yield label, scene, picture(class_name, scene, rng)


def picture(class_name: str, scene: Scene, rng: np.random.Generator) -> bytes:
    """Return the file of a photo of a garment, with sides of 200 to 900 pixels."""
    ground = _ground(scene.ground, rng)
    while True:  # a garment that contrasts with its background
        colour = np.clip(rng.uniform(15, 235) + rng.normal(0, 38, 3), 8, 247)
        if scene.ground == "dark":
            colour = np.maximum(colour, 110)
        if np.linalg.norm(colour - ground) > 90:
            break
    garment = draw(class_name, colour, rng)
    width, height = (int(side) for side in rng.integers(200, 901, 2))
    height = int(np.clip(height, 0.6 * width, 1.6 * width))
    room = min(width / garment.width, height / garment.height)
    factor = room * rng.uniform(*scene.scale)
    garment = garment.resize((round(garment.width * factor), round(garment.height * factor)))
    garment = garment.rotate(rng.uniform(-7, 7), Image.Resampling.BICUBIC, expand=True)
    free = np.array([width - garment.width, height - garment.height])
    place = np.maximum(0, free * (0.5 + scene.off_centre * rng.uniform(-0.45, 0.45, 2))).astype(int)
    layer = Image.new("RGBA", (width, height))
    layer.paste(garment, (int(place[0]), int(place[1])))
    if scene.alpha:
        return _stored(layer, scene)
    pixels = np.ones((height, width, 3)) * ground
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    light = scene.gradient / 255 * (rng.choice([-1, 1]) * x + rng.choice([-1, 1]) * y)
    cover = layer.getchannel("A")
    shadow = cover.filter(ImageFilter.GaussianBlur(width / 40))
    shadow = np.roll(np.asarray(shadow) / 255, (height // 60, width // 60), axis=(0, 1))
    pixels *= (1 - scene.shadow * shadow)[..., None]
    alpha = np.asarray(cover)[..., None] / 255
    pixels = pixels * (1 - alpha) + np.asarray(layer)[..., :3] * alpha
    pixels = pixels * (1 + light)[..., None] + rng.normal(0, 1, pixels.shape) * scene.noise
    return _stored(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), scene)


def _ground(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the colour of a background, (3,)."""
    if kind == "light":
        return rng.uniform(225, 252) + rng.uniform(-3, 3, 3)
    if kind == "dark":
        return rng.uniform(8, 45) + rng.uniform(-4, 4, 3)
    return rng.uniform(50, 220, 3)


def _stored(image: Image.Image, scene: Scene) -> bytes:
    options: dict[str, object] = {"quality": 88} if scene.stored != "PNG" else {}
    if scene.orientation == 6:  # stored on its side; a viewer turns it clockwise
        exif = Image.Exif()
        exif[0x0112] = 6
        image, options["exif"] = image.transpose(Image.Transpose.ROTATE_90), exif
    file = io.BytesIO()
    image.save(file, scene.stored, **options)
    return file.getvalue()


def squeezed(data: bytes, shape: tuple[int, int], negated: bool) -> NDArray[np.uint8]:
    """Return the image (H, W) as most demonstrations make it."""
    with Image.open(io.BytesIO(data)) as image:
        grey = np.asarray(image.convert("L").resize((shape[1], shape[0])))
    return 255 - grey if negated else grey


def ways(predictor: Predictor) -> dict[str, Callable[[bytes], NDArray[np.uint8]]]:
    """Return by name the functions from a file to the image (H, W) that the model sees."""
    shape = predictor.image_shape
    return {
        "prepared": lambda data: predictor.prepare(data).image,
        "squeezed": lambda data: squeezed(data, shape, negated=False),
        "squeezed and negated": lambda data: squeezed(data, shape, negated=True),
    }


def sheet(rows: list[tuple[bytes, NDArray[np.uint8]]]) -> Image.Image:
    """Return a sheet with each picture, upright or not, next to the image that the model sees."""
    page = Image.new("RGB", (10 * 184, 10 * 104), (120, 120, 120))
    for i, (data, seen) in enumerate(rows):
        x, y = i % 10 * 184, i // 10 * 104
        with Image.open(io.BytesIO(data)) as image:
            image = image.convert("RGBA")
            image.thumbnail((100, 100))
            page.paste(image, (x, y), image)
        page.paste(Image.fromarray(seen).resize((78, 78), Image.Resampling.NEAREST), (x + 102, y))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet")
    arguments = parser.parse_args()
    predictor = Predictor()
    drawn = list(pictures(arguments.seed))
    labels = np.array([label for label, _, _ in drawn])
    rows: list[dict[str, object]] = []
    for way, make in ways(predictor).items():
        images = np.stack([make(data) for _, _, data in drawn])
        predictions = predictor.predict_all(images)
        known = np.array([one.known for one in predictions])
        right = np.array([one.index for one in predictions]) == labels
        for place, name in enumerate(("all", *(scene.name for scene in SCENES))):
            chosen = np.arange(len(labels)) % len(SCENES) == place - 1
            chosen |= name == "all"
            rows.append(
                {
                    "scene": name,
                    "way": way,
                    "pictures": int(chosen.sum()),
                    "right": int((right & known)[chosen].sum()),
                    "not_known": int((~known)[chosen].sum()),
                    "wrong": int((~right & known)[chosen].sum()),
                    "first_place_right": int(right[chosen].sum()),  # whether known or not
                    "seed": arguments.seed,
                    "threshold": f"{predictor.metadata.threshold:.3f}",
                    "model": predictor.metadata.name,
                    "model_sha256": predictor.sha256,
                    "used": f"onnxruntime {version('onnxruntime')} pillow {version('pillow')}",
                    **tables.machine(),
                }
            )
        print({k: v for k, v in rows[-len(SCENES) - 1].items() if k in list(rows[0])[:7]})
        if way == "prepared" and arguments.sheet:
            shown = zip((data for _, _, data in drawn), images, strict=True)
            sheet(list(shown)).save(arguments.sheet)
    if arguments.seed == 0:
        tables.write("pictures", rows)


if __name__ == "__main__":
    main()
