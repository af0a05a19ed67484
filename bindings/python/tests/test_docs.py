"""The examples of docs/python.md, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import TREE, WORKSPACE


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (WORKSPACE / "docs/python.md").read_text("utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(examples) >= 4
    (tmp_path / "guests").symlink_to(TREE / "guests")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "docs/python.md", "exec"), names)
    for name in ("connection", "strict"):
        names[name].close()  # type: ignore[attr-defined]
    names["engine"].dispose()  # type: ignore[attr-defined]
