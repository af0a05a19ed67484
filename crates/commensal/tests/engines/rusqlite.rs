//! Commensal in a connection of `rusqlite`.

use std::path::Path;
use std::sync::Arc;

use commensal::core::settings::Settings;
use commensal::{ErrorKind, ValueRef, WasmtimeRuntime, rusqlite::install};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::support::{check_error, constant, create, open, times};

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    settings
}

fn integer(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(0))
}

fn define(commensal: &commensal::rusqlite::Commensal<'_>, name: &str, wat: &str) {
    let sql = format!("CREATE OR REPLACE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f'");
    commensal.execute(&sql, Some(ValueRef::Text(wat))).unwrap();
}

fn check_closes(connection: Connection) {
    connection.close().map_err(|(_, error)| error).unwrap();
}

#[test]
fn definitions_calls_and_closing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = Connection::open(&path).unwrap();
    let commensal = install(&connection, settings()).unwrap();
    define(&commensal, "f", &constant(1));
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
    let mut prepared = connection.prepare("SELECT f()").unwrap();
    connection.execute_batch("BEGIN").unwrap();
    define(&commensal, "f", &constant(2));
    assert_eq!(prepared.query_row([], |row| row.get(0)), Ok(2));
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(prepared.query_row([], |row| row.get(0)), Ok(1));
    drop(prepared);

    let error = commensal.execute("SELECT 1", None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Syntax);
    check_error(commensal.execute("DROP FUNCTION g", None), "no such function: g");
    commensal.execute("DROP FUNCTION f", None).unwrap();
    let sql = "SELECT count(*) FROM pragma_function_list WHERE name = 'f'";
    assert_eq!(integer(&connection, sql), Ok(0));
    define(&commensal, "f", &constant(3));

    let second = install(&connection, settings()).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Conflict);
    assert_eq!(integer(&connection, "SELECT f()"), Ok(3));
    // The functions outlive the value.
    assert_eq!(integer(&connection, "SELECT f()"), Ok(3));
    check_closes(connection);

    let connection = Connection::open(&path).unwrap();
    install(&connection, settings()).unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(3));
    check_closes(connection);
}

/// Whatever the file contains and whatever state the connection is in, nothing of ours keeps it open.
#[test]
fn closing_is_never_in_our_way() {
    for sql in [
        "",
        "CREATE TABLE wasm_functions(x); CREATE VIEW wasm_modules AS SELECT 1",
        "CREATE VIEW commensal_meta AS SELECT 1",
        "CREATE TABLE commensal_meta(x)",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let connection = Connection::open(&path).unwrap();
        let commensal = install(&connection, settings()).unwrap();
        let wat = constant(1);
        let source = Some(ValueRef::Text(&wat));
        // Where the catalog cannot be made, that fails.
        let made = commensal.execute("CREATE FUNCTION f LANGUAGE wasm AS ?", source).is_ok();
        assert_eq!(made, !sql.contains("commensal"), "{sql}");
        assert_eq!(integer(&connection, "SELECT f()").is_ok(), made, "{sql}");
        connection.execute_batch("BEGIN").unwrap();
        check_closes(connection);
    }
}

#[test]
fn what_others_made_appears_with_refresh() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = Connection::open(&path).unwrap();
    let commensal = install(&connection, settings()).unwrap();
    let elsewhere = |name: &str, value| {
        let database = open(Path::new(&path));
        create(&database.connect().unwrap(), name, &constant(value), "").unwrap();
    };
    elsewhere("f", 1);
    assert!(integer(&connection, "SELECT f()").is_err());
    commensal.refresh().unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(1));
    // A change of a known function appears at the next statement.
    elsewhere("f", 2);
    assert_eq!(integer(&connection, "SELECT f()"), Ok(2));
}

