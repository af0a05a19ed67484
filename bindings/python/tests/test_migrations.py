"""Alembic, with the files of docs/migrations.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from conftest import SHELL, TREE, WORKSPACE

INI = "[alembic]\nscript_location = migrations\nsqlalchemy.url = sqlite:///places.db\n"


def test_alembic(tmp_path: Path) -> None:
    page = (WORKSPACE / "docs/migrations.md").read_text("utf-8")
    files = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == [
        "migrations/env.py",
        "migrations/versions/0001_geo.py",
    ]
    (tmp_path / "guests").symlink_to(TREE / "guests")
    (tmp_path / "migrations/versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI)
    for name, text in files:
        (tmp_path / name).write_text(text)

    def alembic(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "alembic", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    def ask(sql: str) -> str:
        command = [str(SHELL), "places.db", sql]
        return subprocess.check_output(command, cwd=tmp_path, text=True)

    up = alembic("upgrade", "head")
    assert up.returncode == 0, up.stderr
    assert ask("SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522))") == "877.0\n"
    # A revision that fails leaves nothing of itself.
    versions = tmp_path / "migrations/versions"
    (versions / "0002_fails.py").write_text(
        "from alembic import op\n"
        "revision, down_revision = '0002', '0001'\n"
        "def upgrade():\n"
        "    op.execute(\"INSERT INTO wasm_statement(sql) VALUES ('CREATE FUNCTION h LANGUAGE wasm '"
        " || 'AS X''00''')\")\n"
    )
    fails = alembic("upgrade", "head")
    assert fails.returncode != 0 and "not a WebAssembly module" in fails.stderr, fails.stderr
    assert ask("SELECT version_num FROM alembic_version") == "0001\n"
    (versions / "0002_fails.py").unlink()
    down = alembic("downgrade", "base")
    assert down.returncode == 0, down.stderr
    assert ask("SELECT count(*) FROM commensal_module") == "0\n"
