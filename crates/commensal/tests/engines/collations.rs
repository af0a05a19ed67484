//! Collations under indexes while others replace them: each index always has the order of the current
//! version.

use std::time::Duration;

use commensal::{Connection, Error, Result};

use crate::support::{Random, check_error, connect, is_busy, memory, open, quick, soak, value};

/// The length in ascending (1) or descending (-1) order, and nothing else.
pub(crate) fn order(sign: i64) -> String {
    format!(
        r#"(module
          (memory (export "memory") 1)
          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
          (@custom "commensal" "{{\22abi\22:1}}"
            "{{\22collation\22:{{\22name\22:\22by_length\22,\22compare\22:\22compare\22}}}}")
          (func (export "compare") (param i32 i32) (result i32)
            (i64.store (i32.const 16) (i64.const 1))
            (i64.store (i32.const 24) (i64.mul (i64.const {sign}) (i64.sub
              (i64.load32_u offset=4 (local.get 1)) (i64.load32_u offset=20 (local.get 1)))))
            (i32.const 16)))"#
    )
}

pub(crate) const CREATE: &str =
    "CREATE OR REPLACE EXTENSION orders LANGUAGE wasm AS ? CASCADE REINDEX";

fn replace(connection: &Connection, sign: i64) -> Result<()> {
    connection.execute(CREATE, (order(sign).as_str(),)).map(drop)
}

fn prepare(connection: &Connection) {
    replace(connection, 1).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(x TEXT COLLATE by_length); CREATE INDEX i ON t(x);
             CREATE TABLE u(x TEXT, y TEXT); CREATE INDEX j ON u(y, x COLLATE by_length)",
        )
        .unwrap();
}

#[track_caller]
fn check_in_order(connection: &Connection) {
    assert_eq!(value(connection, "PRAGMA integrity_check").unwrap(), "ok".into());
}

/// A statement may fail because of a lock, or because it is out of turn, such as BEGIN in a transaction.
fn check_expected(result: Result<()>) {
    if let Err(error) = result {
        let out_of_turn = |error: &Error| {
            ["within a transaction", "no transaction is active"]
                .iter()
                .any(|text| error.message().contains(text))
        };
        assert!(is_busy(&error) || out_of_turn(&error), "{error:?}");
    }
}

#[test]
fn an_index_is_in_the_order_of_its_collation() {
    for journal in ["DELETE", "WAL"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.db");
        let (database, first) = quick(&path, journal, Duration::ZERO);
        prepare(&first);
        let second = connect(&database);
        second.execute_batch("PRAGMA synchronous = OFF").unwrap();
        let connections = [first, second];
        let mut random = Random::new(7);
        for step in 0..600 * soak() {
            let connection = &connections[random.below(2)];
            let text = "x".repeat(random.below(9));
            check_expected(match random.below(12) {
                0 => connection.execute_batch("BEGIN"),
                1 => connection.execute_batch("BEGIN IMMEDIATE"),
                2 | 3 => connection.execute_batch("COMMIT"),
                4 => connection.execute_batch("ROLLBACK"),
                5 => replace(connection, if random.below(2) == 0 { 1 } else { -1 }),
                6 => connection.execute("DELETE FROM t WHERE x = ?", (text.as_str(),)).map(drop),
                7 => connection
                    .execute("INSERT INTO u SELECT x, x FROM t ORDER BY x LIMIT 2", ())
                    .map(drop),
                _ => connection.execute("INSERT INTO t VALUES (?)", (text.as_str(),)).map(drop),
            });
            if step % 10 == 0 {
                for connection in &connections {
                    check_in_order(connection);
                }
            }
        }
    }
}

/// A statement that was prepared before. Its connection notices nothing else.
#[test]
fn prepared_statements_follow_a_replacement() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (database, first) = quick(&path, "DELETE", Duration::ZERO);
    prepare(&first);
    let second = connect(&database);
    let mut insert = second.prepare("INSERT INTO t VALUES (?)").unwrap();
    for round in 0..4_usize {
        for length in 0..5 {
            insert.execute(("x".repeat(length).as_str(),)).unwrap();
        }
        check_in_order(&first);
        replace(&first, if round % 2 == 0 { -1 } else { 1 }).unwrap();
        check_in_order(&second);
    }
}

#[test]
fn a_fault_on_a_thread_of_the_sorter_is_told() {
    let database = open(&tempfile::tempdir().unwrap().path().join("t.db"));
    drop(database);
    let directory = tempfile::tempdir().unwrap();
    let connection = connect(&open(&directory.path().join("t.db")));
    let wat = order(1).replace("(i32.const 16)))", "(unreachable)))");
    connection.execute(CREATE, (wat.as_str(),)).unwrap();
    connection
        .execute_batch(
            "PRAGMA threads = 4; PRAGMA cache_size = 10; CREATE TABLE t(x);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO t SELECT printf('%.*c', i % 50, 'x') FROM n",
        )
        .unwrap();
    for _ in 0..3 {
        let sorted = value(&connection, "SELECT x FROM t ORDER BY x COLLATE by_length");
        check_error(sorted, "the collation by_length: trap: unreachable");
        let index = connection.execute_batch("CREATE INDEX i ON t(x COLLATE by_length)");
        check_error(index, "the collation by_length: trap: unreachable");
    }
    replace(&connection, 1).unwrap();
    connection.execute_batch("CREATE INDEX i ON t(x COLLATE by_length)").unwrap();
    check_in_order(&connection);
}

