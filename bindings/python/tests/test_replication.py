"""docs/replication.md: its examples, and what it says of conflicts and of readers."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

import commensal
from conftest import GUESTS, SHELL, TREE, WAT, WORKSPACE

PAGE = (WORKSPACE / "docs/replication.md").read_text("utf-8")
#: `sqlite3_rsync`: scripts/sqlite3-rsync makes it.
RSYNC = Path(os.environ.get("COMMENSAL_RSYNC", WORKSPACE / "target/sqlite3-rsync/sqlite3_rsync"))


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands print the block that follows them, if it has no language, and otherwise nothing."""
    (tmp_path / "guests").symlink_to(TREE / "guests")
    monkeypatch.chdir(tmp_path)
    path = os.pathsep.join([str(SHELL.parent), str(RSYNC.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path)}
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    run = []
    for (language, text), (following, output) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            ended = subprocess.run(
                ["sh", "-e", "-c", text],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
            )
            expected = "" if following else output
            assert (ended.stdout, ended.stderr, ended.returncode) == (expected, "", 0), text
        elif language == "python":
            exec(compile(text, "docs/replication.md", "exec"), names)
        run.append(language)
    assert (run.count("sh"), run.count("python")) == (6, 2)
    for name in ("sender", "receiver"):
        names[name].close()


def test_a_backup_into_an_open_connection(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "a.db")) as source,
        closing(sqlite3.connect(tmp_path / "b.db")) as target,
    ):
        commensal.load(source)
        commensal.load(target)
        commensal.create_function(target, "f", WAT / "text.wat", "shout")
        assert target.execute("SELECT f('a')").fetchone() == ("A",)
        commensal.create_function(source, "f", WAT / "text.wat", "twice")
        source.backup(target)
        assert target.execute("SELECT f('a')").fetchone() == ("aa",)


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(apsw.Connection(str(tmp_path / "sender.db"))) as connection:
        commensal.load(connection)
        commensal.create_function(connection, "loud", WAT / "text.wat", "shout", deterministic=True)
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name)")
        connection.execute("CREATE INDEX i ON t(loud(name))")
        connection.execute("INSERT INTO t(name) VALUES ('ada')")
        yield connection


@pytest.fixture
def receiver(sender: apsw.Connection, tmp_path: Path) -> Iterator[apsw.Connection]:
    """A copy of the sender's file."""
    sender.execute("VACUUM INTO ?", [str(tmp_path / "receiver.db")])
    with closing(apsw.Connection(str(tmp_path / "receiver.db"))) as connection:
        commensal.load(connection)
        yield connection


def changes_of(connection: apsw.Connection, change: Callable[[], object]) -> bytes:
    session = apsw.Session(connection, "main")
    session.attach()
    change()
    changes = session.changeset()
    session.close()
    return changes


def apply(changes: bytes, receiver: apsw.Connection, **answers: int) -> list[object]:
    """Applies changes as the page says, or with other answers for some tables. Gives the conflicts."""
    conflicts: list[object] = []
    answers = {"commensal_module": apsw.SQLITE_CHANGESET_OMIT, **answers}

    def conflict(reason: int, change: Any) -> int:
        conflicts.append((apsw.mapping_session_conflict[reason], change.name))
        return answers.get(change.name, apsw.SQLITE_CHANGESET_ABORT)

    apsw.Changeset.apply(
        changes,
        receiver,
        filter=lambda table: table != "commensal_meta" or table in answers,
        conflict=conflict,
    )
    return conflicts


def test_a_definition_travels_by_changeset(
    sender: apsw.Connection, receiver: apsw.Connection
) -> None:
    def answer(sql: str) -> object:
        commensal.refresh(receiver)
        return receiver.execute(sql).get

    def create(export: str, wat: str, replace: bool = False) -> bytes:
        def create() -> None:
            commensal.create_function(sender, "f", WAT / wat, export, replace=replace)

        return changes_of(sender, create)

    modules = "SELECT count(*) FROM commensal_module"
    assert apply(create("square", "arithmetic.wat"), receiver) == []
    assert answer("SELECT f(5)") == 25
    # Another version, on another module; the trigger deletes the old one.
    assert apply(create("v2", "version.wat", replace=True), receiver) == []
    assert (answer("SELECT f()"), answer(modules)) == (2, 2)
    dropped = changes_of(sender, lambda: commensal.drop_function(sender, "f"))
    assert apply(dropped, receiver) == [("SQLITE_CHANGESET_NOTFOUND", "commensal_module")]
    assert answer(modules) == 1
    with pytest.raises(apsw.SQLError, match="no such function: f"):
        answer("SELECT f()")


