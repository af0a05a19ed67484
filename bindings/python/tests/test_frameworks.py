"""SQLAlchemy's event, and the plugins for Datasette and sqlite-utils as they are installed."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas
import pytest
import sqlalchemy
import sqlite_utils
from datasette.app import Datasette

import commensal
from conftest import EVIL, GUESTS, WAT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with functions."""
    path = tmp_path / "test.db"
    with closing(sqlite3.connect(path)) as connection:
        commensal.load(connection)
        commensal.create_extension(connection, "geo", GUESTS / "geo.wasm")
        commensal.create_function(connection, "loop_forever", EVIL / "loop_forever.wat")
    return path


KM = "SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522)) AS km"


def test_sqlalchemy(path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def load(connection: Any, record: object) -> None:
        commensal.load(connection, call_timeout_ms=50)

    with engine.begin() as connection:
        assert connection.execute(sqlalchemy.text(KM)).scalar() == 877
        bearing = sqlalchemy.func.bearing_deg(0, 0, 0, 90)
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.round(bearing))).scalar() == 90
        driver: Any = connection.connection.driver_connection
        commensal.create_extension(driver, "hello", GUESTS / "hello.wasm")
        with pytest.raises(sqlalchemy.exc.OperationalError, match="timeout_ms = 50"):
            connection.execute(sqlalchemy.text("SELECT loop_forever()"))
    with engine.connect() as connection:
        greeting = connection.execute(sqlalchemy.select(sqlalchemy.func.hello("Ada"))).scalar()
        assert "Ada" in str(greeting)
    engine.dispose()


def test_a_pool_learns_new_names(path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")

    @sqlalchemy.event.listens_for(engine, "connect")
    def load(connection: Any, record: object) -> None:
        commensal.load(connection)

    new = sqlalchemy.select(sqlalchemy.func.sq(7))
    with engine.connect() as first, engine.connect() as second:
        driver: Any = first.connection.driver_connection
        commensal.create_function(driver, "sq", WAT / "arithmetic.wat", "square")
        assert first.execute(new).scalar() == 49
        with pytest.raises(sqlalchemy.exc.OperationalError, match="no such function: sq"):
            second.execute(new)
        waiting: Any = second.connection.driver_connection
        commensal.refresh(waiting)
        assert second.execute(new).scalar() == 49
    engine.dispose()


def test_pandas(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        commensal.load(connection)
        commensal.create_function(connection, "square", WAT / "arithmetic.wat", deterministic=True)
        frame = pandas.DataFrame({"n": [3, None], "m": [4, 5]})
        frame.to_sql("t", connection, index=False)
        read = pandas.read_sql_query("SELECT square(m) AS s, n IS NULL AS empty FROM t", connection)
        assert read.to_dict("list") == {"s": [16, 25], "empty": [0, 1]}
        with pytest.raises(sqlite3.OperationalError, match="has to be integer but is blob"):
            connection.execute("SELECT square(?)", (frame["m"].iloc[0],))
        number = frame["m"].iloc[0].item()
        assert connection.execute("SELECT square(?)", (number,)).fetchone() == (16,)

        connection.execute("CREATE INDEX by_square ON t(square(m))")
        indexes = "SELECT count(*) FROM sqlite_master WHERE name = 'by_square'"
        for what, kept in (("append", 1), ("delete_rows", 1), ("replace", 0)):
            frame.to_sql("t", connection, index=False, if_exists=what)
            assert connection.execute(indexes).fetchone() == (kept,)


def test_datasette(path: Path) -> None:
    async def ask() -> None:
        settings = {"sql_time_limit_ms": 200}
        plugins = {"datasette-commensal": {"memory_bytes_max": 4 << 20}}
        datasette = Datasette([str(path)], settings=settings, metadata={"plugins": plugins})
        database = datasette.get_database("test")
        assert (await database.execute(KM)).first()[0] == 877
        limits = "SELECT wasm_config('call_timeout_ms'), wasm_config('memory_bytes_max')"
        assert tuple((await database.execute(limits)).first()) == (200, 4 << 20)

        answer = await datasette.client.get("/test.json", params={"sql": KM, "_shape": "array"})
        assert answer.json() == [{"km": 877.0}]
        answer = await datasette.client.get("/test.json", params={"sql": "SELECT loop_forever()"})
        assert "timeout_ms = 200" in answer.json()["error"]
        # Visitors cannot define functions, because the connection for queries is read-only.
        create = "SELECT wasm_exec('CREATE FUNCTION f LANGUAGE wasm AS ''(module)''')"
        answer = await datasette.client.get("/test.json", params={"sql": create})
        assert answer.status_code == 400
        database.close()

    asyncio.run(ask())


def test_datasette_hides_the_catalog(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE place(name)")

    async def tables(metadata: dict[str, Any] | None) -> dict[str, bool]:
        datasette = Datasette([str(path)], metadata=metadata)
        answer = await datasette.client.get("/test.json")
        datasette.get_database("test").close()
        return {table["name"]: table["hidden"] for table in answer.json()["tables"]}

    hidden = {"commensal_meta": True, "commensal_module": True, "commensal_object": True}
    assert asyncio.run(tables(None)) == {**hidden, "place": False}
    own = {"tables": {"place": {"hidden": True}, "commensal_object": {"hidden": False}}}
    assert asyncio.run(tables({"databases": {"test": own}})) == {
        **hidden,
        "commensal_object": False,
        "place": True,
    }

    async def may_see(table: str, metadata: dict[str, Any]) -> int:
        datasette = Datasette([str(path)], metadata=metadata)
        answer = await datasette.client.get(f"/test/{table}.json")
        datasette.get_database("test").close()
        return int(answer.status_code)

    # What the metadata permits stays as it is, also where it says so for all databases.
    denied = {"tables": {"place": {"allow": False}}}
    for metadata in (denied, {"databases": {"test": denied}}):
        assert asyncio.run(may_see("place", metadata)) == 403
        assert asyncio.run(may_see("commensal_object", metadata)) == 200


def test_sqlite_utils(path: Path) -> None:
    database = sqlite_utils.Database(path)
    assert next(database.query(KM)) == {"km": 877}
    table: Any = database["places"]
    table.insert({"latitude": 48.8566, "longitude": 2.3522})
    distance = "haversine_km(52.52, 13.405, latitude, longitude) < 900"
    assert len(list(table.rows_where(distance))) == 1
    database.close()

    command = [sys.executable, "-m", "sqlite_utils", "query", str(path), KM]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, '[{"km": 877.0}]\n', "")
