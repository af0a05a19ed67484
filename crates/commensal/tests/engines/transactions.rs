//! Transactions, and the state of the catalog within them.

use std::time::Duration;

use crate::support::{connect, constant, create, integer, memory, quick};

#[test]
fn the_first_catalog_is_rolled_back_with_its_transaction() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(1), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 1);
    a.execute_batch("ROLLBACK").unwrap();
    for connection in [&a, &b] {
        let error = integer(connection, "SELECT f()").unwrap_err();
        assert_eq!(error.message(), "no such function: f");
        assert_eq!(integer(connection, "SELECT count(*) FROM sqlite_schema").unwrap(), 0);
    }
    create(&b, "f", &constant(2), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 2);
}

/// After a rollback, the transaction's version of the schema is used again.
#[test]
fn a_catalog_made_elsewhere_after_a_rollback_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
    let (_b, b) = quick(&path, crate::JOURNALS[0], Duration::ZERO);
    let version = |connection| integer(connection, "PRAGMA schema_version").unwrap();
    a.execute_batch("BEGIN").unwrap();
    for table in 0..20 {
        a.execute(&format!("CREATE TABLE t{table}(x)"), ()).unwrap();
    }
    let error = a.prepare("SELECT f()").unwrap_err();
    assert_eq!(error.message(), "no such function: f");
    let rolled_back = version(&a);
    a.execute_batch("ROLLBACK").unwrap();
    b.execute_batch("BEGIN").unwrap();
    create(&b, "f", &constant(1), "").unwrap();
    while version(&b) < rolled_back {
        b.execute(&format!("CREATE TABLE u{}(x)", version(&b)), ()).unwrap();
    }
    assert_eq!(version(&b), rolled_back);
    b.execute_batch("COMMIT").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 1);
}

/// A first statement that writes waits for the locks of others, in a transaction too, because preparing it
/// takes no lock.
#[test]
fn preparing_in_a_transaction_takes_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.db");
    let (_a, a) = quick(&path, "WAL", Duration::ZERO);
    let (_b, b) = quick(&path, "WAL", Duration::ZERO);
    create(&a, "f", &constant(1), "").unwrap();
    a.execute_batch("CREATE TABLE t(x)").unwrap();
    b.execute_batch("BEGIN").unwrap();
    let mut insert = b.prepare("INSERT INTO t VALUES (1)").unwrap();
    a.execute("INSERT INTO t VALUES (2)", ()).unwrap();
    // With an earlier snapshot, this would be too late.
    insert.execute(()).unwrap();
    drop(insert);
    b.execute_batch("COMMIT").unwrap();
    assert_eq!(integer(&a, "SELECT sum(x) FROM t").unwrap(), 3);
}

/// This also holds if the engine prepares the statement again because the schema has changed.
#[test]
fn a_failing_returning_undoes_a_statement_that_was_prepared_before() {
    let connection = connect(&memory());
    let fails =
        crate::support::module(r#"(func (export "f") (param i32 i32) (result i32) (unreachable))"#);
    create(&connection, "fails", &fails, "").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE); INSERT INTO t VALUES (1, 2), (3, 4)",
        )
        .unwrap();
    let sql = "DELETE FROM t WHERE id = ? RETURNING iif(a = ?, fails(a), a)";
    let mut statement = connection.prepare(sql).unwrap();
    for change in ["CREATE TABLE u(a)", "CREATE INDEX ta ON t(a)", "DROP TABLE u"] {
        connection.execute_batch("BEGIN; INSERT INTO t VALUES (5, 6)").unwrap();
        connection.execute_batch(change).unwrap();
        let mut rows = statement.query((1, 2)).unwrap();
        assert!(rows.next().is_err(), "{change}");
        drop(rows);
        assert_eq!(integer(&connection, "SELECT count(*) FROM t").unwrap(), 3, "{change}");
        let mut rows = statement.query((5, 2)).unwrap();
        assert!(rows.next().unwrap().is_some(), "{change}");
        drop(rows);
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(integer(&connection, "SELECT sum(a) FROM t").unwrap(), 6, "{change}");
        let check = crate::support::value(&connection, "PRAGMA integrity_check").unwrap();
        assert_eq!(check, "ok".into());
    }
}
