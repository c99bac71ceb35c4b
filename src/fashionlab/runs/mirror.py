"""Mirror: a run folder in an object store, with a copy on this machine while it is trained.

    URL.zip           the finished run, one object, which is whole or absent
    URL.partial.zip   an unfinished one, with its newest checkpoints

A machine that is lost costs what was trained since the unfinished run was put there last.
"""

import hashlib
import io
import shutil
import time
import zipfile
from pathlib import Path

from fashionlab import files
from fashionlab.data.fashion_mnist import cache_folder
from fashionlab.errors import DataFormatError
from fashionlab.remote import filesystem, reached
from fashionlab.runs.layout import work_folder

FINISHED, UNFINISHED = ".zip", ".partial.zip"
LARGEST = 4 * 2**30  # bytes of a run
PAUSE = 30.0  # seconds between two copies of an unfinished run


class Mirror:
    """The run folder of a URL, such as s3://bucket/study/trials/mlp-0123.

    `folder` is the copy on this machine, in the package's cache. Raises DataFormatError where the
    object store does not answer, or has something else there.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._fs, self._path = filesystem(self.url)
        key = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.folder = cache_folder() / "runs" / key / self.url.rpartition("/")[2]
        self._copied = time.monotonic()

    def fetch(self) -> None:
        """Make the copy on this machine what is there, where it is not further itself."""
        if self.folder.exists():
            return
        if (content := self._get(FINISHED)) is not None:
            self._unpack(content, self.folder)
        elif not work_folder(self.folder).exists():
            content = self._get(UNFINISHED)
            if content is not None:
                self._unpack(content, work_folder(self.folder))

    def copy(self) -> None:
        """Put the unfinished run there, but not more often than each PAUSE seconds."""
        if time.monotonic() - self._copied < PAUSE or not work_folder(self.folder).exists():
            return
        self._put(UNFINISHED, _packed(work_folder(self.folder)))
        self._copied = time.monotonic()

    def finish(self) -> None:
        """Put the finished run there, and remove the unfinished one."""
        self._put(FINISHED, _packed(self.folder))
        with reached(self.url):
            if self._fs.exists(self._path + UNFINISHED):
                self._fs.rm_file(self._path + UNFINISHED)

    def forget(self) -> None:
        """Remove the copy on this machine."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def _get(self, end: str) -> bytes | None:
        try:
            with reached(self.url):
                return bytes(self._fs.cat_file(self._path + end))
        except FileNotFoundError:
            return None

    def _put(self, end: str, content: bytes) -> None:
        with reached(self.url):
            self._fs.makedirs(self._path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(self._path + end, content)

    def _unpack(self, content: bytes, folder: Path) -> None:
        """Write what was packed into a folder that is whole or absent."""
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(member.file_size for member in archive.infolist()) > LARGEST:
                    raise ValueError(f"more than {LARGEST:,} bytes")
                inside = {name: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise DataFormatError(
                f"{self.url} must be a run that fashionlab put there; received {error}; remove it"
            ) from error
        hidden = files.hidden(folder)
        for name, data in inside.items():
            place = (hidden / name).resolve()
            if not place.is_relative_to(hidden.resolve()):
                raise DataFormatError(f"{self.url} must be a run; received a file {name!r:.80}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        files.rename(hidden, folder)


def _packed(folder: Path) -> bytes:
    """Return a folder's files as one archive; a checkpoint that goes meanwhile is left out."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                packed.write(path, path.relative_to(folder).as_posix())
    return archive.getvalue()