/// A program with its own driver: Commensal does not see its statements begin.
#[cfg(feature = "rusqlite")]
#[test]
fn another_driver_follows_a_replacement() {
    use std::sync::Arc;

    use commensal::WasmtimeRuntime;
    use commensal::core::settings::Settings;
    use commensal::rusqlite::install;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_database, first) = quick(&path, "WAL", Duration::ZERO);
    prepare(&first);
    let other = rusqlite::Connection::open(&path).unwrap();
    let mut settings = Settings::default();
    settings.runtime = Some(Arc::new(WasmtimeRuntime::new()));
    install(&other, settings).unwrap();
    let mut insert = other.prepare("INSERT INTO t VALUES (?)").unwrap();
    for round in 0..6_usize {
        if round % 3 == 2 {
            other.execute_batch("BEGIN").unwrap();
        }
        for length in 0..5 {
            insert.execute(["x".repeat(length)]).unwrap();
        }
        if round % 3 == 2 {
            other.execute_batch("COMMIT").unwrap();
        }
        check_in_order(&first);
        replace(&first, if round % 2 == 0 { -1 } else { 1 }).unwrap();
        let sound: String =
            other.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }
}

/// With the new version, every index of everything that depends on a collation is sound, or nothing has
/// changed.
#[test]
fn what_is_rebuilt_is_sound() {
    for (sql, reversed, equal) in [
        (
            "CREATE TABLE t(k TEXT COLLATE by_length PRIMARY KEY, v); CREATE INDEX i ON t(v)",
            true,
            false,
        ),
        (
            "CREATE TABLE t(k TEXT COLLATE by_length PRIMARY KEY, v) WITHOUT ROWID; \
             CREATE INDEX i ON t(v); CREATE INDEX j ON t(v + 1); CREATE INDEX p ON t(v) WHERE v > 0",
            true,
            false,
        ),
        (
            "CREATE TABLE t(v, k TEXT COLLATE by_length, u UNIQUE, PRIMARY KEY(v, k)) WITHOUT ROWID; \
             CREATE INDEX i ON t(u, v)",
            true,
            false,
        ),
        (
            "CREATE TABLE t(k TEXT COLLATE by_length, v, c AS (k || 'x') UNIQUE); \
             CREATE INDEX i ON t(v, c DESC)",
            true,
            true,
        ),
        ("CREATE TABLE t(k TEXT, v); CREATE INDEX i ON t(k COLLATE by_length, v)", true, true),
        (
            "CREATE TABLE t(k TEXT PRIMARY KEY, v) WITHOUT ROWID; \
             CREATE UNIQUE INDEX i ON t(k COLLATE by_length)",
            true,
            false,
        ),
        ("CREATE TABLE t(k TEXT, v, CHECK (k < 'aaaaaa' COLLATE by_length))", false, false),
        ("CREATE TABLE t(k TEXT, v, CHECK (k <= 'aaaaaa' COLLATE by_length))", false, true),
        (
            "CREATE TEMP TABLE t(k TEXT COLLATE by_length PRIMARY KEY, v) WITHOUT ROWID; \
          CREATE INDEX temp.i ON t(v)",
            true,
            false,
        ),
    ] {
        let database = crate::support::memory();
        let connection = connect(&database);
        replace(&connection, 1).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
            .execute_batch(
                "INSERT INTO t(k, v) VALUES ('a', 1), ('bb', 1), ('ccc', 2), ('dddd', 1)",
            )
            .unwrap();
        for (sign, possible) in [(-1, reversed), (0, equal), (1, true)] {
            let replaced = replace(&connection, sign);
            assert_eq!(replaced.is_ok(), possible, "{sql} {sign}: {replaced:?}");
            assert!(connection.is_autocommit());
            assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into(), "{sql}");
            assert_eq!(value(&connection, "SELECT count(*) FROM t").unwrap(), 4.into(), "{sql}");
        }
    }
}

/// CASCADE REINDEX checks indexes and constraints of a table, and no foreign keys. SQLite lists those that no
/// longer hold.
#[test]
fn foreign_keys_are_not_checked_when_a_collation_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let connection = connect(&open(&directory.path().join("t.db")));
    // All texts are equal.
    replace(&connection, 0).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON; CREATE TABLE p(k TEXT COLLATE by_length PRIMARY KEY);
             CREATE TABLE c(k TEXT REFERENCES p); INSERT INTO p VALUES ('a'); INSERT INTO c VALUES ('bbb')",
        )
        .unwrap();
    let violations = "SELECT count(*) FROM pragma_foreign_key_check";
    assert_eq!(value(&connection, violations).unwrap(), 0.into());
    replace(&connection, 1).unwrap();
    assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    assert_eq!(value(&connection, violations).unwrap(), 1.into());
}

/// A statement that reads by an index gives each row once, whether the index can be rebuilt meanwhile or not.
#[test]
fn a_statement_that_reads_loses_no_row_to_a_replacement() {
    let connection = connect(&memory());
    prepare(&connection);
    connection.execute_batch("INSERT INTO t VALUES ('a'), ('bb'), ('ccc'), ('dddd')").unwrap();
    let mut reading = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
    let mut rows = 0;
    assert!(reading.step().unwrap());
    let replaced = replace(&connection, -1);
    while reading.step().unwrap() {
        rows += 1;
    }
    assert_eq!(rows, 3, "{replaced:?}");
    drop(reading);
    replace(&connection, -1).unwrap();
    check_in_order(&connection);
}
