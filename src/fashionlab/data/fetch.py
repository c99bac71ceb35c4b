"""Fill the cache with Fashion-MNIST's four files: from mirrors, else from Debian's package.

The only module of the package that uses the network. Nothing enters the cache unverified.
"""

import http.client
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Any

from fashionlab import files
from fashionlab.data.fashion_mnist import (
    DEBIAN_FOLDER,
    DEBIAN_PACKAGE,
    FILES,
    REMEDY,
    File,
    cache_folder,
    read_genuine,
)
from fashionlab.errors import DataFormatError, DataNotFoundError

MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
TIMEOUT_S = 20  # without a byte from a mirror
FILE_TIMEOUT_S = 600  # for a whole file; 26 MB in that time is 43 kB/s
APT_TIMEOUT_S = 120  # the package has 30 MB
MAX_BYTES = 64 * 2**20  # the largest file has 26 MB; a mirror that sends more is wrong

Log = Callable[[str], None]


def fetch(log: Log | None = None) -> Path:
    """Fill the cache and return its folder; genuine files that are already there are kept.

    Raises DataNotFoundError naming every mirror and why it failed.
    """
    tried: list[str] = []
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One file that no mirror has is enough: offline, the others would only wait as long.
        if all(_download(file, folder, tried, log) for file in FILES if not _cached(file, folder)):
            return folder
        if _unpack_debian([file for file in FILES if not _cached(file, folder)], folder, tried):
            return folder
    except OSError as error:
        tried.append(f"cache {folder} ({error})")
    raise DataNotFoundError(
        f"Fashion-MNIST must be fetched; received nothing from: {'; '.join(tried)}; {REMEDY}"
    )


def _cached(file: File, folder: Path) -> bool:
    try:
        read_genuine(file, folder / f"{file.name}.gz")
    except (DataFormatError, DataNotFoundError):
        return False
    return True


def _download(file: File, folder: Path, tried: list[str], log: Log | None) -> bool:
    """Try the mirrors in turn; the file appears in `folder` only once verified."""
    for mirror in MIRRORS:
        url = f"{mirror}{file.name}.gz"
        if log:
            log(f"fetching {url}")
        try:
            with tempfile.TemporaryDirectory(prefix="fashionlab-") as name:
                temporary = Path(name, file.name)
                with (
                    _opened(url, TIMEOUT_S) as reply,
                    temporary.open("wb") as out,
                ):
                    end = time.monotonic() + FILE_TIMEOUT_S
                    while chunk := reply.read1(2**20):
                        out.write(chunk)
                        if out.tell() > MAX_BYTES:
                            raise DataFormatError(f"more than {MAX_BYTES} bytes")
                        if time.monotonic() > end:
                            raise TimeoutError(f"not complete after {FILE_TIMEOUT_S} s")
                _store(file, temporary, folder)
        except (OSError, http.client.HTTPException, DataFormatError) as error:
            tried.append(f"{url} ({_one_line(error)})")
        else:
            return True
    return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A mirror that redirects has failed: the documents name every host that is asked."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *_: Message | str
    ) -> None:
        """Follow nothing, so that the answer is an HTTPError."""


def _opened(url: str, timeout: float) -> Any:
    """Open an address of a mirror, by the proxy that the environment names."""
    return urllib.request.build_opener(_NoRedirects).open(url, timeout=timeout)


def _store(file: File, path: Path, folder: Path) -> None:
    """Put a copy of `path` into the cache; raises DataFormatError where it is not `file`."""
    read_genuine(file, path)
    files.write(folder / f"{file.name}.gz", path.read_bytes())


def _unpack_debian(missing: list[File], folder: Path, tried: list[str]) -> bool:
    """Fetch Debian's package, unpack it in a temporary folder and copy what is genuine."""
    place = f"apt-get download {DEBIAN_PACKAGE}"
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None:
        tried.append(f"{place} (no apt-get or dpkg-deb here)")
        return False
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as name:
        work = Path(name)
        try:
            _run([apt_get, "download", DEBIAN_PACKAGE], work)
            package = next(work.glob("*.deb"), None)
            if package is None:
                raise FileNotFoundError("apt-get left no package")
            _run([dpkg_deb, "-x", str(package), "tree"], work)
            for file in missing:
                _store(file, work / "tree" / DEBIAN_FOLDER / f"{file.name}.gz", folder)
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
            tried.append(f"{place} ({last})")
        except (OSError, subprocess.TimeoutExpired, DataFormatError) as error:
            tried.append(f"{place} ({_one_line(error)})")
        else:
            return True
    return False


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(  # noqa: S603 (fixed commands, no shell)
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=APT_TIMEOUT_S,
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
