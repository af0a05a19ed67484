//! Who sees which version of a function, and from when on.

use std::path::Path;
use std::process::Command;

use commensal::Value;

use crate::support::{check_error, connect, constant, create, integer, memory, open, times};

/// Statements that start after the commit see it, in every connection; none sees it before.
#[test]
fn what_is_committed_is_seen_and_nothing_else() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    create(&a, "f", &constant(1), "").unwrap();
    let mut prepared = b.prepare("SELECT f()").unwrap();
    let mut call = || {
        let mut rows = prepared.query(())?;
        rows.next()?.map_or(Ok(Value::Null), |row| row.get::<Value>(0))
    };
    assert_eq!(call(), Ok(1.into()));

    a.execute_batch("BEGIN").unwrap();
    create(&a, "f", &constant(2), "").unwrap();
    assert_eq!(integer(&a, "SELECT f()").unwrap(), 2);
    assert_eq!(call(), Ok(1.into()));
    a.execute_batch("COMMIT").unwrap();
    assert_eq!(call(), Ok(2.into()));
    assert_eq!(integer(&b, "SELECT f()").unwrap(), 2);

    a.execute("DROP FUNCTION f", ()).unwrap();
    check_error(call(), "no such function: f");
    // What was deleted here meanwhile, and is made again elsewhere, a prepared statement finds.
    check_error(b.execute("SELECT f()", ()), "no such function: f");
    check_error(call(), "no such function: f");
    create(&a, "f", &constant(3), "").unwrap();
    assert_eq!(call(), Ok(3.into()));
}

#[test]
fn a_running_statement_keeps_its_version() {
    let database = memory();
    let (a, b) = (connect(&database), connect(&database));
    create(&a, "f", &times(10), "").unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6) \
                SELECT f(i) FROM n";
    // The connection that replaces it is another one, and then the same one.
    for (replacing, expected) in [(&a, 10), (&b, 100)] {
        let mut running = b.prepare(rows).unwrap();
        let mut seen = Vec::new();
        let mut rows = running.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            seen.push(row.get::<i64>(0).unwrap());
            if seen.len() == 2 {
                create(replacing, "f", &times(expected * 10), "").unwrap();
                assert_eq!(integer(&b, "SELECT f(1)").unwrap(), expected * 10);
            }
            if seen.len() == 4 {
                replacing.execute("DROP FUNCTION f", ()).unwrap();
                check_error(integer(&b, "SELECT f(1)"), "no such function: f");
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6].map(|i| i * expected));
        drop(rows);
        drop(running);
        create(&a, "f", &times(expected * 10), "").unwrap();
    }
}

/// Arities come and go one by one, and a name without any vanishes from the list.
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
    let test = "visibility::other_processes_see_it_in_both_directions";
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

/// Sees what the parent made, and changes it.
fn other_process(path: &Path) {
    let database = open(path);
    let connection = connect(&database);
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 1);
    create(&connection, "f", &constant(2), "").unwrap();
    create(&connection, "g", &constant(3), "").unwrap();
}
