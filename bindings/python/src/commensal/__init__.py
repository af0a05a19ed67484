"""Functions in WebAssembly, stored in a SQLite database and called from SQL.

    import sqlite3, commensal

    connection = sqlite3.connect("places.db")
    commensal.load(connection)
    commensal.create_extension(connection, "geo", Path("geo.wasm"))
    connection.execute("SELECT haversine_km(52.52, 13.405, 48.8566, 2.3522)").fetchone()

Works with connections of :mod:`sqlite3`, `apsw` and `pysqlite3`. You need only :func:`load`, or
:func:`loadable_path`; the rest are shorthands for SQL, such as ``SELECT wasm_exec('CREATE FUNCTION …',
?)``. This module knows no database driver and nothing of WebAssembly.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeAlias

__all__ = [
    "Connection",
    "LoadingUnsupported",
    "Wasm",
    "configure",
    "create_extension",
    "create_function",
    "drop_extension",
    "drop_function",
    "execute",
    "load",
    "loadable_path",
    "refresh",
]

_LIBRARY = {"darwin": "libcommensal.dylib", "win32": "commensal.dll"}.get(
    sys.platform, "libcommensal.so"
)

_NUMBERS = count()

#: A module: its bytes, its text (WAT), or the path of a file with either, which is read at once.
Wasm: TypeAlias = bytes | bytearray | memoryview | str | os.PathLike[str]


class Connection(Protocol):
    """A connection of any driver: the methods that this package calls."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Runs one statement and gives its rows."""


class LoadingUnsupported(RuntimeError):
    """This Python's ``sqlite3`` was built without extension loading."""


def loadable_path() -> str:
    """The path of the loadable extension, for programs that load it by other means: ``.load`` of the
    `sqlite3` command, or an asynchronous driver."""
    return str(Path(__file__).with_name(_LIBRARY))


def load(connection: Connection, **settings: int | str | None) -> None:
    """Loads Commensal into a connection, with the functions that its database defines. If the connection
    has it already, only the given settings change. Afterwards the connection refuses to load extensions.

    ``settings`` are those of ``wasm_config``: limits of guests (``call_timeout_ms``,
    ``memory_bytes_max``, …), capabilities granted to them (``allow="log,clock"``), the directory from
    which SQL may read modules (``file_directory="/srv/modules"``), whether compiled code is kept on disk
    (``code_cache=True``), and whether guests use guard pages and signals (``guard_pages=True``). Only
    this function can loosen them.

    Raises :class:`LoadingUnsupported` if the connection cannot load extensions, and the driver's own
    error if SQLite refuses this one or a setting.
    """
    enable = getattr(connection, "enable_load_extension", None)
    if enable is None:
        raise LoadingUnsupported(_ways_out(connection))
    path = loadable_path()
    enable(True)
    try:
        connection.load_extension(path)  # type: ignore[attr-defined]
        if settings:
            # This entry point can be reached only while extension loading is enabled.
            _run(connection, "SELECT load_extension(?, 'sqlite3_commensal_config_init')", path)
    finally:
        enable(False)
    if settings:
        try:
            configure(connection, **settings)
        finally:
            configure(connection, locked=1)


def configure(connection: Connection, **settings: int | str | None) -> None:
    """Tightens settings of ``wasm_config``. Only :func:`load` can loosen them. ``SELECT
    wasm_config('call_timeout_ms')`` reads one."""
    for name, value in settings.items():
        _run(connection, "SELECT wasm_config(?, ?)", name, value)


def create_function(
    connection: Connection,
    name: str,
    wasm: Wasm,
    export: str | None = None,
    *,
    deterministic: bool = False,
    replace: bool = False,
    if_not_exists: bool = False,
    cascade_reindex: bool = False,
    timeout_ms: int | None = None,
    fuel: int | None = None,
    memory_mb: int | None = None,
    allow: str | None = None,
) -> None:
    """CREATE FUNCTION: stores a module in the database and makes one of its exports an SQL function,
    within the open transaction, if there is one. By default the export has the function's name.

    ``deterministic`` promises that the result depends only on the arguments. ``cascade_reindex`` rebuilds
    the indexes that depend on a replaced function. The last four tighten the connection's limits
    (milliseconds, fuel, MiB) and ask for capabilities.
    """
    clauses = []
    if export is not None:
        clauses.append(f"EXPORT {_quoted(export, chr(39))}")
    if deterministic:
        clauses.append("DETERMINISTIC")
    clauses += _clauses(cascade_reindex, timeout_ms, fuel, memory_mb, allow)
    _create(connection, "FUNCTION", name, wasm, clauses, replace, if_not_exists)


def create_extension(
    connection: Connection,
    name: str,
    wasm: Wasm,
    *,
    replace: bool = False,
    if_not_exists: bool = False,
    cascade_reindex: bool = False,
    timeout_ms: int | None = None,
    fuel: int | None = None,
    memory_mb: int | None = None,
    allow: str | None = None,
    prefix: str | None = None,
    without: str | None = None,
) -> None:
    """CREATE EXTENSION: stores a module in the database and creates everything that its manifest
    declares. ``prefix`` begins all its names; ``without`` leaves out names, separated by commas. The
    other arguments are those of :func:`create_function`."""
    names = {"prefix": prefix, "without": without}
    clauses = _clauses(cascade_reindex, timeout_ms, fuel, memory_mb, allow, names)
    _create(connection, "EXTENSION", name, wasm, clauses, replace, if_not_exists)


