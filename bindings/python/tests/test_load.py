"""What `load` does to a connection, and to one that cannot load extensions."""

from __future__ import annotations

import sqlite3
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import packaging.tags
import packaging.utils
import pytest

import commensal
from conftest import EVIL, GUESTS, WAT


def value(connection: Any, sql: str, *values: object) -> Any:
    return connection.execute(sql, values).fetchone()[0]


def test_path_is_the_library() -> None:
    assert Path(commensal.loadable_path()).is_file()


def test_wheel_is_for_this_platform_and_any_python() -> None:
    wheel = distribution("commensal").read_text("WHEEL") or ""
    lines = dict(line.split(": ", 1) for line in wheel.splitlines() if line)
    assert lines["Root-Is-Purelib"] == "false"
    tags = packaging.tags.parse_tag(lines["Tag"])
    assert {(tag.interpreter, tag.abi) for tag in tags} == {("py3", "none")}
    assert tags & set(packaging.tags.sys_tags())


def test_loading_twice_is_harmless(connection: Any) -> None:
    commensal.create_function(connection, "square", WAT / "arithmetic.wat")
    commensal.load(connection)
    commensal.load(connection, call_timeout_ms=100)
    assert value(connection, "SELECT square(12)") == 144


def test_extension_loading_is_off_afterwards(connection: Any) -> None:
    with pytest.raises(Exception, match="not authorized"):
        connection.execute("SELECT load_extension(?)", (commensal.loadable_path(),))


def test_settings_are_the_hosts(connect: Any) -> None:
    connection = connect(allow="clock", call_timeout_ms=60, statement_timeout_ms=400_000)
    commensal.create_extension(connection, "host", GUESTS / "host.wasm", allow="clock,random")
    assert value(connection, "SELECT unix_seconds()") > 1_700_000_000
    with pytest.raises(Exception, match='capability "random"'):
        value(connection, "SELECT random_bytes(1)")
    commensal.create_function(connection, "loop_forever", EVIL / "loop_forever.wat")
    with pytest.raises(Exception, match="timeout_ms = 60"):
        value(connection, "SELECT loop_forever()")

    # SQL, and later calls of `configure`, can only tighten settings.
    looser: list[dict[str, int | str]] = [
        {"allow": "clock,random"}, {"call_timeout_ms": 61}, {"locked": 0}
    ]  # fmt: skip
    for settings in looser:
        with pytest.raises(Exception, match="loosen|unlock"):
            commensal.configure(connection, **settings)
    commensal.configure(connection, call_timeout_ms=50)
    assert value(connection, "SELECT wasm_config('call_timeout_ms')") == 50


def test_a_wrong_setting_leaves_the_settings_locked(connect: Any) -> None:
    connection = connect()
    with pytest.raises(Exception, match="no_such_setting"):
        commensal.load(connection, no_such_setting=1)
    assert value(connection, "SELECT wasm_config('locked')") == 1


def test_files_are_read_from_the_directory_permitted(connect: Any) -> None:
    create = "CREATE FUNCTION square LANGUAGE wasm AS 'file://arithmetic.wat'"
    with pytest.raises(Exception, match="file"):
        commensal.execute(connect(), create)
    connection = connect(file_directory=str(WAT))
    commensal.execute(connection, create)
    assert value(connection, "SELECT square(3)") == 9


class Connection:
    """Like that of a sqlite3 module that was built without extension loading."""

    def execute(self, sql: str, parameters: object = ()) -> Any:
        raise AssertionError("nothing is to be executed")


def test_error_without_extension_loading() -> None:
    with pytest.raises(commensal.LoadingUnsupported) as caught:
        commensal.load(Connection())
    for part in (sys.executable, "apsw", "pysqlite3-binary", "--enable-loadable-sqlite-extensions"):
        assert part in str(caught.value)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Connection.deserialize is new in 3.11")
def test_a_database_can_be_deserialized() -> None:
    source, target = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    for connection in (source, target):
        commensal.load(connection)
    commensal.create_function(source, "square", WAT / "arithmetic.wat")
    target.deserialize(source.serialize())
    assert value(target, "SELECT count(*) FROM wasm_functions WHERE status = 'ok'") == 1
    assert value(target, "SELECT square(12)") == 144
    source.close()
    target.close()
