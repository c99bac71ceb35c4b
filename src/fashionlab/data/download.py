"""Download a file from one mirror, from where an earlier try came to an end.

The only module of the package that opens an address. What it receives is unverified.
"""

import http.client
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from fashionlab.errors import DataFormatError

TIMEOUT_S = 20  # without a byte from a mirror
FILE_TIMEOUT_S = 600  # for a try; 26 MB in that time is 43 kB/s
MAX_BYTES = 64 * 2**20  # the largest file has 26 MB; a mirror that sends more is wrong
CHUNK = 2**18  # bytes between two looks at the clock
STARTS = (b"\x1f\x8b", b"\0\0")  # of gzip, and of IDX, where a proxy has unpacked it

# Shows a file of this name, with so many bytes there already and so many in all (None where the
# mirror does not say); what `with` gives is called with the number of bytes so far.
Bar = Callable[[str, int, int | None], AbstractContextManager[Callable[[int], None]]]


class MirrorError(Exception):
    """A mirror did not send a file to its end; the message is one line, without secrets."""


def download(url: str, partial: Path, bar: Bar) -> None:
    """Append to `partial` what it lacks of the file at `url`, by HTTP Range.

    From a server without ranges the file comes whole again. Raises MirrorError where the server
    ends early, which keeps what came; DataFormatError where what it sends cannot be the file;
    OSError where `partial` cannot be written.
    """
    start = partial.stat().st_size if partial.exists() else 0
    end = time.monotonic() + FILE_TIMEOUT_S
    with _reasons(url):
        reply = opened(url, start)
    with reply, partial.open("ab", buffering=0) as out:  # unbuffered: a kill loses nothing
        done, total = _extent(reply, start)
        out.truncate(done)
        if (total or 0) > MAX_BYTES:
            raise DataFormatError(f"sends {total:,} bytes, more than {MAX_BYTES:,}")
        with bar(url.rpartition("/")[2], done, total) as show:
            while chunk := _chunk(url, reply):
                if not done and not any(known.startswith(chunk[:2]) for known in STARTS):
                    raise DataFormatError(f"sends {_described(chunk)}")
                done += len(chunk)
                if done > MAX_BYTES:
                    raise DataFormatError(f"sends more than {MAX_BYTES:,} bytes")
                _write(out, chunk)
                show(done)
                if time.monotonic() > end:
                    raise MirrorError(f"not complete after {FILE_TIMEOUT_S} s")
    if total is not None and done < total:
        raise MirrorError(f"ended after {done:,} of {total:,} bytes")


def opened(url: str, start: int) -> Any:
    """Open an address of a mirror at byte `start`, by the proxy that the environment names."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (MIRRORS has no file:)
    return urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A mirror that redirects has failed: the documents name every host that is asked."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *_: Message | str
    ) -> None:
        """Follow nothing, so that the answer is an HTTPError."""


def _extent(reply: Any, start: int) -> tuple[int, int | None]:
    """Return at which byte the reply starts, and how many bytes the whole file has."""
    if start and reply.status == http.client.PARTIAL_CONTENT:
        extent = reply.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d{1,15})-\d+/(\d{1,15})", extent)
        if not found or int(found[1]) != start:
            raise DataFormatError(f"sends another range than from byte {start:,} on")
        return start, int(found[2])
    length = reply.headers.get("Content-Length", "")
    return 0, int(length) if re.fullmatch(r"\d{1,15}", length) else None


def _chunk(url: str, reply: Any) -> bytes:
    with _reasons(url):
        return bytes(reply.read1(CHUNK))


def _write(out: Any, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[out.write(rest) :]


def _described(chunk: bytes) -> str:
    page = chunk.lstrip().startswith(b"<")
    return "an HTML page" if page else f"no gzip file, but one that starts with {chunk[:8]!r}"


@contextmanager
def _reasons(url: str) -> Iterator[None]:
    """Give the reason why a mirror or the proxy failed, without the password of the proxy."""
    scheme, host = urlsplit(url)[:2]
    has_proxy = scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
    by = f"by the proxy for {scheme}: " if has_proxy else ""
    try:
        yield
    except HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise DataFormatError("has nothing from there on") from error
        note = ", a redirection, which is not followed" if 300 <= error.code < 400 else ""
        raise MirrorError(f"{by}{_one_line(error)}{note}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if has_proxy and isinstance(error, ValueError | http.client.InvalidURL):
            # It quotes the address of the proxy, and its password with it.
            raise MirrorError(
                f"the proxy for {scheme} must be an address such as http://proxy:3128"
            ) from None
        reason = error.reason if isinstance(error, URLError) else error
        raise MirrorError(f"{by}{_one_line(reason)}") from error


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split()) or type(reason).__name__
