//! What SQLite has and Turso does not: indexes and columns over functions, several processes, text of
//! any bytes, a rollback journal.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use commensal::{ErrorKind, Result, Statement, Value};

use crate::support::{
    check_error, connect, constant, create, echo, integer, is_busy, memory, module, open, quick,
    times, value,
};

/// The value of the first row of a prepared statement.
fn first(statement: &mut Statement<'_>) -> Result<i64> {
    let mut rows = statement.query(())?;
    rows.next()?.map_or(Ok(i64::MIN), |row| row.get(0))
}

/// An index is rebuilt with the new version. If that is impossible, the error names it.
#[test]
fn what_an_index_depends_on() {
    let database = memory();
    let connection = connect(&database);
    create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x, y AS (f(x)) VIRTUAL); CREATE INDEX by_f ON t(f(x)); \
             CREATE INDEX by_y ON t(y DESC); INSERT INTO t VALUES (3), (1), (2)",
        )
        .unwrap();
    let error =
        check_error(create(&connection, "f", &times(-1), "DETERMINISTIC"), "cannot replace");
    assert!(error.message().contains("index \"by_f\", table \"t\" depend on it"), "{error:?}");
    check_error(connection.execute("DROP FUNCTION f", ()), "table \"t\"");

    create(&connection, "f", &times(-10), "DETERMINISTIC CASCADE REINDEX").unwrap();
    for index in ["by_f", "by_y"] {
        let sql = format!(
            "SELECT group_concat(x) FROM (SELECT x FROM t INDEXED BY {index} WHERE {} < -5 ORDER BY \
             f(x))",
            if index == "by_f" { "f(x)" } else { "y" }
        );
        assert_eq!(value(&connection, &sql).unwrap(), "3,2,1".into(), "{index}");
    }
    assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());

    // Without these SQLite could not even read the schema.
    let again = "CASCADE REINDEX";
    let error =
        check_error(create(&connection, "f", &times(2), again), "the new version has to have");
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.message().contains("index \"by_f\""), "{error:?}");
    // A version that fails on a row changes nothing.
    let fails = module(r#"(func (export "f") (param i32 i32) (result i32) unreachable)"#);
    check_error(create(&connection, "f", &fails, "DETERMINISTIC CASCADE REINDEX"), "f(): trap");
    assert!(connection.is_autocommit());
    assert_eq!(integer(&connection, "SELECT f(1)"), Ok(-10));
    assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
}

#[test]
fn what_tables_depend_on() {
    for (table, cascade) in [
        ("CREATE TABLE t(x CHECK (F(x) > 0))", true),
        ("CREATE TABLE t(x, y AS (\"f\"(x)))", true),
        ("CREATE TABLE t(x, y AS (f(x)) STORED)", false),
        ("CREATE TABLE t(x); CREATE INDEX i ON t(x) WHERE f(x) > 0", true),
        ("CREATE TEMP TABLE t(x, y AS (f(x)))", true),
    ] {
        let database = memory();
        let connection = connect(&database);
        create(&connection, "f", &times(1), "DETERMINISTIC").unwrap();
        connection.execute_batch(table).unwrap();
        connection.execute("INSERT INTO t(x) VALUES (1)", ()).unwrap();
        check_error(create(&connection, "f", &times(2), "DETERMINISTIC"), "depends on it");
        let replaced = create(&connection, "f", &times(2), "DETERMINISTIC CASCADE REINDEX");
        assert_eq!(replaced.is_ok(), cascade, "{table}: {replaced:?}");
        check_error(connection.execute("DROP FUNCTION f", ()), "depends on it");
        connection.execute_batch("DROP TABLE t; DROP FUNCTION f").unwrap();
    }
}

/// If a function is in use, its flags change once the connection is idle.
#[test]
fn determinism_changes_beside_a_running_statement() {
    let database = memory();
    let connection = connect(&database);
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)").unwrap();
    create(&connection, "f", &times(1), "").unwrap();
    let mut running = connection.prepare("SELECT f(x) FROM t").unwrap();
    assert!(running.step().unwrap());
    create(&connection, "f", &times(3), "DETERMINISTIC").unwrap();
    assert_eq!(integer(&connection, "SELECT f(1)"), Ok(3));
    assert!(running.step().unwrap());
    assert_eq!(running.column(0).unwrap(), Value::Integer(2).as_ref());
    running.reset();
    connection.execute("CREATE INDEX i ON t(f(x))", ()).unwrap();
    assert!(running.step().unwrap());
    assert_eq!(running.column(0).unwrap(), Value::Integer(3).as_ref());
}

