//! Scans of table functions within larger statements of SQLite: several for one OR, and scans in
//! statements that write and fail.

use commensal::{Connection, Value};

use crate::support::{check_error, connect, integer, memory, value};
use crate::tables::extension;

fn list(connection: &Connection, sql: &str) -> String {
    match value(connection, &format!("SELECT group_concat(v) FROM ({sql})")) {
        Ok(Value::Text(text)) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn each_side_of_an_or_gives_its_rows_once() {
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "series", "wat/series.wat");
    connection
        .execute_batch("CREATE TABLE p(a, b); INSERT INTO p VALUES (1, 2), (5, 7), (1, 2)")
        .unwrap();
    for (sql, expected) in [
        (
            "SELECT value AS v FROM series WHERE (start=1 AND stop=2) OR (start=3 AND stop=4)",
            "1,2,3,4",
        ),
        // Rows that both sides have with the same arguments are the same rows.
        (
            "SELECT value AS v FROM series WHERE (start=1 AND stop=3) OR (start=1 AND stop=3 AND value>1)",
            "1,2,3",
        ),
        // With other arguments, they are different rows.
        (
            "SELECT value AS v FROM series WHERE (start=1 AND stop=3) OR (start=2 AND stop=3)",
            "1,2,3,2,3",
        ),
        (
            "SELECT value AS v FROM series WHERE (start=1 AND stop=2) OR (start=3 AND stop=4) OR \
             (start=5 AND stop=6 AND step=1)",
            "1,2,3,4,5,6",
        ),
        (
            "SELECT value AS v FROM series WHERE (start IN (9, 11) AND stop=12) OR \
             (start=11 AND stop=12) OR (start=3 AND stop=4)",
            "9,10,11,12,11,12,3,4",
        ),
        (
            "SELECT value AS v FROM p, series WHERE (start=a AND stop=b) OR (start=a+100 AND \
             stop=b+100)",
            "1,2,101,102,5,6,7,105,106,107,1,2,101,102",
        ),
        (
            "SELECT x.value || '-' || y.value AS v FROM series(1, 2) x, series y WHERE (y.start=1 \
             AND y.stop=1) OR (y.start=x.value AND y.stop=2)",
            "1-1,1-1,1-2,2-1,2-2",
        ),
        ("SELECT rowid AS v FROM series(5, 7)", "1,2,3"),
        ("SELECT y.rowid AS v FROM series(1, 2) x, series(8, 9) y", "1,2,1,2"),
        (
            "SELECT count(DISTINCT rowid) AS v FROM series WHERE (start=1 AND stop=300) OR (start=2 \
             AND stop=300)",
            "599",
        ),
    ] {
        assert_eq!(list(&connection, sql), expected, "{sql}");
    }
}

/// After a conflict, the rows are those that SQL says, also if they come from a guest.
#[test]
fn fail_keeps_the_rows_before() {
    let database = memory();
    let connection = connect(&database);
    extension(&connection, "series", "wat/series.wat");
    connection
        .execute_batch(
            "CREATE TABLE u(a UNIQUE); CREATE TABLE w(a); \
             CREATE TRIGGER tr BEFORE INSERT ON w WHEN new.a = 4 \
             BEGIN SELECT RAISE(FAIL, 'four is too many'); END; BEGIN; INSERT INTO u VALUES (3)",
        )
        .unwrap();
    for (sql, error, table, expected) in [
        ("INSERT OR FAIL INTO u SELECT value FROM series(1, 5)", "UNIQUE", "u", 3),
        ("INSERT OR ABORT INTO u SELECT value FROM series(4, 1, -1)", "UNIQUE", "u", 3),
        ("INSERT INTO w SELECT value FROM series(1, 5)", "four is too many", "w", 3),
        (
            "UPDATE OR FAIL u SET a = 7 WHERE a IN (SELECT value FROM series(1, 2))",
            "UNIQUE",
            "u",
            3,
        ),
        // If a guest fails, its statement is undone, whatever it says about conflicts.
        ("INSERT OR FAIL INTO w SELECT value FROM series(10, 'x')", "series", "w", 3),
        (
            "INSERT OR FAIL INTO w SELECT s.value FROM (SELECT 10 AS n UNION ALL SELECT 'x') c \
             CROSS JOIN series s WHERE s.start = 10 AND s.stop = c.n",
            "series",
            "w",
            3,
        ),
    ] {
        check_error(connection.execute(sql, ()), error);
        assert!(!connection.is_autocommit(), "{sql}");
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(integer(&connection, &count), Ok(expected), "{sql}");
    }
    assert_eq!(integer(&connection, "SELECT max(a) FROM u"), Ok(7));
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(integer(&connection, "SELECT count(*) FROM u"), Ok(3));
}
