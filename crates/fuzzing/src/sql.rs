//! A guest's requests: calls of `sql_*` and other imports in any order with any arguments, and SQL text of any
//! tokens. A guest with `sql_read` must change nothing. One with `sql_write` must not change the catalog.

use commensal::{Connection, Sqlite};

use crate::answers::{check, connect, read};
use crate::asks::stepped;
use crate::script::Script;

/// The state that a reading guest must not change.
fn state(connection: &Connection) -> String {
    let sql = "SELECT total_changes() || ' ' || (SELECT schema_version FROM pragma_schema_version) || ' ' || \
               (SELECT user_version FROM pragma_user_version) || ' ' || \
               (SELECT count(*) FROM pragma_database_list WHERE name <> 'temp') || ' ' || \
               (SELECT count(*) FROM temp.sqlite_master)";
    connection.query_row(sql, (), |row| row.get(0)).expect("the connection answers")
}

fn catalog(connection: &Connection) -> String {
    let sql =
        "SELECT group_concat(kind || name || hex(sha256) || options) FROM main.commensal_object";
    connection.query_row(sql, (), |row| row.get(0)).expect("the catalog is there")
}

/// Runs one script of a guest that calls the host. Returns true if it stepped a statement.
///
/// # Panics
/// The guest changed what it must not change, or the connection no longer works.
pub fn run(data: &[u8]) -> bool {
    thread_local! {
        static READS: Connection = connect(&Sqlite, "sql_read,log,clock,random");
        static WRITES: Connection = connect(&Sqlite, "sql_read,sql_write");
    }
    let Some((&which, calls)) = data.split_first() else { return false };
    let before = stepped();
    if which % 4 != 0 {
        READS.with(|connection| reads(connection, "SELECT asks(a) FROM own", calls));
        return stepped() != before;
    }
    WRITES.with(|connection| {
        let before = catalog(connection);
        // Each input must find the same data.
        connection.execute_batch("SAVEPOINT fuzz").expect("a savepoint");
        Script::set(calls);
        read(connection, "SELECT asks(1)");
        Script::set(&[]);
        connection.execute_batch("ROLLBACK TO fuzz; RELEASE fuzz").expect("the changes are undone");
        assert_eq!(catalog(connection), before);
        check(connection);
    });
    stepped() != before
}

fn reads(connection: &Connection, sql: &str, calls: &[u8]) {
    let before = state(connection);
    Script::set(calls);
    read(connection, sql);
    Script::set(&[]);
    assert_eq!(state(connection), before);
    check(connection);
    assert!(connection.is_autocommit() && !std::path::Path::new("fuzzed.db").exists());
}

/// Prepares one text of tokens as a guest with `sql_read`. Returns true if it is authorized, and then steps it.
///
/// # Panics
/// The guest changed something.
pub fn authorize(data: &[u8]) -> bool {
    thread_local! {
        static READS: Connection = connect(&Sqlite, "sql_read");
    }
    let mut script = Script::new(data);
    let (begin, count) = (script.byte(), script.byte());
    // As `asks.rs` reads it, after a byte of `script.rs`: sql_prepare with a text of tokens.
    let mut calls = vec![0, 0, 0, 0, 0, 0, begin, count];
    let tokens = if begin % 8 < 4 || count < 128 { count % 12 } else { 0 };
    calls.extend((0..2 * tokens).map(|_| script.byte()));
    for _ in 0..4 {
        // sql_step(…) and sql_column(…, 0, …).
        calls.extend([2, 1, 0, 5, 1, 0, 210, 211, 5, 0, 255]);
    }
    let before = stepped();
    READS.with(|connection| reads(connection, "SELECT asks(1)", &calls));
    stepped() != before
}
