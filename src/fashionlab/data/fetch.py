"""What Fashion-MNIST's four files are, and how to fill the cache with them: mirrors, then Debian.

The only module of the package that touches the network. Nothing enters the cache unverified.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.idx import atomic_path, idx_header, read_idx
from fashionlab.errors import DataFormatError, DataNotFoundError

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class File:
    """One of the four files, told by its content."""

    name: str  # ungzipped; ".gz" follows in most places
    sha256: str  # of the content, IDX header included, as in Debian's package
    md5: str  # of the .gz that Zalando publishes


TRAIN_IMAGES = File(
    "train-images-idx3-ubyte",
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
)
TRAIN_LABELS = File(
    "train-labels-idx1-ubyte",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "25c81989df183df01b3e8a0aad5dffbe",
)
TEST_IMAGES = File(
    "t10k-images-idx3-ubyte",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "bef4ecab320f06d8554ea6380940ec79",
)
TEST_LABELS = File(
    "t10k-labels-idx1-ubyte",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "bb300cfdad3c16e7a12a480ee83cd310",
)
FILES = (TRAIN_LABELS, TEST_LABELS, TEST_IMAGES, TRAIN_IMAGES)  # smallest first: fail early

MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
TIMEOUT_S = 20  # without a byte from a mirror
FILE_TIMEOUT_S = 600  # for a whole file; 26 MB in that time is 43 kB/s
APT_TIMEOUT_S = 120  # the package has 30 MB
MAX_BYTES = 64 * 2**20  # the largest file has 26 MB; a mirror that sends more is wrong
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"
REMEDY = f"apt-get install {DEBIAN_PACKAGE}, or give --data DIR, or --data synthetic"

Log = Callable[[str], None]


def cache_folder() -> Path:
    """FASHIONLAB_CACHE, else XDG_CACHE_HOME/fashionlab, else ~/.cache/fashionlab."""
    if own := os.environ.get("FASHIONLAB_CACHE"):
        return Path(own).expanduser()
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg).expanduser() / "fashionlab"
    return Path.home() / ".cache" / "fashionlab"


def is_genuine(file: File, path: Path, array: NDArray[np.uint8]) -> bool:
    """Whether `array`, read from `path`, is Fashion-MNIST's `file`."""
    digest = hashlib.sha256(idx_header(array.shape))
    digest.update(array.data)
    if digest.hexdigest() == file.sha256:
        return True
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False)  # what Zalando publishes
    return md5.hexdigest() == file.md5


def read_genuine(file: File, path: Path) -> NDArray[np.uint8]:
    """The array of `file` at `path`; DataFormatError if it is sound IDX of another content."""
    array = read_idx(path)
    if not is_genuine(file, path, array):
        raise DataFormatError(
            f"{file.name} must have SHA-256 {file.sha256}, got other content in {path}: "
            "delete it and fetch it anew"
        )
    return array


def fetch(log: Log | None = None) -> Path:
    """Fill the cache and return its folder; files that are there and genuine are kept.

    Raises DataNotFoundError naming every mirror and why it failed.
    """
    tried: list[str] = []
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [file for file in FILES if not _cached(file, folder)]
        for file in missing:
            if not _download(file, folder, tried, log):
                break  # offline, most likely: the other files would only wait as long
        else:
            return folder
        if _unpack_debian([file for file in FILES if not _cached(file, folder)], folder, tried):
            return folder
    except OSError as error:
        tried.append(f"cache {folder} ({error})")
    raise DataNotFoundError(
        f"Fashion-MNIST must be fetched from some place, got none of: {'; '.join(tried)}: {REMEDY}"
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
            with atomic_path(folder / f"{file.name}.gz") as temporary:
                with (
                    urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply,  # noqa: S310 (MIRRORS)
                    temporary.open("wb") as out,
                ):
                    end = time.monotonic() + FILE_TIMEOUT_S
                    while chunk := reply.read1(2**20):
                        out.write(chunk)
                        if out.tell() > MAX_BYTES:
                            raise DataFormatError(f"more than {MAX_BYTES} bytes")
                        if time.monotonic() > end:
                            raise TimeoutError(f"not complete after {FILE_TIMEOUT_S} s")
                read_genuine(file, temporary)
        except (OSError, http.client.HTTPException, DataFormatError) as error:
            tried.append(f"{url} ({_one_line(error)})")
        else:
            return True
    return False


def _unpack_debian(files: list[File], folder: Path, tried: list[str]) -> bool:
    """Fetch Debian's package into a temporary folder, unpack it there, take what is genuine."""
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
            for file in files:
                with atomic_path(folder / f"{file.name}.gz") as temporary:
                    shutil.copyfile(work / "tree" / DEBIAN_FOLDER / f"{file.name}.gz", temporary)
                    read_genuine(file, temporary)
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
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=APT_TIMEOUT_S
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
