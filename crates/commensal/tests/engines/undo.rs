//! Statements that write and do not reach their end: abandoned after a row, or interrupted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use commensal::{Capabilities, Connection, Database, ErrorKind, InterruptHandle};

use crate::support::{connect, create, echo, integer, module, options, value};

const TABLES: &str = "
    CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b);
    CREATE INDEX tb ON t(b);
    INSERT INTO t VALUES (1, 10, 100), (2, 20, 200), (3, 30, 300);
    CREATE TABLE log(x);
    CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.b); END;";

/// Data that must not be damaged, and a number for the rest.
#[track_caller]
fn state(connection: &Connection, sql: &str) -> i64 {
    let whole = value(connection, "PRAGMA integrity_check").unwrap();
    assert_eq!(whole, commensal::Value::from("ok"), "{sql}");
    let by_index = "SELECT sum(b) FROM t INDEXED BY tb WHERE b > 0";
    let by_table = "SELECT sum(b) FROM t NOT INDEXED";
    assert_eq!(integer(connection, by_index), integer(connection, by_table), "{sql}");
    integer(
        connection,
        "SELECT coalesce(sum(id * 1000000 + b), 0) + (SELECT count(*) FROM log) * 100000000 FROM t",
    )
    .unwrap()
}

/// RETURNING is computed after all rows are changed, so a statement that is then abandoned has done
/// its work.
#[test]
fn a_statement_that_is_left_after_a_row_is_done_wholly() {
    for transaction in ["", "BEGIN", "SAVEPOINT s"] {
        for sql in [
            "DELETE FROM t RETURNING f(id)",
            "DELETE FROM t WHERE id < 3 RETURNING f(id)",
            "UPDATE t SET b = b + 1 RETURNING f(id)",
            "UPDATE t SET b = f(b + 1) WHERE f(id) > 1 RETURNING f(b), b",
            "INSERT INTO t VALUES (4, 40, 400), (5, 50, 500) RETURNING f(id)",
            "INSERT INTO t SELECT id + 10, f(a + 1), b FROM t RETURNING id",
            "REPLACE INTO t VALUES (1, 11, 101), (2, 21, 201) RETURNING f(id)",
            "INSERT INTO t VALUES (1, 1, 1), (9, 9, 9) ON CONFLICT DO UPDATE SET b = f(7) RETURNING f(b)",
        ] {
            let outcome = |left: bool| {
                let connection = connect(&crate::support::memory());
                create(&connection, "f", &echo(), "").unwrap();
                connection.execute_batch(TABLES).unwrap();
                connection.execute_batch(transaction).unwrap();
                let before = state(&connection, sql);
                let mut statement = connection.prepare(sql).unwrap();
                assert!(statement.step().unwrap());
                while !left && statement.step().unwrap() {}
                drop(statement);
                let after = state(&connection, sql);
                assert_ne!(before, after, "{sql}");
                connection.execute("INSERT INTO log VALUES (1)", ()).unwrap();
                if !transaction.is_empty() {
                    assert!(!connection.is_autocommit(), "{sql}");
                    connection.execute_batch("COMMIT").unwrap();
                }
                assert_eq!(state(&connection, sql), after + 100_000_000, "{sql}");
                after
            };
            assert_eq!(outcome(true), outcome(false), "{transaction}: {sql}");
        }
    }
}

/// A function that, if called with 3, makes the host interrupt the connection, and then does not
/// return.
fn interrupting() -> String {
    module(
        r#"(func (export "f") (param i32 i32) (result i32)
            (if (i64.eq (i64.load offset=8 (local.get 1)) (i64.const 3))
              (then
                (call $log (i32.const 0) (i32.const 512) (i32.const 1))
                (loop (br 0))))
            (local.get 1))"#,
    )
}

