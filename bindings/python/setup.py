"""Builds the wheel: the package and, inside, the loadable extension for this platform.

The library is the file that COMMENSAL_LIBRARY names, or else Cargo builds it, from the workspace that
this folder is in. Pip shows what a build prints only with `-v`, so Cargo's progress goes to the terminal.
This file does not know what the package does.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

WORKSPACE = Path(__file__).resolve().parents[2]


def version() -> str:
    """The version of the workspace."""
    manifest = (WORKSPACE / "Cargo.toml").read_text("utf-8")
    found = re.search(r'(?ms)^\[workspace\.package\]\n.*?^version = "(.+?)"$', manifest)
    if found is None:
        raise SystemExit(f"{WORKSPACE / 'Cargo.toml'} has no workspace.package.version")
    return found[1]


def screen() -> "AbstractContextManager[TextIO]":
    """The terminal of whoever runs pip; without one, standard error, which `pip -v` shows."""
    try:
        return open("/dev/tty", "w", encoding="utf-8")
    except OSError:
        return nullcontext(sys.stderr)


def say(message: str) -> None:
    """Shows a line on the screen."""
    with screen() as out:
        print(f"commensal: {message}", file=out, flush=True)


def library() -> Path:
    """The loadable extension: the given file, or one that is built now."""
    if given := os.environ.get("COMMENSAL_LIBRARY"):
        say(f"taking the library {given}, which COMMENSAL_LIBRARY names")
        return Path(given).resolve(strict=True)
    name = {"darwin": "libcommensal.dylib", "win32": "commensal.dll"}.get(
        sys.platform, "libcommensal.so"
    )
    cargo = ["cargo", "build", "--profile=quick", "--locked", "--package", "commensal-extension"]
    target = os.environ.get("CARGO_TARGET_DIR", WORKSPACE / "target")
    say(f"building the library in {WORKSPACE}: some minutes the first time, seconds after that")
    say("to take one that is built already, name it: COMMENSAL_LIBRARY=…/libcommensal.so")
    with screen() as stderr:
        subprocess.run(cargo, cwd=WORKSPACE, check=True, stderr=stderr)
    return (WORKSPACE / target / "quick" / name).resolve(strict=True)


def platform_tag(library: bytes) -> "str | None":
    """The oldest platform that can load the library; None leaves the decision to setuptools."""
    if sys.platform == "linux":
        # A library lists the symbol versions of the C library that it needs.
        glibc = [int(minor) for minor in re.findall(rb"\0GLIBC_2\.(\d+)(?=[.\0])", library)]
        return f"manylinux_2_{max(glibc)}_{platform.machine()}" if glibc else None
    if sys.platform == "darwin":
        # The platform that Rust builds for. The interpreter may run on both processors, the library does not.
        return f"macosx_11_0_{platform.machine()}"
    return None


class BuildPackage(build_py):
    """Puts the library and the licences beside the Python files."""

    def run(self) -> None:
        super().run()
        package = Path(self.build_lib, "commensal")
        for licence in WORKSPACE.glob("LICENSE-*"):
            shutil.copyfile(licence, package / licence.name)
        source = library()
        target = package / source.name
        if sys.platform == "win32":
            shutil.copyfile(source, target)
        else:
            # Nobody debugs an installed library, and the symbols are half of it.
            keep = ["-x"] if sys.platform == "darwin" else ["--strip-unneeded"]
            subprocess.run(["strip", *keep, "-o", target, source], check=True)


class BuildWheel(bdist_wheel):
    """A wheel for every Python 3 on one platform: the library knows nothing of Python."""

    def get_tag(self) -> "tuple[str, str, str]":
        names = ["libcommensal.so", "libcommensal.dylib", "commensal.dll"]
        built = [Path(self.bdist_dir, "commensal", name) for name in names]
        found = next(path for path in built if path.exists())
        default = super().get_tag()[2]
        return "py3", "none", platform_tag(found.read_bytes()) or default


class WithLibrary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(
    version=version(),
    distclass=WithLibrary,
    cmdclass={"build_py": BuildPackage, "bdist_wheel": BuildWheel},
)
