"""A connection of each driver, and where the tests find other parts of the project."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pysqlite3
import pytest

import commensal

WORKSPACE = Path(__file__).resolve().parents[3]
#: The cases and guests: those in the tree, or built from source.
TREE = Path(os.environ.get("COMMENSAL_TREE", WORKSPACE))
#: The `commensal` command.
SHELL = Path(os.environ.get("COMMENSAL_SHELL", WORKSPACE / "target/debug/commensal"))

WAT = TREE / "guests/wat"
EVIL = TREE / "guests/evil"
GUESTS = TREE / "guests/prebuilt"

DRIVERS: dict[str, Callable[[str], Any]] = {
    "sqlite3": sqlite3.connect,
    "pysqlite3": pysqlite3.connect,
    "apsw": apsw.Connection,
}


@pytest.fixture(params=DRIVERS)
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens one more connection to the test's database and loads Commensal with these settings."""
    connections = []

    def connect(**settings: int | str) -> Any:
        connection = DRIVERS[request.param](str(tmp_path / "test.db"))
        connections.append(connection)
        commensal.load(connection, **settings)
        return connection

    yield connect
    for connection in connections:
        connection.close()


@pytest.fixture
def connection(connect: Callable[..., Any]) -> Any:
    """A connection with Commensal."""
    return connect()
