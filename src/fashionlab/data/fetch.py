"""Find Fashion-MNIST's four files, else fill the cache: from mirrors, else from Debian's package.

Nothing enters the cache unverified. With FASHIONLAB_OFFLINE=1 nothing uses the network.
"""

import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fashionlab import files
from fashionlab.data import debian, fashion_mnist
from fashionlab.data.download import MAX_BYTES, Bar, MirrorError, download
from fashionlab.data.fashion_mnist import REMEDY, File
from fashionlab.data.lock import locked
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
ROUNDS = 3  # over the mirrors for a file, as long as each round brings more of it
OFFLINE = "FASHIONLAB_OFFLINE"

Log = Callable[[str], None]


def fetch(log: Log | None = None, bar: Bar | None = None) -> Path:
    """Return a folder with the four genuine files: the first place that has them, else the cache.

    One process at a time fills the cache; another waits for it. A download that was killed is
    continued. `log` gets a line for each step; `bar` shows the bytes of each file.

    Raises DataNotFoundError naming every mirror and why it failed, or why the cache cannot be
    written, or that FASHIONLAB_OFFLINE is set.
    """
    log = log or (lambda _: None)
    for place in fashion_mnist.places():
        if len(found := genuine(place)) == len(fashion_mnist.FILES):
            log(f"found Fashion-MNIST in {place}: {_size(found)}")
            return place
    cache = fashion_mnist.cache_folder()
    if is_offline():
        names = ", ".join(f"{file.name}.gz" for file in _missing(cache))
        raise DataNotFoundError(
            f"Fashion-MNIST must be fetched, but {OFFLINE}=1 forbids the network; put {names} "
            f"into {cache}, or {REMEDY}, or unset {OFFLINE}"
        )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache, log) as is_held, _parts(cache if is_held else None) as parts:
            wanted = _missing(cache)
            filling = _Filling(cache, parts, log, bar or _no_bar)
            is_filled = filling.run(wanted)
    except OSError as error:
        raise DataNotFoundError(
            f"the cache must take 31 MB; received '{error.strerror or error}' from "
            f"{error.filename or cache}; free some space, or set FASHIONLAB_CACHE to another folder"
        ) from error
    if not is_filled:
        reasons = "; ".join(f"{source} ({reason})" for source, reason in filling.tried.items())
        raise DataNotFoundError(
            f"Fashion-MNIST must be fetched; received nothing from: {reasons}; {REMEDY}"
        )
    verb = "fetched Fashion-MNIST into" if wanted else "found Fashion-MNIST in"
    log(f"{verb} {cache}: {_size(genuine(cache))}")
    return cache


@contextmanager
def _parts(folder: Path | None) -> Iterator[Path]:
    """Give the folder of unfinished downloads: a temporary one where others may use the first."""
    if folder:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as temporary:
        yield Path(temporary)


def is_offline() -> bool:
    """Return whether FASHIONLAB_OFFLINE forbids the network."""
    value = os.environ.get(OFFLINE) or "0"
    if value not in {"0", "1"}:
        raise InvalidValueError(f"{OFFLINE} must be 0 or 1; received {value!r}; set it to 1")
    return value == "1"


def genuine(folder: Path) -> dict[File, Path]:
    """Return the files that `folder` has, packed or plain, and where."""
    found = {}
    for file in fashion_mnist.FILES:
        for path in (folder / f"{file.name}.gz", folder / file.name):
            with suppress(OSError, DataFormatError):
                _require(file, files.read(path, MAX_BYTES))
                found[file] = path
                break
    return found


def _missing(folder: Path) -> list[File]:
    found = genuine(folder)
    return [file for file in fashion_mnist.FILES if file not in found]


def _size(found: dict[File, Path]) -> str:
    return f"{len(found)} files, {sum(path.stat().st_size for path in found.values()):,} bytes"


def _require(file: File, content: bytes) -> None:
    """Raise DataFormatError, which says what is wrong, where `content` is not the file."""
    digest, size = hashlib.sha256(), 0
    source = io.BytesIO(content)
    try:
        with gzip.open(source) if content.startswith(b"\x1f\x8b") else source as unpacked:
            while chunk := unpacked.read(2**20):  # never whole: it may unpack to anything
                size += len(chunk)
                if size > MAX_BYTES:
                    raise DataFormatError(f"unpacks to more than {MAX_BYTES:,} bytes")
                digest.update(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataFormatError(f"does not unpack: {error}") from error
    received = digest.hexdigest()
    if received != file.sha256:
        raise DataFormatError(
            f"is another file: SHA-256 {received[:16]}... of its content, not {file.sha256[:16]}..."
        )


@dataclass
class _Filling:
    """The cache while this process fills it; `parts` is the folder of unfinished downloads."""

    cache: Path
    parts: Path
    log: Log
    bar: Bar
    tried: dict[str, str] = field(default_factory=dict)  # source: why it failed, at last
    failed: set[str] = field(default_factory=set)  # mirrors, which are asked last from then on

    def run(self, wanted: list[File]) -> bool:
        # One file that no mirror has is enough: offline, the others would only wait as long.
        is_filled = all(map(self._from_mirrors, wanted)) or self._from_debian()
        for file in wanted if is_filled else []:
            self._part(file).unlink(missing_ok=True)
            for left in self.parts.glob(f".{file.name}.gz.*{files.PARTIAL}"):  # of a killed process
                left.unlink(missing_ok=True)
        return is_filled

    def _part(self, file: File) -> Path:
        return self.parts / f".{file.name}.gz.download"

    def _from_mirrors(self, file: File) -> bool:
        """Ask the mirrors in turn; each continues where the one before it broke off."""
        before = -1
        for _ in range(ROUNDS):
            begun = _bytes(self._part(file))
            if begun <= before:
                break
            before = begun
            for mirror in sorted(MIRRORS, key=self.failed.__contains__):
                url = f"{mirror}{file.name}.gz"
                try:
                    self._from_mirror(url, file)
                except (MirrorError, DataFormatError) as error:
                    self.tried[url] = str(error)
                    self.failed.add(mirror)
                    self.log(f"{url}: {error}")
                else:
                    return True
        return False

    def _from_mirror(self, url: str, file: File) -> None:
        """Complete a download and verify it; once more from its start where it was wrong."""
        begun = _bytes(self._part(file))
        try:
            if begun:  # it may have been killed after its last byte
                with suppress(DataFormatError):
                    return self._store(file, files.read(self._part(file), MAX_BYTES))
            self.log(f"fetching {url}" + (f" from byte {begun:,} on" if begun else ""))
            download(url, self._part(file), self.bar)
            return self._store(file, files.read(self._part(file), MAX_BYTES))
        except DataFormatError:
            self._part(file).unlink(missing_ok=True)
            if not begun:
                raise
        return self._from_mirror(url, file)

    def _from_debian(self) -> bool:
        with tempfile.TemporaryDirectory(prefix="fashionlab-") as work:
            try:
                self.log(f"trying {debian.SOURCE}")
                folder = debian.unpack(Path(work))
                for file in _missing(self.cache):
                    self._store(file, debian.content(folder / f"{file.name}.gz", MAX_BYTES))
            except (debian.PackageError, DataFormatError) as error:
                self.tried[debian.SOURCE] = str(error)
                return False
        return True

    def _store(self, file: File, content: bytes) -> None:
        """Put `content` into the cache; raises DataFormatError where it is not the file."""
        _require(file, content)
        files.write(self.cache / f"{file.name}.gz", content)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _no_bar(name: str, done: int, total: int | None) -> Iterator[Callable[[int], None]]:
    yield lambda done: None
