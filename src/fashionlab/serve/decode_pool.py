"""DecodePool: bodies -> images for a model; large ones in a few threads."""

import asyncio
import struct
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from fashionlab.errors import ImageError
from fashionlab.images.decode import decode
from fashionlab.images.preprocess import Prepared, prepare
from fashionlab.portable import Metadata
from fashionlab.serve import pixels
from fashionlab.serve.errors import Refused, busy

THREADS = 2  # each with up to 160 MB of pixels, or 90 MB of lists
PNG = b"\x89PNG\r\n\x1a\n"
MAGIC = (PNG, b"\xff\xd8\xff", b"RIFF")
# Bodies that take less time to decode than to hand over to a thread.
SMALL_PHOTO = 4096  # bytes, and pixels
SMALL_JSON = 20_000  # bytes


class DecodePool:
    """The threads in which bodies are decoded; their number bounds the memory for pixels.

    The methods raise Refused: 400, 415 or 422 for a wrong body, 503 for one that waits too long.
    """

    threads: Executor

    def __init__(self) -> None:
        self.bodies = 0  # in a thread, or waiting for one

    async def photo(self, body: bytes, metadata: Metadata, deadline: float) -> Sequence[Prepared]:
        """Return a photo as a model of these metadata should see it."""
        if not body:
            raise Refused(400, "a photo must be the body of the request, received none; send it")

        def read() -> Sequence[Prepared]:
            return [prepare(decode(body), metadata.image_shape, metadata.preparation)]

        try:
            return await self._run(read, _is_small_photo(body), deadline)
        except ImageError as error:
            raise Refused(422 if body.startswith(MAGIC) else 415, str(error)) from error

    async def numbers(
        self, body: bytes, shape: tuple[int, ...], most: int, deadline: float
    ) -> Sequence[Prepared]:
        """Return the images of {"images": ...}, or with `most` = 0 that of {"image": ...}."""

        def read() -> Sequence[Prepared]:
            arrays = pixels.images(body, shape, most) if most else [pixels.image(body, shape)]
            return [Prepared(array, found=True) for array in arrays]

        return await self._run(read, len(body) <= SMALL_JSON, deadline)

    async def _run(
        self, read: Callable[[], Sequence[Prepared]], is_small: bool, deadline: float
    ) -> Sequence[Prepared]:
        if is_small:
            return read()

        def in_time() -> Sequence[Prepared]:
            if time.monotonic() > deadline:
                raise busy("the body has waited longer than it may")
            return read()

        self.bodies += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, in_time)
        finally:
            self.bodies -= 1


def _is_small_photo(body: bytes) -> bool:
    """Return whether it is a PNG like an image of the data set; others can hide many pixels."""
    if len(body) > SMALL_PHOTO or not body.startswith(PNG) or body[12:16] != b"IHDR":
        return False
    width, height = struct.unpack(">II", body[16:24].ljust(8, b"\xff"))
    return bool(width * height <= SMALL_PHOTO)
