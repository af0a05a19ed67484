"""Runs the project's cases, sqllogictest files, through a Python driver, as strictly as `commensal test
--strict` does. The documentation of crates/conformance says what the files may contain. This runner
does not know what they test.

A program with its own driver has to do some things that Rust's facade does by itself. They are done
here as docs/extension.md says.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import copysign, isinf
from pathlib import Path
from typing import Any

import commensal

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<end>;)
    |(?i:file://[^\s;]*)|'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\]]*(?:\]|\Z)
    |\w+|.""",
    re.DOTALL | re.VERBOSE,
)
_OURS = re.compile(
    r"""\s*(?:(?:CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+(?:FUNCTION|EXTENSION)\b
    |PRAGMA\s+wasm_cache_size\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_CACHE_SIZE = re.compile(r"\s*PRAGMA\s+wasm_cache_size\s*$", re.IGNORECASE)
_ABOUT_NAME = re.compile(
    "no such (function|table|collation sequence)|wrong number of arguments to function"
)
_WRITES = re.compile(r"\s*(?:INSERT|REPLACE|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_TRIGGER = re.compile(r"\s*CREATE\s+(?:TEMP\s+|TEMPORARY\s+)?TRIGGER\b", re.IGNORECASE)
_TRIGGER_END = re.compile(r";\s*END\s*$", re.IGNORECASE)

Rows = list[tuple[Any, ...]]


@dataclass
class Record:
    """A statement or a query, and what is expected of it."""

    line: int
    connection: str
    sql: str
    #: A pattern that the error's message matches.
    error: str | None = None
    types: str | None = None
    sort: bool = False
    expected: tuple[str, ...] = ()


def parse(text: str, labels: set[str]) -> Iterator[Record]:
    """The records of a file for a driver with these labels."""
    lines = text.split("\n")
    at, connection, wanted = 0, "", True

    def until(*ends: str) -> list[str]:
        nonlocal at
        start = at
        while at < len(lines) and lines[at] not in ends:
            at += 1
        return lines[start:at]

    while at < len(lines):
        line, at = lines[at], at + 1
        words = line.split()
        match words[:2]:
            case []:
                continue
            case [word, *_] if word.startswith("#"):
                continue
            case ["halt"]:
                return
            case ["connection", name]:
                connection = name
                continue
            case ["onlyif", label]:
                wanted = wanted and label in labels
                continue
            case ["skipif", label]:
                wanted = wanted and label not in labels
                continue
            case ["statement", "ok"]:
                record = Record(at, connection, "\n".join(until("")))
            case ["statement" | "query", "error"]:
                error = line.partition("error")[2].strip()
                record = Record(at, connection, "\n".join(until("", "----")), error)
            case ["query", types]:
                if words[2:] not in ([], ["rowsort"]):
                    raise ValueError(f"line {at}: {line}")
                sql = "\n".join(until("----"))
                at += 1
                record = Record(at, connection, sql, None, types, words[2:] != [], tuple(until("")))
            case _:
                raise ValueError(f"line {at}: {line}")
        if lines[at : at + 1] == ["----"]:
            raise ValueError(f"line {at + 1}: exact messages are not supported")
        if wanted:
            yield record
        connection, wanted = "", True


def statements(sql: str) -> Iterator[str]:
    """The statements of a text, without comments."""
    statement = ""
    for token in _TOKEN.finditer(sql):
        inside_trigger = _TRIGGER.match(statement) and not _TRIGGER_END.search(statement)
        if token["end"] and not inside_trigger:
            yield statement
            statement = ""
        else:
            statement += " " if token["comment"] else token[0]
    yield statement


def run_sql(connection: Any, sql: str) -> Rows:
    """Runs the statements of a text; the rows are those of the last one that has columns."""
    rows: Rows = []
    for statement in filter(str.strip, statements(sql)):
        if _CACHE_SIZE.match(statement):
            names = "wasm_config('cache_bytes_used'), wasm_config('cache_bytes_max')"
            rows = connection.execute(f"SELECT {names}").fetchall()
        elif _OURS.match(statement):
            commensal.execute(connection, statement)
            commensal.refresh(connection)
        else:
            rows = _run_sqlites(connection, statement) or rows
    return rows


def _run_sqlites(connection: Any, statement: str) -> Rows:
    try:
        return _run_undone(connection, statement)
    except Exception as error:
        if not _ABOUT_NAME.match(str(error)):
            raise
    commensal.refresh(connection)
    return _run_undone(connection, statement)


def _run_undone(connection: Any, statement: str) -> Rows:
    """Within a transaction, SQLite does not undo every statement that a table fails."""
    undone = connection.in_transaction and _WRITES.match(statement)
    if not undone:
        return list(connection.execute(statement).fetchall())
    connection.execute("SAVEPOINT driver")
    try:
        return list(connection.execute(statement).fetchall())
    except Exception:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO driver")
        raise
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE driver")


def text(value: Any) -> str:
    """A value as the files write it."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case float():
            return real(value)
        case bytes():
            return f"X'{value.hex().upper()}'"
        case "":
            return "(empty)"
    return re.sub(r"[\0-\x1f\x7f-\x9f]", lambda found: _escape(found[0]), value)


def _escape(control: str) -> str:
    known = {"\0": r"\0", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
    return known.get(control) or f"\\u{{{ord(control):x}}}"


def real(value: float) -> str:
    """A real as SQLite writes it, except that -0.0 keeps its sign."""
    if isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0.0" if copysign(1, value) < 0 else "0.0"
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if -4 <= exponent < 17:
        fixed = f"{number:f}"
        return fixed if "." in fixed else fixed + ".0"
    mantissa = f"{number.scaleb(-exponent):f}"
    mantissa = mantissa if "." in mantissa else mantissa + ".0"
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


_CLASSES = {"I": int, "R": float, "T": str, "B": bytes}


def compare(record: Record, rows: Rows) -> str | None:
    """What is wrong with the rows."""
    assert record.types is not None
    for row in rows:
        if len(row) != len(record.types):
            return f"{len(row)} columns"
        for letter, value in zip(record.types, row, strict=True):
            if value is not None and not isinstance(value, _CLASSES.get(letter, object)):
                return f"{value!r} in a column of type {letter}"
    actual = [" ".join(map(text, row)) for row in rows]
    expected = list(record.expected)
    if record.sort:
        actual.sort()
        expected.sort()
    pattern = ".*".join(map(re.escape, "\n".join(expected).split("<slt:ignore>")))
    if not re.fullmatch(pattern, "\n".join(actual), re.DOTALL):
        return "rows:\n" + "\n".join(actual)
    return None


def run(path: Path, connect: Callable[[], Any], labels: set[str]) -> tuple[int, list[str]]:
    """Runs a file. Returns how many records ran, and what failed."""
    connections: dict[str, Any] = {}
    records = list(parse(path.read_text("utf-8"), labels))
    failures = []
    for record in records:
        if record.connection not in connections:
            connections[record.connection] = connect()
        if failure := run_record(record, connections[record.connection]):
            failures.append(f"{path.name}:{record.line}: {failure}\n{record.sql}")
    for connection in connections.values():
        connection.close()
    return len(records), failures


def run_record(record: Record, connection: Any) -> str | None:
    """What is wrong with what a record does on this connection."""
    try:
        rows = run_sql(connection, record.sql)
    except Exception as error:
        message = _message(error, connection)
        if record.error is None:
            return f"failed: {message}"
        return None if re.search(record.error, message) else f"another error: {message}"
    if record.error is not None:
        return "an error was expected"
    return compare(record, rows) if record.types is not None else None


def _message(error: Exception, connection: Any) -> str:
    # A collation that fails can only interrupt its statement.
    code = getattr(error, "sqlite_errorcode", None) or getattr(error, "result", None)
    if code == sqlite3.SQLITE_INTERRUPT:
        (reason,) = connection.execute("SELECT wasm_error()").fetchone()
        return reason or str(error)
    return str(error)
