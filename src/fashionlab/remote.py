"""Places by URL, in an object store or elsewhere, by fsspec (the extra `ray`).

is_remote    whether a name is such a URL
filesystem   fsspec's file system of one, and the path there
reached      what a store's client raises, as an error of one line
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fashionlab.dependencies import needs
from fashionlab.errors import DataFormatError, FashionlabError, MissingDependencyError

URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # not the drive of a path, C:
REMEDY = "check the URL, the network and your rights there"


def is_remote(name: str) -> bool:
    """Return whether this is the URL of another place than this machine's file system."""
    return bool(URL.match(name)) and not name.lower().startswith("file://")


def filesystem(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path there.

    Raises MissingDependencyError without fsspec or the client of the URL's scheme.
    """
    scheme = url.partition("://")[0]
    with needs(f"{scheme}://", "fashionlab[ray]"):
        import fsspec
    try:
        with reached(url):
            fs, path = fsspec.url_to_fs(url)
    except ImportError as error:  # of the store's client, which it names
        raise MissingDependencyError(f"{scheme}:// needs its own package; {error}") from error
    return fs, str(path)


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Turn what an object store's client raises for a URL into DataFormatError, in one line.

    FileNotFoundError, and errors of fashionlab, are passed on as they are.
    """
    try:
        yield
    except (FashionlabError, FileNotFoundError, ImportError):
        raise
    except Exception as error:  # the clients of the stores share no base of their errors
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataFormatError(
            f"an object store must answer; received '{reason:.200}' for {url}; {REMEDY}"
        ) from error
