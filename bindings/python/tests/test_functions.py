"""The shorthands for Commensal's statements."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pysqlite3
import pytest

import commensal
from conftest import GUESTS, WAT

ARITHMETIC = (WAT / "arithmetic.wat").read_text("utf-8")


def rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(sql).fetchall()]


@pytest.mark.parametrize(
    "module",
    [
        ARITHMETIC,
        WAT / "arithmetic.wat",
        GUESTS / "hello.wasm",
        (GUESTS / "hello.wasm").read_bytes(),
    ],
    ids=["text", "path of text", "path of a module", "module"],
)
def test_sources(connection: Any, module: commensal.Wasm) -> None:
    commensal.create_extension(connection, "e", module)
    assert rows(connection, "SELECT name FROM wasm_extensions") == [("e",)]


def test_a_path_as_text(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "module").write_text(ARITHMETIC)
    for path in ("geo.wasm", "my modules (old)/GEO.WAT", str(tmp_path / "module")):
        with pytest.raises(TypeError) as caught:
            commensal.create_extension(connection, "e", path)
        assert str(caught.value) == (
            f"{path!r} is a path, and a str is the text of a module (WAT): pass Path({path!r})"
        )
    # Text that is not a path is for Commensal to judge.
    for text in ("no module", ";; a.wat", "(module) ;; of geo.wasm", "a\n.wasm", ""):
        with pytest.raises((sqlite3.Error, pysqlite3.Error, apsw.Error)):
            commensal.create_function(connection, "f", text)


def test_values_of_every_class(connection: Any) -> None:
    commensal.create_function(connection, "identity", WAT / "identity.wat")
    for value in (None, -(2**63), 2**63 - 1, 0.1, -1e300, "", "ä\0漢", b"", b"\0\xff"):
        (result,) = connection.execute("SELECT identity(?)", (value,)).fetchone()
        assert (result, type(result)) == (value, type(value))


def test_names_and_exports(connection: Any) -> None:
    name = """it's "quoted"; -- ?1"""
    commensal.create_function(connection, name, ARITHMETIC, "square")
    assert rows(connection, "SELECT name, export FROM wasm_functions") == [(name, "square")]
    quoted = name.replace('"', '""')
    assert rows(connection, f'SELECT "{quoted}"(5)') == [(25,)]
    with pytest.raises(Exception, match="it's no export"):
        commensal.create_function(connection, "f", ARITHMETIC, "it's no export")
    commensal.drop_function(connection, name)
    assert rows(connection, "SELECT * FROM wasm_functions") == []


def test_options(connection: Any) -> None:
    commensal.create_function(
        connection,
        "square",
        ARITHMETIC,
        deterministic=True,
        timeout_ms=5,
        fuel=6,
        memory_mb=7,
        allow="log",
    )
    ((deterministic, options),) = rows(
        connection, "SELECT deterministic, options FROM wasm_functions"
    )
    assert deterministic == 1
    assert json.loads(options) == {"timeout_ms": 5, "fuel": 6, "memory_mb": 7, "allow": "log"}


@pytest.mark.parametrize(
    ("create", "drop"),
    [
        (commensal.create_function, commensal.drop_function),
        (commensal.create_extension, commensal.drop_extension),
    ],
)
def test_existing_and_missing(
    connection: Any, create: Callable[..., None], drop: Callable[..., None]
) -> None:
    create(connection, "square", ARITHMETIC)
    with pytest.raises(Exception, match="already exists"):
        create(connection, "square", ARITHMETIC)
    create(connection, "square", "no module at all", if_not_exists=True)
    create(connection, "square", ARITHMETIC, replace=True)
    drop(connection, "square")
    with pytest.raises(Exception, match="no such"):
        drop(connection, "square")
    drop(connection, "square", if_exists=True)


def test_what_depends_on_a_function(connection: Any) -> None:
    commensal.create_extension(connection, "arithmetic", ARITHMETIC)
    connection.execute("CREATE TABLE t(x)")
    connection.execute("CREATE INDEX squares ON t(square(x))")
    with pytest.raises(Exception, match="squares"):
        commensal.create_extension(connection, "arithmetic", ARITHMETIC + " ", replace=True)
    commensal.create_extension(
        connection, "arithmetic", ARITHMETIC + " ", replace=True, cascade_reindex=True
    )
    with pytest.raises(Exception, match="squares"):
        commensal.drop_extension(connection, "arithmetic")
    commensal.drop_extension(connection, "arithmetic", cascade_reindex=True)
    assert (
        rows(
            connection,
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%squares%'",
        )
        == []
    )


def test_definitions_belong_to_the_transaction(connection: Any) -> None:
    connection.execute("BEGIN")
    commensal.create_function(connection, "square", ARITHMETIC)
    assert rows(connection, "SELECT square(3)") == [(9,)]
    connection.execute("ROLLBACK")
    with pytest.raises(Exception, match="no such function"):
        rows(connection, "SELECT square(3)")


def test_other_connections(connect: Callable[[], Any]) -> None:
    version = (WAT / "version.wat").read_text("utf-8")
    one, other = connect(), connect()
    commensal.create_function(one, "ver", version, "v1")
    with pytest.raises(Exception, match="no such function"):
        rows(other, "SELECT ver()")
    commensal.refresh(other)
    assert rows(other, "SELECT ver()") == [(1,)]
    # A known function needs no refresh.
    commensal.create_function(one, "ver", version, "v2", replace=True)
    assert rows(other, "SELECT ver()") == [(2,)]
    commensal.drop_function(one, "ver")
    with pytest.raises(Exception, match="no such function"):
        rows(other, "SELECT ver()")


def test_parameters(connection: Any) -> None:
    commensal.execute(connection, "CREATE FUNCTION square LANGUAGE wasm AS :module", ARITHMETIC)
    assert rows(connection, "SELECT square(4)") == [(16,)]
    for sql, values in {
        "SELECT 1": (),
        "DROP FUNCTION square": (1,),
        "DROP FUNCTION ?": (),
    }.items():
        with pytest.raises(Exception, match="wasm_exec|parameter|name"):
            commensal.execute(connection, sql, *values)
    assert rows(connection, "SELECT square(4)") == [(16,)]