/// With a rollback journal, a reader keeps a writer from committing. What could not be committed is
/// rolled back, in the file and in memory.
#[test]
fn a_definition_that_cannot_be_committed_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, "DELETE", Duration::ZERO);
    let (_b, b) = quick(&path, "DELETE", Duration::ZERO);
    create(&a, "f", &constant(1), "").unwrap();
    b.execute_batch("BEGIN").unwrap();
    assert_eq!(integer(&b, "SELECT f()"), Ok(1));
    for result in [
        create(&a, "f", &constant(2), ""),
        create(&a, "g", &constant(2), ""),
        a.execute("DROP FUNCTION f", ()).map(drop),
    ] {
        let error = check_error(result, "database is locked");
        assert_eq!((error.kind(), error.engine_code()), (ErrorKind::Engine, Some(5)));
        assert!(a.is_autocommit());
        for connection in [&a, &b] {
            assert_eq!(integer(connection, "SELECT f()"), Ok(1));
            check_error(value(connection, "SELECT g()"), "no such function: g");
        }
    }
    // In the user's transaction, only the user can repeat it.
    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(2), "").unwrap();
    check_error(a.execute("COMMIT", ()), "database is locked");
    assert_eq!((integer(&a, "SELECT f()"), integer(&b, "SELECT f()")), (Ok(2), Ok(1)));
    b.execute_batch("COMMIT").unwrap();
    a.execute_batch("COMMIT").unwrap();
    assert_eq!((integer(&a, "SELECT f()"), integer(&b, "SELECT f()")), (Ok(2), Ok(2)));
}

/// Only the main database defines functions. Tables and indexes elsewhere count as dependents.
#[test]
fn attached_databases_define_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["main.db", "attached.db"].map(|name| directory.path().join(name));
    create(&connect(&open(&paths[0])), "f", &times(1), "DETERMINISTIC").unwrap();
    create(&connect(&open(&paths[1])), "g", &times(2), "").unwrap();
    let database = open(&paths[0]);
    let connection = connect(&database);
    connection.execute("ATTACH ? AS other", (paths[1].to_str(),)).unwrap();
    check_error(value(&connection, "SELECT g(1)"), "no such function: g");
    create(&connection, "h", &times(3), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f(1) + h(1)"), Ok(4));
    assert_eq!(integer(&connection, "SELECT count(*) FROM other.commensal_object"), Ok(1));
    connection.execute_batch("CREATE TABLE other.t(x, y AS (f(x)))").unwrap();
    check_error(create(&connection, "f", &times(5), "DETERMINISTIC"), "table \"t\" depends on it");
    connection.execute_batch("DETACH other").unwrap();
    create(&connection, "f", &times(5), "DETERMINISTIC").unwrap();
    assert_eq!(integer(&connection, "SELECT f(1)"), Ok(5));
    check_error(value(&connect(&open(&paths[1])), "SELECT h(1)"), "no such function: h");
}

/// A connection that is locked out of the file continues with what it knows to be committed, and without
/// what was rolled back.
#[test]
fn a_rolled_back_definition_does_not_answer_while_the_file_is_locked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, "DELETE", Duration::ZERO);
    let (_b, b) = quick(&path, "DELETE", Duration::ZERO);
    create(&a, "f", &constant(1), "").unwrap();
    assert_eq!(integer(&b, "SELECT f()").unwrap(), 1);
    let mut call = a.prepare("SELECT f()").unwrap();
    b.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(first(&mut call).unwrap(), 1);
    b.execute_batch("ROLLBACK").unwrap();

    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(2), "").unwrap();
    assert_eq!(first(&mut call).unwrap(), 2);
    let mut rollback = a.prepare("ROLLBACK").unwrap();
    rollback.execute(()).unwrap();
    b.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = first(&mut call).unwrap_err();
    assert!(is_busy(&error), "{error:?}");
    assert!(error.message().starts_with("f(): "), "{error:?}");
    b.execute_batch("ROLLBACK").unwrap();
    assert_eq!(first(&mut call).unwrap(), 1);
}

#[test]
fn text_that_is_not_utf8_does_not_reach_a_guest() {
    let database = memory();
    let connection = connect(&database);
    create(&connection, "f", &echo(), "").unwrap();
    for bytes in ["ff", "61ed a080", "c3", "f4908080"] {
        let bytes = bytes.replace(' ', "");
        let sql = format!("SELECT f(CAST(x'{bytes}' AS TEXT))");
        check_error(value(&connection, &sql), "f(): argument 1 is text that is not valid UTF-8");
        let sql = format!("SELECT CAST(x'{bytes}' AS TEXT)");
        check_error(value(&connection, &sql), "not valid UTF-8");
    }
    // Other calls of the connection work.
    assert_eq!(value(&connection, "SELECT f('é')").unwrap(), "é".into());
}

#[test]
fn a_database_in_utf16_gives_the_same_text() {
    let database = memory();
    let connection = connect(&database);
    connection.execute_batch("PRAGMA encoding = 'UTF-16le'").unwrap();
    create(&connection, "f", &echo(), "").unwrap();
    connection.execute("CREATE TABLE t AS SELECT ?1 AS x", ("a\0é🦀",)).unwrap();
    assert_eq!(value(&connection, "SELECT f(x) FROM t").unwrap(), "a\0é🦀".into());
    assert_eq!(value(&connection, "SELECT f(x) || x FROM t").unwrap(), "a\0é🦀a\0é🦀".into());
}