#[test]
fn an_interrupt_undoes_its_statement() {
    for transaction in ["", "BEGIN", "SAVEPOINT s"] {
        for sql in [
            "INSERT INTO t SELECT f(id) + 10, a + 1, b FROM t",
            "INSERT INTO t VALUES (11, 1, 1), (12, 2, f(3))",
            "INSERT INTO t VALUES (11, 1, 1), (12, 2, 3) RETURNING f(b)",
            "UPDATE t SET b = f(id)",
            "UPDATE t SET b = b + 1 RETURNING f(id)",
            "UPDATE t SET b = f(other.id) FROM t AS other WHERE other.id = t.id",
            "DELETE FROM t WHERE f(id) > 0",
            "DELETE FROM t RETURNING f(id)",
            "REPLACE INTO t SELECT f(id), a, b + 1 FROM t",
            "INSERT INTO t VALUES (9, 9, 9), (1, 1, 1) ON CONFLICT (id) DO UPDATE SET b = f(3)",
            "INSERT INTO fired VALUES (1), (3)",
            "INSERT INTO checked VALUES (1), (3)",
            "CREATE TABLE made AS SELECT f(id) FROM t",
        ] {
            let handle: Arc<Mutex<Option<InterruptHandle>>> = Arc::default();
            let interrupts = Arc::new(AtomicU64::new(0));
            let log = {
                let (handle, interrupts) = (Arc::clone(&handle), Arc::clone(&interrupts));
                move |_: commensal::LogLevel, _: &str| {
                    interrupts.fetch_add(1, Ordering::Relaxed);
                    handle.lock().unwrap().as_ref().unwrap().interrupt();
                }
            };
            let mut limits = commensal::Limits::default();
            limits.call_timeout = std::time::Duration::from_secs(600);
            let options = options()
                .limits(limits)
                .grant("log".parse::<Capabilities>().unwrap())
                .log(Arc::new(log));
            let connection = connect(&Database::open_in_memory(options).unwrap());
            *handle.lock().unwrap() = Some(connection.interrupt_handle());
            create(&connection, "f", &interrupting(), "WITH (allow = 'log')").unwrap();
            connection.execute_batch(TABLES).unwrap();
            connection
                .execute_batch(
                    "CREATE TABLE fired(x);
                     CREATE TRIGGER fire AFTER INSERT ON fired BEGIN
                       INSERT INTO log VALUES (new.x); SELECT f(new.x); END;
                     CREATE TABLE checked(x CHECK (f(x) > 0));",
                )
                .unwrap();
            let before = state(&connection, sql);
            connection.execute_batch(transaction).unwrap();
            let error = connection.execute(sql, ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{sql}: {error:?}");
            assert_eq!(interrupts.load(Ordering::Relaxed), 1, "{sql}");
            assert_eq!(state(&connection, sql), before, "{transaction}: {sql}");
            connection.execute("INSERT INTO log VALUES (1)", ()).unwrap();
            if !connection.is_autocommit() {
                connection.execute_batch("COMMIT").unwrap();
            }
            assert_eq!(state(&connection, sql), before + 100_000_000, "{transaction}: {sql}");
        }
    }
}

/// A guest's table that fails in the middle of a statement within a transaction. In another program's
/// driver, that needs a savepoint.
#[test]
fn a_table_that_fails_undoes_its_statement() {
    const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/evil");
    let wat = std::fs::read_to_string(format!("{GUESTS}/table_next_traps.wat")).unwrap();
    for transaction in ["", "BEGIN", "BEGIN; SAVEPOINT s"] {
        let connection = connect(&crate::support::memory());
        let create = "CREATE EXTENSION table_next_traps LANGUAGE wasm AS ?";
        connection.execute(create, (wat.as_str(),)).unwrap();
        connection.execute_batch(TABLES).unwrap();
        let before = state(&connection, "");
        connection.execute_batch(transaction).unwrap();
        for sql in [
            "INSERT INTO t(b) SELECT value FROM table_next_traps",
            "INSERT OR REPLACE INTO t SELECT value, value, value FROM table_next_traps",
            "INSERT OR IGNORE INTO t SELECT value, value, value FROM table_next_traps",
            "UPDATE t SET b = value FROM table_next_traps WHERE value < 4",
            "UPDATE t SET b = (SELECT count(*) FROM table_next_traps)",
            "DELETE FROM t WHERE id IN (SELECT value FROM table_next_traps)",
            "DELETE FROM t RETURNING (SELECT max(value) FROM table_next_traps)",
            "CREATE TABLE made AS SELECT value FROM table_next_traps",
            "CREATE TEMP TABLE made AS SELECT value FROM table_next_traps",
        ] {
            let error = connection.execute(sql, ()).unwrap_err();
            assert!(error.message().contains("table_next_traps.next(): trap"), "{sql}: {error}");
            assert_eq!(state(&connection, sql), before, "{transaction}: {sql}");
        }
        connection.execute("INSERT INTO log VALUES (1)", ()).unwrap();
        assert_eq!(connection.is_autocommit(), transaction.is_empty());
        if !transaction.is_empty() {
            connection.execute_batch("COMMIT").unwrap();
        }
        assert_eq!(state(&connection, ""), before + 100_000_000);
    }
}
