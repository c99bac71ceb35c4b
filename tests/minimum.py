"""Print the lowest versions that pyproject.toml admits, as constraints for pip.

`make test-minimum` installs them. A tool of the tests has no minimum; it comes in its version
of constraints.txt.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# name[extras]>=minimum; marker
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?(?:[>=]=([\w.]+))?(;.*)?")


def requirements() -> dict[str, list[str]]:
    """Return the requirements of the core, under "", and of each extra."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"": table["dependencies"], **table["optional-dependencies"]}


def parts(requirement: str) -> tuple[str, str, str]:
    """Return a requirement's project, minimum and marker, the last two "" where it has none.

    Raises ValueError for one of another form.
    """
    matched = REQUIREMENT.fullmatch(requirement)
    if matched is None:
        raise ValueError(f"a requirement must be NAME>=MINIMUM; received {requirement!r}")
    name, minimum, marker = matched.groups("")
    return normalized(name), minimum, marker


def normalized(name: str) -> str:
    """Return a project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project(requirement: str) -> str:
    """Return the name of the project that is required."""
    return parts(requirement)[0]


def minima() -> list[str]:
    """Return `name==version; marker` for every requirement of another project.

    Raises ValueError for one that has neither a minimum nor a tested version.
    """
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    tested = {name: version for name, version, _ in map(parts, lines)}
    pins = []
    for requirement in sorted({line for of in requirements().values() for line in of}):
        name, minimum, marker = parts(requirement)
        if name == "fashionlab":
            continue
        version = minimum or tested.get(name)
        if version is None:
            raise ValueError(f"{name} must have a minimum, or a version in constraints.txt")
        pins.append(f"{name}=={version}{marker}")
    return pins


if __name__ == "__main__":
    sys.stdout.writelines(f"{pin}\n" for pin in minima())
