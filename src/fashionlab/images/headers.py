"""strip: kind, size, frames and orientation of a PNG, JPEG or WebP file, read before its pixels.

What a picture's pixels do not need (text, profiles, thumbnails, notes of the camera) is left out of
what `strip` returns, so that no decoder has to unpack it, nor to warn about it.
"""

import re
import struct
import zlib
from dataclasses import dataclass

from fashionlab.errors import ImageError

PNG = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15: the headers with a size
JPEG_KEPT = {0xE0, 0xEE}  # JFIF and Adobe: the colour space
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # begins a segment, or ends the file
JPEG_SCANS = 100  # a progressive photo has about ten; each one costs a pass over all pixels
PARTS = 100_000  # chunks or segments; a file of 50 MB has 12,000 where each has 4 KiB of pixels
NAMED = (  # how files of other kinds begin, and their names
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"%!PS", "PostScript (EPS)"),
    (b"\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\1\0", "icon (ICO)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"PK\3\4", "ZIP"),
    (b"\x1f\x8b", "gzip"),
)
BRANDS = {b"avif": "AVIF", b"avis": "AVIF"}  # of ISO media files; others are HEIC


@dataclass(frozen=True)
class Header:
    """The header of a file; `content` is the file without what its pixels do not need."""

    kind: str  # "PNG", "JPEG" or "WEBP"
    size: tuple[int, int]  # (width, height), as stored, in pixels
    frames: int
    orientation: int  # of EXIF: 1 is upright, 2 to 8 as in EXIF 2.3, section 4.6.4
    content: bytes


def strip(data: bytes) -> Header:
    """Return the header of a picture; ImageError where it is of another kind, or damaged."""
    try:
        if data.startswith(PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error as error:  # a field beyond the file's end
        raise damaged("it ends early") from error
    raise ImageError(
        f"a picture must be PNG, JPEG or WebP; received {_seems(data)}; save it as one of them"
    )


def damaged(why: str) -> ImageError:
    """Return the error for a PNG, JPEG or WebP file whose content is not sound."""
    return ImageError(f"a picture must be whole; this file is damaged ({why}); save it again")


def _png(data: bytes) -> Header:
    kept, at, turn, frames = [PNG], len(PNG), 1, 1
    size = None
    for _ in range(PARTS):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise damaged("it ends early")
        body = data[at + 8 : end - 4]
        if size is None:
            if name != b"IHDR" or length != 13:
                raise damaged("no header at its beginning")
            size = struct.unpack(">II", body[:8])
        if name in PNG_KEPT:
            if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                raise damaged("a checksum is wrong")
            kept.append(data[at:end])
        elif name == b"eXIf":
            turn = orientation(body)
        elif name == b"acTL" and length >= 4:
            frames = max(1, struct.unpack_from(">I", body)[0])
        if name == b"IEND":
            return Header("PNG", size, frames, turn, b"".join(kept))
        at = end
    raise damaged(f"more than {PARTS:,} parts")


def png_pixels(content: bytes) -> bytes:
    """Return the compressed pixels of a PNG file, which may lie in several chunks."""
    parts, at = [], len(PNG)
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if name == b"IDAT":
            parts.append(content[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)


def _jpeg(data: bytes) -> Header:
    kept, at, turn = [data[:2]], 2, 1
    size = None
    for _ in range(PARTS):
        found = MARKER.search(data, at)  # what stands between segments is skipped, as decoders do
        if found is None:
            raise damaged("it ends early")
        at, marker = found.end() - 2, data[found.end() - 1]
        if marker == 0xD9:
            raise damaged("no pixels")
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if length < 2 or len(segment) < 2 + length:
            raise damaged("it ends early")
        if marker in JPEG_FRAMES:
            if size is not None:
                raise damaged("two headers")
            height, width = struct.unpack_from(">HH", segment, 5)
            size = width, height
        elif marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            turn = orientation(segment[4:])
        if marker == 0xDA:
            if size is None:
                raise damaged("no size before its pixels")
            if data.count(b"\xff\xda", at) > JPEG_SCANS:
                raise damaged(f"more than {JPEG_SCANS} scans")
            return Header("JPEG", size, 1, turn, b"".join([*kept, data[at:]]))
        if marker in JPEG_KEPT or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)
        at += 2 + length
    raise damaged(f"more than {PARTS:,} parts")


def _webp(data: bytes) -> Header:
    size, frames, turn, at = None, 0, 1, 12
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise damaged("it ends early")
    for _ in range(PARTS):
        if at + 8 > end:
            break
        name, length = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : min(at + 8 + length, end)]
        if len(body) < length:
            raise damaged("it ends early")
        if name == b"VP8X" and size is None:
            size = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif name == b"VP8 ":
            width, height = struct.unpack_from("<HH", body, 6)
            frames, size = frames + 1, size or (width & 0x3FFF, height & 0x3FFF)
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", body, 1)
            frames, size = frames + 1, size or (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            turn = orientation(body)
        at += 8 + length + length % 2
    if at + 8 <= end:
        raise damaged(f"more than {PARTS:,} parts")
    if size is None or not frames:
        raise damaged("no pixels")
    return Header("WEBP", size, frames, turn, data[:end])


def orientation(exif: bytes) -> int:
    """Return tag 0x0112 of EXIF's first directory, laid out as in TIFF; 1 where it is unreadable.

    A photo is not refused for a broken EXIF block.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for i in range(entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * i)
            if tag == 0x0112:
                return value if (kind, count) == (3, 1) and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _seems(data: bytes) -> str:
    """Return what kind of file the bytes are, in words."""
    if not data:
        return "no bytes"
    for beginning, name in NAMED:
        if data.startswith(beginning):
            return name
    if data[4:8] == b"ftyp":
        return BRANDS.get(data[8:12], "HEIC or another ISO media file")
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        return "SVG" if b"<svg" in text else "HTML or XML"
    return f"{len(data):,} bytes of another kind"
