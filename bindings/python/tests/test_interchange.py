"""Files go from the shell to Python and back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import commensal
from conftest import GUESTS, SHELL, WAT


def shell(database: Path, *statements: str) -> str:
    command = [str(SHELL), str(database), *statements]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_shell_writes(connect: Any, tmp_path: Path) -> None:
    shell(
        tmp_path / "test.db",
        f"CREATE EXTENSION geo LANGUAGE wasm AS 'file://{GUESTS}/geo.wasm'",
        f"CREATE FUNCTION loud LANGUAGE wasm AS 'file://{WAT}/text.wat' EXPORT 'shout' DETERMINISTIC",
        "CREATE TABLE t(name, loud TEXT AS (loud(name)) STORED)",
        "CREATE INDEX by_loud ON t(loud(name))",
        "INSERT INTO t(name) VALUES ('ada'), ('grace')",
    )
    connection = connect()
    found = connection.execute("SELECT name FROM t WHERE loud(name) = 'GRACE'").fetchall()
    assert [tuple(row) for row in found] == [("grace",)]
    (km,) = connection.execute("SELECT haversine_km(52.52, 13.405, 48.8566, 2.3522)").fetchone()
    assert round(km) == 877
    connection.execute("INSERT INTO t(name) VALUES ('edsger')")
    if hasattr(connection, "commit"):
        connection.commit()
    assert (
        shell(tmp_path / "test.db", "SELECT loud FROM t WHERE loud(name) = 'EDSGER'") == "EDSGER\n"
    )
    assert shell(tmp_path / "test.db", "PRAGMA integrity_check") == "ok\n"


def test_python_writes(connection: Any, tmp_path: Path) -> None:
    commensal.create_extension(connection, "geo", GUESTS / "geo.wasm")
    commensal.create_function(connection, "loud", WAT / "text.wat", "shout", deterministic=True)
    connection.execute("CREATE TABLE t(name)")
    connection.execute("CREATE INDEX by_loud ON t(loud(name))")
    database = tmp_path / "test.db"
    assert shell(database, "INSERT INTO t VALUES ('ada')", "SELECT loud(name) FROM t") == "ADA\n"
    assert shell(database, "SELECT round(haversine_km(0, 0, 0, 1))") == "111.0\n"
    assert shell(database, "SELECT name FROM wasm_extensions") == "geo\n"
    # The connection sees what the shell replaces.
    replace = (
        f"CREATE OR REPLACE FUNCTION loud LANGUAGE wasm AS 'file://{WAT}/text.wat' EXPORT 'twice'"
    )
    shell(database, f"{replace} DETERMINISTIC CASCADE REINDEX")
    assert [tuple(row) for row in connection.execute("SELECT loud(name) FROM t")] == [("adaada",)]
