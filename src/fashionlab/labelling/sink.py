"""Sink: the folder or the URL that receives shards and manifest, each whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from fashionlab import files
from fashionlab.data.lock import locked
from fashionlab.errors import RunError
from fashionlab.labelling.places import path_of
from fashionlab.remote import filesystem, is_remote, reached


class Sink:
    """A place for files: a folder, which several machines may share, or a URL of an object store.

    Objects appear whole when they are put; files are written under a hidden name and renamed.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._fs: Any = None
        if is_remote(where):
            self._fs, root = filesystem(where)
            self._root = root.rstrip("/")
        else:
            self._folder = path_of(where).resolve()
            self.where = files.text(self._folder)  # a worker may have another working directory

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None where there is none."""
        try:
            if self._fs is not None:
                with reached(self.where):
                    return bytes(self._fs.cat_file(f"{self._root}/{name}"))
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, in the place of an older one."""
        if self._fs is not None:
            with reached(self.where):
                self._fs.pipe_file(f"{self._root}/{name}", content)
        else:
            files.write(self._folder / name, content)

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""
        with suppress(FileNotFoundError):
            if self._fs is not None:
                with reached(self.where):
                    self._fs.rm_file(f"{self._root}/{name}")
            else:
                (self._folder / name).unlink()

    def is_empty(self) -> bool:
        """Return whether nothing but hidden files is there."""
        if self._fs is None:
            return not any(path for path in self._folder.iterdir() if path.name[0] != ".")
        try:
            with reached(self.where):
                return not self._fs.find(self._root, maxdepth=1)
        except FileNotFoundError:
            return True

    @contextmanager
    def held(self, say: Callable[[str], None]) -> Iterator[None]:
        """Make the folder, and hold it until the end: another process that labels into it waits.

        What killed processes did not finish writing is removed. An object store has no such lock.
        """
        if self._fs is not None:
            yield
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise RunError(f"--out must be a folder; received the file {self.where}; name another")
        self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder, say, ".label.lock") as is_held:
            if is_held:
                files.clean(self._folder)
            yield
