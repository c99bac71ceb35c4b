"""Debian's package of Fashion-MNIST, fetched and unpacked without root; nothing is installed."""

import re
import shutil
import subprocess
from pathlib import Path

from fashionlab import files
from fashionlab.data.fashion_mnist import DEBIAN_FOLDER, DEBIAN_PACKAGE

SOURCE = f"apt-get download {DEBIAN_PACKAGE}"
TIMEOUT_S = 120  # the package has 30 MB


class PackageError(Exception):
    """The package cannot be had; the message is one line."""


def unpack(work: Path) -> Path:
    """Return the folder below `work` that has the package's files; raises PackageError."""
    apt_get, dpkg_deb = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt_get is None or dpkg_deb is None:
        raise PackageError("no apt-get or dpkg-deb here")
    try:
        run([apt_get, "download", DEBIAN_PACKAGE], work)
        package = next(work.glob("*.deb"), None)
        if package is None:
            raise PackageError("apt-get left no package")
        run([dpkg_deb, "-x", str(package), "tree"], work)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
        # apt also takes the proxy from the environment, and may quote it with its password.
        raise PackageError(re.sub(r"//\S*@", "//", last)) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackageError(" ".join(str(error).split())) from error
    return work / "tree" / DEBIAN_FOLDER


def content(path: Path, most: int) -> bytes:
    """Return a file of the package of at most `most` bytes; raises PackageError."""
    try:
        return files.read(path, most)
    except OSError as error:
        raise PackageError(f"no {path.name} in it: {error.strerror}") from error


def run(command: list[str], folder: Path) -> None:
    """Run a command in `folder`; what it prints stands in the error where it fails."""
    subprocess.run(  # noqa: S603 (fixed commands, no shell)
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT_S,
    )