/// Arities come and go one by one. A name without any disappears from the list.
#[test]
fn the_function_list_follows() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    let listed = |connection| {
        let sql = "SELECT count(*) FROM pragma_function_list WHERE name = 'f' AND narg = -1";
        integer(connection, sql).unwrap()
    };
    create(&a, "f", &constant(1), "").unwrap();
    assert_eq!((listed(&a), listed(&b)), (1, 1));
    a.execute("DROP FUNCTION f", ()).unwrap();
    assert_eq!((listed(&a), listed(&b)), (0, 0));
}

/// Set in the process that this test starts: the database to work on.
const OTHER_PROCESS: &str = "COMMENSAL_TEST_OTHER_PROCESS";

#[test]
fn other_processes_see_it_in_both_directions() {
    let test = "only_sqlite::other_processes_see_it_in_both_directions";
    if let Ok(path) = std::env::var(OTHER_PROCESS) {
        return other_process(Path::new(&path));
    }
    for journal in crate::JOURNALS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("shared.db");
        let database = open(&path);
        let connection = connect(&database);
        connection.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
        create(&connection, "f", &constant(1), "").unwrap();
        let mut prepared = connection.prepare("SELECT f()").unwrap();
        prepared.execute(()).unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact"])
            .env(OTHER_PROCESS, &path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let mut rows = prepared.query(()).unwrap();
        assert_eq!(rows.next().unwrap().unwrap().get::<i64>(0).unwrap(), 2);
        drop(rows);
        assert_eq!(integer(&connection, "SELECT g()").unwrap(), 3);
    }
}

/// Sees the parent's definition, and changes it.
fn other_process(path: &Path) {
    let database = open(path);
    let connection = connect(&database);
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 1);
    create(&connection, "f", &constant(2), "").unwrap();
    create(&connection, "g", &constant(3), "").unwrap();
}

/// Operators are calls, too.
#[test]
fn what_depends_on_an_operator() {
    let database = memory();
    let connection = connect(&database);
    create(&connection, "regexp", &times(1), "DETERMINISTIC").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(a); CREATE INDEX i ON t(a) WHERE a REGEXP 1; \
             INSERT INTO t VALUES (3), (0), (2)",
        )
        .unwrap();
    let rows = "SELECT count(*) FROM t INDEXED BY i WHERE a REGEXP 1";
    assert_eq!(integer(&connection, rows), Ok(3));
    let error = check_error(create(&connection, "regexp", &times(0), "DETERMINISTIC"), "cannot");
    assert!(error.message().contains("index \"i\" depends on it"), "{error:?}");
    check_error(connection.execute("DROP FUNCTION regexp", ()), "index \"i\"");
    create(&connection, "regexp", &times(0), "DETERMINISTIC CASCADE REINDEX").unwrap();
    assert_eq!(integer(&connection, rows), Ok(0));
    assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    connection.execute_batch("CREATE TABLE c(a CHECK (a NOT REGEXP 1))").unwrap();
    check_error(connection.execute("DROP FUNCTION regexp CASCADE REINDEX", ()), "table \"c\"");
    connection.execute_batch("DROP TABLE c").unwrap();
    connection.execute("DROP FUNCTION regexp CASCADE REINDEX", ()).unwrap();
    connection.execute_batch("INSERT INTO t VALUES (4); VACUUM").unwrap();
}

/// SQLite keeps the entry of a deleted function with a fixed number of arguments.
#[test]
fn a_variadic_function_after_one_of_a_fixed_number_of_arguments() {
    let database = memory();
    let connection = connect(&database);
    let wat = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/wat/arities.wat"),
    )
    .unwrap();
    let fixed = || {
        connection.execute("CREATE EXTENSION arities LANGUAGE wasm AS ?", (wat.as_str(),)).unwrap();
        assert_eq!(integer(&connection, "SELECT pick(7, 8)"), Ok(102));
    };
    let variadic = |more| {
        create(&connection, "pick", &times(10), more).unwrap();
        for (sql, expected) in
            [("SELECT pick(7)", 70), ("SELECT pick(7, 8)", 70), ("SELECT pick(7, 8, 9)", 70)]
        {
            assert_eq!(integer(&connection, sql), Ok(expected), "{sql} {more}");
        }
    };
    let drop_fixed = || connection.execute_batch("DROP EXTENSION arities").unwrap();
    let drop_variadic = || connection.execute_batch("DROP FUNCTION pick").unwrap();
    fixed();
    drop_fixed();
    check_error(connection.execute("SELECT pick(7)", ()), "no such function: pick");
    variadic("");
    variadic("DETERMINISTIC");
    connection.execute_batch("BEGIN").unwrap();
    drop_variadic();
    fixed();
    connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(integer(&connection, "SELECT pick(7, 8)"), Ok(70));
    drop_variadic();
    check_error(connection.execute("SELECT pick(7)", ()), "no such function: pick");
    fixed();
    drop_fixed();
    // Nothing looks at the catalog in between.
    connection.execute_batch("SAVEPOINT s").unwrap();
    variadic("");
    connection.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
    check_error(connection.execute("SELECT pick(7)", ()), "no such function: pick");
    variadic("");
    // A statement that runs meanwhile keeps its version.
    let mut running = connection.prepare("SELECT pick(1) UNION ALL SELECT pick(2)").unwrap();
    assert_eq!(first(&mut running), Ok(10));
}
