//! A database in memory is separate from files: if SQL names a file, it is a file.

use commensal::Database;

use crate::support::{check_error, connect, integer, memory, options, value};

#[test]
fn files_beside_a_database_in_memory_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    {
        let connection = connect(&memory());
        for (name, journal) in [("n.db", "DELETE"), ("w.db", "WAL")] {
            connection.execute("ATTACH ? AS n", (path(name),)).unwrap();
            connection.execute_batch(&format!("PRAGMA n.journal_mode = {journal}")).unwrap();
            connection
                .execute_batch(
                    "CREATE TABLE n.t(a); BEGIN; INSERT INTO n.t VALUES (1), (2); \
                     CREATE TABLE IF NOT EXISTS main.m(a); INSERT INTO main.m VALUES (3); COMMIT; \
                     DETACH n",
                )
                .unwrap();
        }
        connection.execute("VACUUM INTO ?", (path("saved.db"),)).unwrap();
    }
    for (name, sql, expected) in [
        ("n.db", "SELECT sum(a) FROM t", 3),
        ("w.db", "SELECT sum(a) FROM t", 3),
        ("saved.db", "SELECT count(*) FROM m", 2),
    ] {
        let database = Database::open(path(name), options().create(false)).unwrap();
        assert_eq!(integer(&connect(&database), sql), Ok(expected), "{name}");
        assert_eq!(
            value(&connect(&database), "PRAGMA integrity_check").unwrap(),
            "ok".into(),
            "{name}"
        );
    }
    let connection = connect(&memory());
    check_error(
        connection.execute("ATTACH ? AS n", (path("no/such/folder.db"),)),
        "unable to open database",
    );
}

#[test]
fn connections_of_one_share_it_and_nobody_else_does() {
    let (one, other) = (memory(), memory());
    let (a, b) = (connect(&one), connect(&one));
    a.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(integer(&b, "SELECT count(*) FROM t"), Ok(1));
    a.execute_batch("BEGIN; INSERT INTO t VALUES (2); ROLLBACK").unwrap();
    b.execute_batch("SAVEPOINT s; INSERT INTO t VALUES (3); ROLLBACK TO s; RELEASE s").unwrap();
    assert_eq!(integer(&b, "SELECT count(*) FROM t"), Ok(1));
    check_error(connect(&other).execute("SELECT * FROM t", ()), "no such table");
    // Each connection has its own temporary tables and databases.
    a.execute_batch("CREATE TEMP TABLE p(x); ATTACH ':memory:' AS m; CREATE TABLE m.q(x)").unwrap();
    check_error(b.execute("SELECT * FROM p", ()), "no such table");
    b.execute_batch("ATTACH ':memory:' AS m; ATTACH '' AS e; CREATE TABLE e.r(x)").unwrap();
    check_error(b.execute("SELECT * FROM m.q", ()), "no such table");
    drop((a, b));
    assert_eq!(integer(&connect(&one), "SELECT x FROM t"), Ok(1));
}

#[test]
fn what_needs_temporary_files_works() {
    let connection = connect(&memory());
    connection
        .execute_batch(
            "PRAGMA temp_store = FILE; PRAGMA cache_size = 10; CREATE TABLE t(a); \
             INSERT INTO t WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT \
             20000) SELECT hex(randomblob(20)) || x FROM c; CREATE INDEX i ON t(a); VACUUM",
        )
        .unwrap();
    assert_eq!(
        integer(&connection, "SELECT count(*) FROM (SELECT DISTINCT a FROM t ORDER BY a DESC)"),
        Ok(20_000)
    );
    assert_eq!(value(&connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    assert_eq!(integer(&connection, "SELECT julianday('now') > 2460000"), Ok(1));
}
