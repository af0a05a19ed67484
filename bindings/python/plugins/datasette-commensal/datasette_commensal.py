"""Puts Commensal into the connections of Datasette.

Datasette shows databases to people who write SQL of their own, and stops their queries at
``sql_time_limit_ms``. It cannot stop them in the middle of a call, so that is the limit of a call too.
Settings of ``commensal.load`` can be given as the plugin's configuration.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

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
