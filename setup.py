"""Build the library of `fashionlab.scratch.compiled`, where there is a C compiler.

Everything else about the package is in pyproject.toml. pip hides what is printed here, so the
reason why there is no library is written next to where it would lie.
"""

import runpy
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

SOURCES = Path("src", "fashionlab", "scratch", "compiled")
BUILD = runpy.run_path(str(Path(__file__).parent / SOURCES / "build.py"))


class BuildLibrary(build_ext):
    """Compiles one shared library that knows nothing of Python."""

    def run(self) -> None:
        """Compile it, for an editable installation next to its sources; or say why it cannot be."""
        try:
            BUILD["build"](SOURCES if self.inplace else self._built())
        except BUILD["BuildError"] as error:
            self.warn(f"the network from scratch will run in NumPy: {error}")

    def get_outputs(self) -> list[str]:
        """Return the library and its record, as far as they are there."""
        return [*self.get_output_mapping()] or [str(path) for path in _made(self._built())]

    def get_output_mapping(self) -> dict[str, str]:
        """Return the files that lie next to the sources, by the name that they have in a wheel."""
        found = _made(SOURCES) if self.inplace else []
        return {str(self._built() / path.name): str(path) for path in found}

    def _built(self) -> Path:
        return Path(self.build_lib, *SOURCES.parts[1:])


class AnyPython(bdist_wheel):
    """One wheel for all versions of Python on a platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the wheel's tag."""
        return ("py3", "none", super().get_tag()[2])


def _made(folder: Path) -> list[Path]:
    paths = [folder / BUILD[name] for name in ("LIBRARY", "RECORD")]
    return [path for path in paths if path.exists()]


def _names(pattern: str) -> list[str]:
    return sorted(path.as_posix() for path in SOURCES.glob(pattern))


setup(
    ext_modules=[
        Extension(
            "fashionlab.scratch.compiled._compiled",
            _names("*.c"),
            depends=_names("*.h"),
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildLibrary, "bdist_wheel": AnyPython},
)
