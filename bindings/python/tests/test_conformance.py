"""The project's cases, on drivers with SQLite libraries of their own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import commensal
import slt
from conftest import TREE

FOLDER = TREE / "conformance"
CASES = sorted(FOLDER.glob("*.slt"))
assert len(CASES) > 30


def connect_sqlite3(path: Path) -> sqlite3.Connection:
    # Transactions are those of the cases, and text can have any bytes.
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


def connect_apsw(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path))


@pytest.mark.parametrize("connect", [connect_sqlite3, connect_apsw])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, connect: Any, tmp_path: Path) -> None:
    def connection() -> Any:
        connection = connect(tmp_path / "test.db")
        commensal.load(connection, file_base=str(FOLDER), allow="sql_read,sql_write")
        return connection

    opened = connection()
    (runtime,) = opened.execute("SELECT wasm_config('runtime')").fetchone()
    opened.close()
    count, failures = slt.run(case, connection, {"sqlite", runtime})
    assert count > 0
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        ("query I\nSELECT 1\n----\n2", "rows"),
        ("query I\nSELECT 1\n----\n1 ", "rows"),
        ("query I\nSELECT 1\n----", "rows"),
        ("query T\nSELECT 1\n----\n1", "type T"),
        ("query II\nSELECT 1\n----\n1", "1 columns"),
        ("query error nothing\nSELECT no_such()\n", "another error"),
        ("statement error\nSELECT 1", "expected"),
        ("statement ok\nSELECT no_such()", "no such function: no_such"),
        ("query I\nSELECT 1; SELECT 2; -- ;\n----\n1", "rows"),
    ],
)
def test_the_runner_notices(record: str, failure: str) -> None:
    """Records that must fail do, because a runner that passes everything would be useless."""
    (parsed,) = slt.parse(record, set())
    with closing(connect_sqlite3(Path(":memory:"))) as connection:
        commensal.load(connection)
        assert failure in (slt.run_record(parsed, connection) or "it passed")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"), (-0.0, "-0.0"), (49.47, "49.47"), (1e16, "10000000000000000.0"),
        (1e17, "1.0e+17"), (1.5e300, "1.5e+300"), (0.0001, "0.0001"), (1.25e-5, "1.25e-05"),
        (float("-inf"), "-Inf"), ("", "(empty)"), ("a\\\0\t\x1b\x9b", r"a\\0\t\u{1b}\u{9b}"),
        (b"\x0a\xff", "X'0AFF'"), (None, "NULL"), (-(2**63), "-9223372036854775808"),
    ],
)  # fmt: skip
def test_values(value: object, text: str) -> None:
    assert slt.text(value) == text