/// The application's functions stay its own, whether it registers them before or after.
#[test]
fn functions_of_the_application_win() {
    let connection = Connection::open_in_memory().unwrap();
    let own = |name: &str, value: i64| {
        let flags = FunctionFlags::SQLITE_UTF8;
        connection.create_scalar_function(name, -1, flags, move |_| Ok(value)).unwrap();
    };
    own("first", 1);
    let commensal = install(&connection, settings()).unwrap();
    own("second", 2);
    for name in ["first", "second", "abs"] {
        let sql = format!("CREATE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f'");
        let wat = constant(9);
        let error = commensal.execute(&sql, Some(ValueRef::Text(&wat))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
        assert!(error.message().contains("conflicts with"), "{error:?}");
    }
    define(&commensal, "third", &constant(9));
    assert_eq!(integer(&connection, "SELECT third()"), Ok(9));
    own("third", 3);
    assert_eq!(integer(&connection, "SELECT third()"), Ok(3));
    // Other definitions do not bring ours back.
    define(&commensal, "fourth", &constant(4));
    assert_eq!(integer(&connection, "SELECT third() * 10 + fourth()"), Ok(34));
    let sql =
        "SELECT count(*) FROM wasm_functions WHERE name = 'third' AND status LIKE 'shadowed%'";
    assert_eq!(integer(&connection, sql), Ok(1));
    commensal.execute("DROP FUNCTION third", None).unwrap();
    assert_eq!(integer(&connection, "SELECT third()"), Ok(3));
}

/// Deterministic functions run while statements are prepared, to estimate (SQLite with STAT4). They
/// run no SQL and cannot fail.
#[test]
fn a_constant_call_is_estimated_with() {
    let connection = Connection::open_in_memory().unwrap();
    let commensal = install(&connection, settings()).unwrap();
    let wat = times(2);
    let sql = "CREATE FUNCTION f LANGUAGE wasm AS ? DETERMINISTIC";
    commensal.execute(sql, Some(ValueRef::Text(&wat))).unwrap();
    let traps = wat.replace(
        "(i64.store",
        "(if (i64.eqz (i64.load offset=8 (local.get 1))) (then \
                             unreachable)) (i64.store",
    );
    let sql = "CREATE FUNCTION g LANGUAGE wasm AS ? EXPORT 'f' DETERMINISTIC";
    commensal.execute(sql, Some(ValueRef::Text(&traps))).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x); CREATE INDEX i ON t(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL \
             SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i % 10 FROM n; ANALYZE",
        )
        .unwrap();
    let calls = || integer(&connection, "SELECT sum(calls) FROM wasm_stats").unwrap();
    let before = calls();
    let mut statement = connection.prepare("SELECT count(*) FROM t WHERE x = f(2)").unwrap();
    assert!(calls() > before, "this build of SQLite estimates");
    assert_eq!(statement.query_row([], |row| row.get(0)), Ok(100));
    let mut statement = connection.prepare("SELECT count(*) FROM t WHERE x < g(0)").unwrap();
    let error = statement.query_row([], |row| row.get::<_, i64>(0)).unwrap_err();
    assert!(error.to_string().contains("g(): trap"), "{error}");
}

/// No statement of Commensal's comes before the program's. So the one that finds the new version fails.
#[test]
fn a_temporary_index_of_an_earlier_version_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let database = open(&path);
    let writer = database.connect().unwrap();
    let connection = Connection::open(&path).unwrap();
    create(&writer, "f", &times(1), "DETERMINISTIC").unwrap();
    let _commensal = install(&connection, settings()).unwrap();
    connection
        .execute_batch(
            "CREATE TEMP TABLE t(x); CREATE INDEX i ON t(f(x)); INSERT INTO t VALUES (1), (2)",
        )
        .unwrap();
    create(&writer, "f", &times(-1), "DETERMINISTIC").unwrap();
    let count = "SELECT count(*) FROM t INDEXED BY i WHERE f(x) = f(2)";
    for sql in ["SELECT f(1)", count, "INSERT INTO t VALUES (3)"] {
        let error = integer(&connection, sql).unwrap_err().to_string();
        assert!(error.contains("say REINDEX"), "{sql}: {error}");
    }
    connection.execute_batch("BEGIN; REINDEX; ").unwrap();
    assert_eq!(integer(&connection, count), Ok(1));
    connection.execute_batch("ROLLBACK").unwrap();
    let error = integer(&connection, count).unwrap_err().to_string();
    assert!(error.contains("\"temp\".\"i\""), "{error}");
    connection.execute_batch("REINDEX i").unwrap();
    assert_eq!(integer(&connection, count), Ok(1));
    connection.execute_batch("INSERT INTO t VALUES (3)").unwrap();
    assert_eq!(
        connection.query_row("PRAGMA temp.integrity_check", [], |row| row.get(0)),
        Ok("ok".to_owned())
    );
}

/// An index that an application made with a function of its own is rebuilt when the first definition of that
/// name is created.
#[test]
fn an_index_of_the_applications_own_function_is_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let connection = Connection::open(&path).unwrap();
    let flags = FunctionFlags::SQLITE_DETERMINISTIC;
    let own = |context: &rusqlite::functions::Context<'_>| context.get::<i64>(0).map(|x| 10 * x);
    connection.create_scalar_function("f", 1, flags, own).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x); CREATE INDEX i ON t(f(x)); INSERT INTO t VALUES (1), (2);
             CREATE TABLE u(x); CREATE UNIQUE INDEX j ON u(f(x)); INSERT INTO u VALUES (1), (2)",
        )
        .unwrap();
    check_closes(connection);
    let database = open(&path);
    let connection = database.connect().unwrap();
    check_error(create(&connection, "f", &times(0), "DETERMINISTIC"), "UNIQUE");
    create(&connection, "f", &times(-1), "DETERMINISTIC").unwrap();
    let sql = "SELECT count(*) FROM t INDEXED BY i WHERE f(x) = -2";
    assert_eq!(crate::support::integer(&connection, sql), Ok(1));
    crate::support::check_sound(&connection);
}