def drop_function(
    connection: Connection, name: str, *, if_exists: bool = False, cascade_reindex: bool = False
) -> None:
    """DROP FUNCTION. ``cascade_reindex`` also drops the indexes that depend on it."""
    _drop(connection, "FUNCTION", name, if_exists, cascade_reindex)


def drop_extension(
    connection: Connection, name: str, *, if_exists: bool = False, cascade_reindex: bool = False
) -> None:
    """DROP EXTENSION: removes an extension and all that it declared. ``cascade_reindex`` also drops the
    indexes that depend on it."""
    _drop(connection, "EXTENSION", name, if_exists, cascade_reindex)


def execute(connection: Connection, sql: str, *values: object) -> None:
    """Runs one CREATE or DROP statement of Commensal's, with the values of its parameters: ``SELECT
    wasm_exec(sql, …)``. The driver runs all other SQL."""
    marks = ", ?" * len(values)
    _run(connection, f"SELECT wasm_exec(?{marks})", sql, *values)


def refresh(connection: Connection) -> None:
    """Finds functions that other connections or programs have created, and tells SQLite which ones
    were dropped or have become deterministic. Known functions do not need it: each statement that calls one
    looks up what it does, and whether it still exists."""
    _run(connection, "SELECT wasm_refresh()")
    # SQLite learns some of it only when it prepares a statement that names this table. Drivers keep
    # prepared statements by their text, so the text is always another one.
    _run(connection, f"SELECT {next(_NUMBERS)} FROM temp.wasm_functions LIMIT 0")


def _create(
    connection: Connection,
    kind: str,
    name: str,
    wasm: Wasm,
    clauses: list[str],
    replace: bool,
    if_not_exists: bool,
) -> None:
    words = [
        "CREATE OR REPLACE" if replace else "CREATE",
        kind,
        *(["IF NOT EXISTS"] if if_not_exists else []),
        _quoted(name),
        "LANGUAGE wasm AS ?",
        *clauses,
    ]
    execute(connection, " ".join(words), _source(wasm))


def _drop(
    connection: Connection, kind: str, name: str, if_exists: bool, cascade_reindex: bool
) -> None:
    condition = " IF EXISTS" if if_exists else ""
    cascade = " CASCADE REINDEX" if cascade_reindex else ""
    execute(connection, f"DROP {kind}{condition} {_quoted(name)}{cascade}")


def _source(wasm: Wasm) -> bytes | bytearray | memoryview | str:
    if isinstance(wasm, str) and _is_path(wasm):
        raise TypeError(
            f"{wasm!r} is a path, and a str is the text of a module (WAT): pass Path({wasm!r})"
        )
    if not isinstance(wasm, os.PathLike):
        return wasm
    module = Path(wasm).read_bytes()
    return module if module.startswith(b"\0asm") else module.decode()


def _is_path(text: str) -> bool:
    # WebAssembly text begins with a parenthesis or a comment.
    if "\n" in text or text.lstrip().startswith(("(", ";;")):
        return False
    return text.lower().endswith((".wasm", ".wat")) or os.path.isfile(text)


def _clauses(
    cascade_reindex: bool,
    timeout_ms: int | None,
    fuel: int | None,
    memory_mb: int | None,
    allow: str | None,
    names: dict[str, str | None] | None = None,
) -> list[str]:
    limits = {"timeout_ms": timeout_ms, "fuel": fuel, "memory_mb": memory_mb}
    options = [f"{name} = {limit:d}" for name, limit in limits.items() if limit is not None]
    for name, text in {"allow": allow, **(names or {})}.items():
        if text is not None:
            options.append(f"{name} = {_quoted(text, chr(39))}")
    with_options = [f"WITH ({', '.join(options)})"] if options else []
    return with_options + (["CASCADE REINDEX"] if cascade_reindex else [])


def _quoted(text: str, quote: str = '"') -> str:
    return quote + text.replace(quote, quote * 2) + quote


def _run(connection: Connection, sql: str, *values: object) -> None:
    # Once its rows are fetched, the statement is at its end and its transaction is committed.
    connection.execute(sql, values).fetchall()


def _ways_out(connection: Connection) -> str:
    return (
        f"{type(connection).__module__}.{type(connection).__name__} of {sys.executable} cannot load "
        "SQLite extensions: it has no enable_load_extension(), because this Python was built without "
        "--enable-loadable-sqlite-extensions. Ways out: `pip install apsw` and apsw.Connection(path); "
        "`pip install pysqlite3-binary` and `import pysqlite3 as sqlite3`; or a Python that can, such "
        "as Debian's, Homebrew's or conda's, or pyenv's if it is built with "
        "PYTHON_CONFIGURE_OPTS=--enable-loadable-sqlite-extensions"
    )
