"""Puts Commensal into the connections of sqlite-utils."""

from __future__ import annotations

import sqlite3

from sqlite_utils import hookimpl

import commensal


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Called by sqlite-utils for each connection that it opens."""
    commensal.load(conn)
