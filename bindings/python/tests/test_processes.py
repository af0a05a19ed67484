"""Several processes and threads on one file in WAL mode, forks, and Python's own signal handlers."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import commensal
from conftest import EVIL, WAT

WORKERS = 3
ROWS = 200


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    commensal.load(connection)
    return connection


def one(connection: sqlite3.Connection, sql: str) -> Any:
    return connection.execute(sql).fetchone()[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in WAL mode with functions, and a table whose index and CHECK call them."""
    path = tmp_path / "test.db"
    with closing(connect(path)) as connection:
        assert one(connection, "PRAGMA journal_mode = wal") == "wal"
        commensal.create_extension(connection, "arithmetic", WAT / "arithmetic.wat")
        commensal.create_function(connection, "ver", WAT / "version.wat", "v1")
        commensal.create_function(
            connection, "loop_forever", EVIL / "loop_forever.wat", timeout_ms=50
        )
        connection.execute("CREATE TABLE t(worker, x CHECK (square(x) >= 0))")
        connection.execute("CREATE INDEX squares ON t(square(x))")
    return path


def write(path: Path, worker: int) -> int:
    """Writes rows, each in a transaction of its own, and gives how many it finds."""
    with closing(connect(path)) as connection:
        for x in range(ROWS):
            connection.execute("INSERT INTO t VALUES (?, plus(?, 1))", (worker, x))
        return int(
            one(connection, f"SELECT count(*) FROM t WHERE worker = {worker} AND square(x) > 0")
        )


def check(path: Path) -> None:
    with closing(connect(path)) as connection:
        assert one(connection, "SELECT count(*) FROM t") == WORKERS * ROWS
        assert one(connection, "SELECT count(*) FROM t WHERE square(x) = 100 * 100") == WORKERS
        assert one(connection, "PRAGMA integrity_check") == "ok"


def test_threads_with_a_connection_each(path: Path) -> None:
    with ThreadPoolExecutor(WORKERS) as threads:
        assert list(threads.map(write, [path] * WORKERS, range(WORKERS))) == [ROWS] * WORKERS
    check(path)


# Newer Pythons warn about every fork of a process with threads, and this process has some.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(path: Path, method: str) -> None:
    # The parent runs guests, and the thread that stops them, before it forks.
    with closing(connect(path)) as connection, pytest.raises(sqlite3.Error, match="timeout_ms"):
        one(connection, "SELECT loop_forever()")
    with multiprocessing.get_context(method).Pool(WORKERS) as processes:
        written = processes.starmap(write, [(path, worker) for worker in range(WORKERS)])
        assert written == [ROWS] * WORKERS
        with closing(connect(path)) as connection:
            assert processes.apply(stops, (path,))
            # Functions that other processes replace are seen at once, new ones after a refresh.
            processes.apply(define, (path,))
            with pytest.raises(sqlite3.Error, match="no such function"):
                one(connection, "SELECT fresh()")
            assert one(connection, "SELECT ver()") == 2
            commensal.refresh(connection)
            assert one(connection, "SELECT fresh()") == 3
    check(path)


def stops(path: Path) -> bool:
    """Whether an endless guest is stopped in this process."""
    with closing(connect(path)) as connection:
        try:
            one(connection, "SELECT loop_forever()")
        except sqlite3.Error as error:
            return "timeout_ms" in str(error)
    return False


def define(path: Path) -> None:
    with closing(connect(path)) as connection:
        commensal.create_function(connection, "ver", WAT / "version.wat", "v2", replace=True)
        commensal.create_function(connection, "fresh", WAT / "version.wat", "v3")


#: Guests with faults that other executors turn into signals.
FAULTS = {
    "trap_unreachable": "unreachable",
    "trap_divide_by_zero": "divide by zero",
    "trap_load_outside": "memory",
    "recursion_forever": "stack",
    "loop_forever": "timeout_ms",
}


def test_beside_faulthandler(path: Path) -> None:
    """Faults of guests are not signals, and Python's handler still gets real signals."""
    program = f"""
import faulthandler, sqlite3, commensal
from pathlib import Path

connection = sqlite3.connect({str(path)!r})
commensal.load(connection, call_timeout_ms=50)
for name, reason in {FAULTS!r}.items():
    commensal.create_function(connection, name, Path({str(EVIL)!r}, name + ".wat"), replace=True)
    try:
        connection.execute(f"SELECT {{name}}()")
    except sqlite3.OperationalError as error:
        assert reason in str(error), error
    else:
        raise AssertionError(name)
assert connection.execute("SELECT square(7)").fetchone() == (49,)
print("all faults were errors", flush=True)
import ctypes
ctypes.string_at(0)
"""
    command = [sys.executable, "-X", "faulthandler", "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.stdout == "all faults were errors\n", ended.stderr
    assert ended.stderr.startswith("Fatal Python error: Segmentation fault")


def test_exit_with_an_open_connection(path: Path) -> None:
    program = f"""
import sqlite3, commensal
connection = sqlite3.connect({str(path)!r})
commensal.load(connection)
cursor = connection.execute("SELECT square(value) FROM (SELECT 1 AS value UNION ALL SELECT 2)")
print(cursor.fetchone()[0])
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")