def test_both_sides_define_a_name(sender: apsw.Connection, receiver: apsw.Connection) -> None:
    def create(connection: apsw.Connection) -> None:
        commensal.create_function(connection, "f", WAT / "arithmetic.wat", "square")

    create(receiver)
    changes = changes_of(sender, lambda: create(sender))
    with pytest.raises(apsw.AbortError):
        apply(changes, receiver)
    assert receiver.execute("SELECT f(5)").get == 25
    # REPLACE deletes the row first, and the trigger the module with it.
    receiver.execute("SAVEPOINT before")
    conflicts = apply(changes, receiver, commensal_object=apsw.SQLITE_CHANGESET_REPLACE)
    assert conflicts == [
        ("SQLITE_CHANGESET_CONFLICT", "commensal_module"),
        ("SQLITE_CHANGESET_CONFLICT", "commensal_object"),
    ]
    status = "SELECT status FROM wasm_functions WHERE name = 'f'"
    assert receiver.execute(status).get == "its module is not in the file"
    receiver.execute("ROLLBACK TO before; RELEASE before")
    commensal.drop_function(receiver, "f")
    assert apply(changes, receiver) == []
    assert receiver.execute("SELECT f(5)").get == 25


def test_a_changeset_with_the_generation_conflicts(
    sender: apsw.Connection, receiver: apsw.Connection
) -> None:
    def create() -> None:
        commensal.create_function(sender, "f", WAT / "arithmetic.wat", "square")

    changes = changes_of(sender, create)
    conflicts = apply(changes, receiver, commensal_meta=apsw.SQLITE_CHANGESET_OMIT)
    assert conflicts == [("SQLITE_CHANGESET_DATA", "commensal_meta")]
    commensal.refresh(receiver)
    assert receiver.execute("SELECT f(5)").get == 25


def test_a_changeset_is_lost_without_the_tables(sender: apsw.Connection, tmp_path: Path) -> None:
    create = lambda: commensal.create_extension(sender, "geo", GUESTS / "geo.wasm")  # noqa: E731
    changes = changes_of(sender, create)
    with closing(apsw.Connection(str(tmp_path / "empty.db"))) as receiver:
        assert apply(changes, receiver) == []
        assert receiver.execute("SELECT count(*) FROM sqlite_schema").get == 0


def test_a_changeset_has_no_indexes(sender: apsw.Connection, receiver: apsw.Connection) -> None:
    def replace() -> None:
        commensal.execute(
            sender,
            "CREATE OR REPLACE FUNCTION loud LANGUAGE wasm AS ? EXPORT 'twice' DETERMINISTIC CASCADE REINDEX",
            (WAT / "text.wat").read_text(),
        )

    search = "SELECT count(*) FROM t WHERE loud(name) = 'adaada'"
    assert apply(changes_of(sender, replace), receiver) == []
    assert (sender.execute(search).get, receiver.execute(search).get) == (1, 0)
    receiver.execute("REINDEX")
    assert receiver.execute(search).get == 1
    assert receiver.execute("PRAGMA integrity_check").get == "ok"


def test_a_changeset_takes_a_module_that_others_use(
    sender: apsw.Connection, receiver: apsw.Connection
) -> None:
    def create() -> None:
        commensal.create_function(sender, "f", WAT / "arithmetic.wat", "square")

    apply(changes_of(sender, create), receiver)
    commensal.create_function(receiver, "own", WAT / "arithmetic.wat", "square")
    assert receiver.execute("SELECT own(5)").get == 25
    apply(changes_of(sender, lambda: commensal.drop_function(sender, "f")), receiver)
    commensal.refresh(receiver)
    status = "SELECT status FROM wasm_functions WHERE name = 'own'"
    assert receiver.execute(status).get == "its module is not in the file"


def test_a_changeset_needs_no_commensal(sender: apsw.Connection, tmp_path: Path) -> None:
    sender.execute("VACUUM INTO ?", [str(tmp_path / "receiver.db")])

    def create() -> None:
        commensal.create_function(sender, "f", WAT / "arithmetic.wat", "square")

    definition = changes_of(sender, create)
    row = changes_of(sender, lambda: sender.execute("INSERT INTO t(name) VALUES ('grace')"))
    with closing(apsw.Connection(str(tmp_path / "receiver.db"))) as receiver:
        assert apply(definition, receiver) == []
        with pytest.raises(apsw.SQLError):
            apply(row, receiver)
        commensal.load(receiver)
        assert receiver.execute("SELECT f(5)").get == 25


