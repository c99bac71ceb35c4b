"""The web export's preprocess.js prepares pictures as Python does, to within two grey levels."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from benchmarks.photos.garments import DRAWN
from benchmarks.photos.pictures import SCENES, picture
from fashionlab.images.decode import load
from fashionlab.images.preprocess import prepare
from fashionlab.page import site

SHAPE = (28, 28)
NODE = shutil.which("node")
PROGRAM = """
import { readFileSync } from "node:fs";
const [, , folder, list] = process.argv;
const { prepare } = await import(JSON.parse(list).module);
const { pictures, preparation } = JSON.parse(list);
const results = pictures.map(({ file, width, height, shape }) => {
  const data = new Uint8ClampedArray(readFileSync(`${folder}/${file}`));
  const result = prepare({ data, width, height }, shape, preparation);
  return { ...result, pixels: Array.from(result.pixels) };
});
console.log(JSON.stringify(results));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def in_javascript(images, shapes, folder, preparation):
    pictures = []
    for i, (image, shape) in enumerate(zip(images, shapes, strict=True)):
        (folder / f"{i}.rgba").write_bytes(image.convert("RGBA").tobytes())
        size = {"width": image.width, "height": image.height}
        pictures.append({"file": f"{i}.rgba", **size, "shape": shape})
    for name, content in site.browser({}).items():
        (folder / name).write_bytes(content)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "main.mjs").write_text(PROGRAM)
    module = (folder / "preprocess.js").as_uri()
    given = json.dumps({"module": module, "pictures": pictures, "preparation": preparation})
    done = subprocess.run(
        [NODE, str(folder / "main.mjs"), str(folder), given],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def agree(images, folder, shapes=None, preparation="garment"):
    shapes = shapes or [SHAPE] * len(images)
    found = in_javascript(images, shapes, folder, preparation)
    for i, (image, shape, js) in enumerate(zip(images, shapes, found, strict=True)):
        python = prepare(load(image), shape, preparation)
        seen = np.array(js["pixels"]).reshape(shape)
        difference = np.abs(seen - python.image.astype(int))
        assert difference.max() <= 2, (i, difference.max())
        assert difference.mean() <= 0.05, (i, difference.mean())
        assert (js["found"], js["reason"]) == (python.found, python.reason), i
        assert js["notes"] == [note for note in python.notes if note != "turned upright"], i
        assert js["box"] == (list(python.box) if python.box else None), i


@pytest.mark.parametrize(
    ("preparation", "shape"), [("garment", (28, 28)), ("fit", (28, 28)), ("fit", (20, 32, 3))]
)
def test_photos_of_all_kinds_come_out_alike(preparation, shape, tmp_path):
    names = list(DRAWN)
    images = [
        load(picture(names[i], scene, np.random.default_rng([5, i]))).image
        for i, scene in enumerate(SCENES)
    ]
    agree(images, tmp_path, [shape] * len(images), preparation)


@pytest.mark.parametrize(("preparation", "colours"), [("garment", ()), ("fit", ()), ("fit", (3,))])
def test_hard_cases_come_out_alike(preparation, colours, tmp_path):
    rng = np.random.default_rng(0)
    plain = Image.new("RGB", (300, 200), (240, 240, 240))
    noise = Image.fromarray(rng.integers(0, 256, (64, 80, 3), dtype=np.uint8))
    clear = Image.new("RGBA", (90, 90))
    white = Image.new("RGBA", (90, 90))
    white.paste((255, 255, 255, 255), (20, 20, 70, 80))
    narrow = Image.new("RGB", (8, 2000), (200, 30, 30))
    grid = Image.fromarray(np.indices((28, 28)).sum(axis=0).astype(np.uint8) * 4)
    light = grid.point(lambda v: 255 - v // 4)
    small = Image.new("RGB", (20, 40), "white")
    small.paste((10, 90, 10), (5, 8, 14, 36))
    large = noise.resize((1300, 900), Image.Resampling.BICUBIC)
    half = Image.new("RGBA", (64, 50), (200, 10, 90, 127))
    images = [plain, noise, clear, white, narrow, grid, light, small, large, half, small, large]
    shapes = [SHAPE] * 10 + [(9, 14), (300, 200)]
    agree(images, tmp_path, [(*shape, *colours) for shape in shapes], preparation)
