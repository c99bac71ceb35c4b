"""Readers: bodies -> images for a model, in a few threads: memory and waiting are bounded."""

import asyncio
import struct
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from fashionlab.errors import ImageError
from fashionlab.images.decode import decode
from fashionlab.images.preprocess import Prepared, prepare
from fashionlab.serve import pixels
from fashionlab.serve.refusals import Refused, busy

PNG = b"\x89PNG\r\n\x1a\n"
MAGIC = (PNG, b"\xff\xd8\xff", b"RIFF")
# What takes less time to read than to hand over to a thread, and keeps nobody waiting.
SMALL_PHOTO = 4096  # bytes, and pixels
SMALL_JSON = 20_000  # bytes


class Readers:
    """At most `threads` bodies are read at a time, and `queue` wait for it.

    Both methods raise Refused: 503 when too many wait, or 400, 415 or 422 for what is wrong.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._number = threads
        self._threads: ThreadPoolExecutor | None = None
        self._most = threads + queue
        self.held = 0  # bodies that are being read or wait for it

    async def photo(
        self, body: bytes, shape: tuple[int, int], deadline: float
    ) -> Sequence[Prepared]:
        """The photo that `body` is, as a model of (H, W) images should see it."""
        if not body:
            raise Refused(400, "a photo must be the body of the request, got none; send its bytes")

        def read() -> Sequence[Prepared]:
            return [prepare(decode(body), shape)]

        try:
            return await self._run(read, _is_small_photo(body), deadline)
        except ImageError as error:
            raise Refused(422 if body.startswith(MAGIC) else 415, str(error)) from error

    async def numbers(
        self, body: bytes, shape: tuple[int, int], most: int, deadline: float
    ) -> Sequence[Prepared]:
        """The images of {"images": ...}, or with `most` = 0 that of {"image": ...}."""

        def read() -> Sequence[Prepared]:
            arrays = pixels.images(body, shape, most) if most else [pixels.image(body, shape)]
            return [Prepared(array, found=True) for array in arrays]

        return await self._run(read, len(body) <= SMALL_JSON, deadline)

    def close(self) -> None:
        """Drop what waits and end the threads, until the next body comes."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def _run(
        self, read: Callable[[], Sequence[Prepared]], is_small: bool, deadline: float
    ) -> Sequence[Prepared]:
        if is_small:
            return read()
        if self.held >= self._most:
            raise busy("the service has all the pictures it can take")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._number, thread_name_prefix="reader")

        def in_time() -> Sequence[Prepared]:
            if time.monotonic() > deadline:
                raise busy("the picture has waited longer than it may")
            return read()

        self.held += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, in_time)
        finally:
            self.held -= 1


def _is_small_photo(body: bytes) -> bool:
    """A PNG like those of the data set; a few bytes of another can be many pixels."""
    if len(body) > SMALL_PHOTO or not body.startswith(PNG) or body[12:16] != b"IHDR":
        return False
    width, height = struct.unpack(">II", body[16:24].ljust(8, b"\xff"))
    return bool(width * height <= SMALL_PHOTO)