def says(message: object, said: str) -> None:
    """Checks that the page gives this error, and that it is the error."""
    assert f"`{said}`" in PAGE
    assert said in str(message)


def test_a_reader_without_commensal(sender: apsw.Connection, tmp_path: Path) -> None:
    commensal.create_function(sender, "geohash", WAT / "text.wat", "shout", deterministic=True)
    sender.execute("CREATE INDEX j ON t(geohash(name)); DROP INDEX i")
    with closing(sqlite3.connect(tmp_path / "sender.db")) as reader:
        assert reader.execute("SELECT name FROM t").fetchall() == [("ada",)]
        with pytest.raises(sqlite3.OperationalError) as failed:
            reader.execute("SELECT geohash('x')")
        says(failed.value, "no such function: geohash")
        with pytest.raises(sqlite3.OperationalError) as failed:
            reader.execute("INSERT INTO t(name) VALUES ('grace')")
        says(failed.value, "unknown function: geohash()")
        with pytest.raises(sqlite3.OperationalError) as failed:
            reader.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])
        says(failed.value, "no such function: geohash")


def test_a_dump_in_another_program(sender: apsw.Connection, tmp_path: Path) -> None:
    for load in (True, False):
        with (
            closing(sqlite3.connect(tmp_path / "sender.db")) as reader,
            closing(sqlite3.connect(":memory:")) as target,
        ):
            commensal.load(reader)
            if load:
                commensal.load(target)
            with pytest.raises(sqlite3.OperationalError, match="no such function: loud"):
                target.executescript("\n".join(reader.iterdump()))


def test_a_reader_of_an_older_catalog(sender: apsw.Connection, tmp_path: Path) -> None:
    sender.execute("UPDATE commensal_meta SET version = 2")
    said = (
        "the file's catalog has version 2; this build reads version 1: a newer Commensal is needed"
    )
    with closing(sqlite3.connect(tmp_path / "sender.db")) as reader:
        commensal.load(reader)
        assert reader.execute("SELECT name FROM t").fetchall() == [("ada",)]
        with pytest.raises(sqlite3.OperationalError) as failed:
            reader.execute("SELECT loud('x')")
        assert str(failed.value) == "no such function: loud"
        for sql in ("SELECT wasm_call('loud', 'x')", "SELECT wasm_refresh()"):
            with pytest.raises(sqlite3.OperationalError) as failed:
                reader.execute(sql).fetchall()
            says(failed.value, said)
    command = [str(SHELL), str(tmp_path / "sender.db"), "SELECT loud('x')"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert f"no such function: loud: {said}" in ended.stderr


def test_a_reader_of_an_older_abi(sender: apsw.Connection, tmp_path: Path) -> None:
    manifest = (
        '{"abi":2}{"function":{"name":"new","export":"square","params":["integer"],'
        '"returns":"integer"}}'
    )
    commensal.create_function(sender, "square", WAT / "arithmetic.wat")
    select = "SELECT wasm FROM commensal_module JOIN commensal_object USING (sha256) WHERE name = ?"
    wasm: Any = sender.execute(select, ["square"]).get
    section = bytes([9]) + b"commensal" + manifest.encode()
    assert len(section) < 1 << 14
    module = wasm + bytes([0, len(section) & 0x7F | 0x80, len(section) >> 7]) + section
    sha256 = hashlib.sha256(module).digest()
    sender.execute(
        "INSERT INTO commensal_module VALUES (?, ?, ?, ?)", (sha256, len(module), manifest, module)
    )
    sender.execute(
        "INSERT INTO commensal_object(kind, name, sha256, export) "
        "VALUES ('extension', 'new', ?1, NULL), ('function', 'old', ?1, 'square')",
        (sha256,),
    )
    said = "it is written for ABI version 2; this version of Commensal knows ABI version 1"
    with closing(sqlite3.connect(tmp_path / "sender.db")) as reader:
        commensal.load(reader)
        [(status,)] = reader.execute("SELECT status FROM wasm_extensions").fetchall()
        says(status, said)
        assert reader.execute("SELECT square(5)").fetchone() == (25,)
        for sql in ("SELECT wasm_call('new', 1)", "SELECT old(1)"):
            with pytest.raises(sqlite3.OperationalError) as failed:
                reader.execute(sql).fetchall()
            says(failed.value, said)
        with pytest.raises(sqlite3.OperationalError, match="no such function: new"):
            reader.execute("SELECT new(1)")
        commensal.drop_extension(reader, "new")
