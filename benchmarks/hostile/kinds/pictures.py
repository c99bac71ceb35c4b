"""Folders of pictures with broken pictures, or laid out in other ways."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.hostile.kinds.files import fill, images, picture, picture_set
from benchmarks.hostile.kinds.hostile import Hostile, folder_of

ONE = "train/boot/3.png"


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_files(), **_sizes(), **_layouts(), **_links()}


def _with(name: str, content: Callable[[], bytes], *says: str, **options: object) -> Hostile:
    """Return the kind of a sound folder but for one file."""
    return folder_of(lambda: {**picture_set(), name: content()}, *says, **options)


def _bad(content: Callable[[], bytes], *says: str) -> Hostile:
    return _with(ONE, content, ONE, *says)


def _png(width: int, height: int, data: bytes = b"", kind: int = 0) -> bytes:
    """Return a PNG of this size, whether or not its pixels are there."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + crc

    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _files() -> dict[str, Hostile]:
    png = picture(images(1)[0])
    jpeg = picture(images(1, 8, 8, 3)[0], "JPEG")
    at = len(png) - 30  # in the pixels
    frames = io.BytesIO()
    shown = [Image.fromarray(image) for image in images(3)]
    shown[0].save(frames, "WEBP", save_all=True, append_images=shown[1:])
    return {
        "an empty file": _bad(lambda: b""),
        "a page": _bad(lambda: b"<!DOCTYPE html><html>not found</html>", "HTML"),
        "text": _bad(lambda: b"hello"),
        "a Git LFS pointer": _bad(lambda: b"version https://git-lfs.github.com/spec/v1\n"),
        "a PNG cut in half": _bad(lambda: png[: len(png) // 2]),
        "a PNG cut by a byte": _bad(lambda: png[:-1]),
        "a PNG with a flipped bit": _bad(lambda: png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]),
        "a PNG without pixels": _bad(lambda: _png(8, 8)),
        "a PNG of 2^31 - 1 pixels a side": _bad(lambda: _png(2**31 - 1, 2**31 - 1), "pixels"),
        "a PNG of 100 million pixels": _with(
            ONE,
            lambda: _png(10_000, 10_000, zlib.compress(bytes(100_010_000), 1)),
            ONE,
            "40,000,000",
            size=28,
        ),
        "a JPEG cut in half": _with(
            "train/boot/3.jpg", lambda: jpeg[: len(jpeg) // 2], "train/boot/3.jpg"
        ),
        "a JPEG named PNG, broken": _bad(lambda: jpeg[:100]),
        "an animation": _with(
            "train/boot/3.webp", frames.getvalue, "train/boot/3.webp", "3 frames"
        ),
        "a GIF": _with(
            "train/boot/3.gif",
            lambda: picture(images(1)[0], "GIF"),
            "train/boot/3.gif",
            "PNG, JPEG or WebP",
        ),
        "a TIFF": _with(
            "train/boot/3.tif",
            lambda: picture(images(1)[0], "TIFF"),
            "train/boot/3.tif",
            "PNG, JPEG or WebP",
        ),
        "a HEIC": _with(
            "train/boot/3.heic", lambda: b"\0\0\0\x18ftypheic" + bytes(50), "train/boot/3.heic"
        ),
        "a raw photo": _with("train/boot/3.cr2", lambda: b"II*\0" + bytes(90), "train/boot/3.cr2"),
        "a film": _with("train/boot/3.mp4", lambda: b"\0\0\0\x18ftypmp42" + bytes(9), "3.mp4"),
        "a picture in the test part": _with("test/bag/1.png", lambda: png[:40], "test/bag/1.png"),
    }


def _sizes() -> dict[str, Hostile]:
    return {
        "another size": _bad(lambda: picture(images(1, 8, 9)[0]), "9 x 8", "--size"),
        "another size in the test part": _with(
            "test/bag/1.png", lambda: picture(images(1, 16, 16)[0]), "test/bag/1.png", "16 x 16"
        ),
        "39 million pixels, black": _bad(
            lambda: _png(6200, 6200, zlib.compress(bytes(4 * 6200 * 6200 + 6200), 1), kind=6),
            "6,200",
        ),
        "39 million pixels at the beginning": _with(
            "train/bag/0.png",
            lambda: _png(6200, 6200, zlib.compress(bytes(6201 * 6200), 1)),
            "train/bag/0.png",
            "--size",
        ),
        "4 x 4 pixels": _bad(lambda: picture(images(1, 4, 4)[0]), "8 pixels"),
        "1,025 pixels wide": _with(
            "train/bag/0.png",
            lambda: picture(np.zeros((8, 1025), "u1")),
            "train/bag/0.png",
            "1,025",
        ),
    }


def _layouts() -> dict[str, Hostile]:
    png = picture(images(1)[0])
    one = {f"cat/{i}.png": png for i in range(5)}
    return {
        "no class": folder_of(lambda: {f"{i}.png": png for i in range(9)}, "folder for each"),
        "one class": folder_of(lambda: one, "cat", "two classes"),
        "one class in parts": folder_of(
            lambda: {f"{part}/{name}": c for part in ("train", "test") for name, c in one.items()},
            "cat",
        ),
        "an empty class": _made(lambda root: (root / "train/coat2").mkdir(), "coat2", "none"),
        "a class of notes alone": _with(
            "train/zoo/note.txt", lambda: b"later", "train/zoo", "none"
        ),
        "a class that test lacks": _with("train/zoo/1.png", lambda: png, "zoo", "test"),
        "a class that training lacks": _with("test/zoo/1.png", lambda: png, "zoo", "train"),
        "a folder in a class": _with("train/bag/more/1.png", lambda: png, "train/bag/more"),
        "a folder around the set": folder_of(
            lambda: {f"photos/{name}": content for name, content in picture_set().items()},
            "photos",
        ),
        "a part twice": folder_of(
            lambda: picture_set(parts=("val", "validation", "train")), "two for validation"
        ),
        "no training part": folder_of(lambda: picture_set(parts=("test", "val")), "training part"),
        "no test part": folder_of(lambda: picture_set(parts=("train",)), "test part", "--split"),
        "300 classes": folder_of(
            lambda: {f"c{i}/1.png": png for i in range(300)}, "256", "300", split=0.5
        ),
        "a class whose name is blank": folder_of(
            lambda: {"cat/1.png": png, "\u2003/1.png": png}, "name of a class", split=0.5
        ),
        "a class whose name hides text": folder_of(
            lambda: {"cat/1.png": png, "a\u202eb/1.png": png}, "rename", split=0.5
        ),
        "an empty folder": _made(_emptied),
        "a folder of empty folders": _made(_hollow),
        "a folder of hidden files": folder_of(
            lambda: {".cat/1.png": png, ".dog/1.png": png, ".DS_Store": b"x"}
        ),
        "names of other classes": _with(
            "class_names.txt", lambda: b"cat\ndog\nbird\n", "class_names.txt", "folders' names"
        ),
        "a split of nothing": folder_of(
            lambda: {"cat/1.png": png, "dog/1.png": png}, "at least one image", split=0.1
        ),
    }


def _made(change: Callable[[Path], object], *says: str) -> Hostile:
    """Return the kind of a sound folder that `change` has changed."""

    def make(folder: Path) -> Path:
        change(fill(folder, picture_set()))
        return folder

    return Hostile(make, says)


def _emptied(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def _hollow(root: Path) -> None:
    for path in [path for path in root.rglob("*") if path.is_file()]:
        path.unlink()


def _links() -> dict[str, Hostile]:
    def link(name: str, target: str) -> Callable[[Path], None]:
        return lambda root: (root / name).symlink_to(target)

    return {
        "a link to the folder above": _made(link("train/loop", ".."), "train/loop", "link"),
        "a link to the folder itself": _made(link("train/loop", "."), "train/loop", "link"),
        "a link to itself": _made(link("train/bag/loop.png", "loop.png"), "loop.png"),
        "two links to each other": _made(_circle, "train/bag/a.png"),
        "a link to nothing": _made(link("train/bag/9.png", "gone.png"), "9.png", "link"),
        "a part that links to nothing": _made(link("val", "gone"), "val", "link"),
        "a pipe among the pictures": _made(
            lambda root: os.mkfifo(root / "train/bag/9.png"), "9.png"
        ),
        "a device among the pictures": _made(link("train/bag/9.png", "/dev/zero"), "9.png"),
    }


def _circle(root: Path) -> None:
    (root / "train/bag/a.png").symlink_to("b.png")
    (root / "train/bag/b.png").symlink_to("a.png")
