"""What building the package shows, on a terminal and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import commensal

PACKAGE = Path(__file__).resolve().parents[1]

#: Like `cargo build`: writes to standard error, and puts a library where Cargo would.
CARGO = """#!/bin/sh
echo "Compiling with $*" >&2
test -t 2 && echo "on a terminal" >&2
mkdir -p "$CARGO_TARGET_DIR/quick"
cp "$BUILT" "$CARGO_TARGET_DIR/quick/"
"""

#: Runs a command on its own terminal, and prints what that shows.
ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def build(folder: Path, *before: str, options: tuple[str, ...] = (), **variables: str) -> str:
    """What `pip wheel` shows; Cargo is the script above."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "cargo").write_text(CARGO)
    (tools / "cargo").chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "COMMENSAL_LIBRARY"}
    environment |= {
        "PATH": f"{tools}{os.pathsep}{environment['PATH']}",
        "CARGO_TARGET_DIR": str(folder / "target"),
        "BUILT": commensal.loadable_path(),
        **variables,
    }
    pip = [*before, sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", *options]
    result = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(PACKAGE)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    assert len(list(folder.glob("commensal-*.whl"))) == 1
    return result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/tty")
def test_progress_is_on_the_terminal(tmp_path: Path) -> None:
    shown = build(tmp_path, sys.executable, "-c", ON_A_TERMINAL)
    assert "building the library in" in shown and "COMMENSAL_LIBRARY=" in shown
    assert "Compiling with build --profile=quick --locked --package commensal-extension" in shown
    assert "on a terminal" in shown


def test_without_a_terminal_pip_shows_it_when_asked(tmp_path: Path) -> None:
    shown = build(tmp_path, options=("-v",))
    assert "building the library in" in shown and "Compiling with build" in shown
    assert "on a terminal" not in shown


def test_a_library_that_is_built_is_taken(tmp_path: Path) -> None:
    shown = build(tmp_path, options=("-v",), COMMENSAL_LIBRARY=commensal.loadable_path())
    assert f"taking the library {commensal.loadable_path()}" in shown
    assert "Compiling" not in shown
