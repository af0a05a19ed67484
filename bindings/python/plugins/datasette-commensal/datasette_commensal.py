"""Puts Commensal into the connections of Datasette.

Datasette shows databases to people who write SQL of their own, and stops their queries at
``sql_time_limit_ms``. It cannot stop them in the middle of a call, so that is the limit of a call too.
Settings of ``commensal.load`` can be given as the plugin's configuration. The catalog's tables are hidden,
as those of full-text search are: Datasette lists them last, and its metadata can show them.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from datasette import hookimpl

import commensal

if TYPE_CHECKING:
    from datasette.app import Datasette


@hookimpl
def prepare_connection(conn: sqlite3.Connection, datasette: Datasette) -> None:
    """Called by Datasette for each connection that it opens."""
    settings = {"call_timeout_ms": datasette.setting("sql_time_limit_ms")}
    settings.update(datasette.plugin_config("datasette-commensal") or {})
    commensal.load(conn, **settings)


@hookimpl
def get_metadata(key: str | None, database: str | None, table: str | None) -> dict[str, Any]:
    """Called by Datasette for what its metadata says. This answers only when it asks for all of a database,
    as it does to learn which tables are hidden. Who may see a table it asks with a key."""
    if database is None or key is not None or table is not None:
        return {}
    names = ("commensal_meta", "commensal_module", "commensal_object")
    return {"databases": {database: {"tables": {name: {"hidden": True} for name in names}}}}
