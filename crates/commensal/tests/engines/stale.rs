//! What a connection knows may be out of date by the time it is used: a transaction went back, or another connection
//! has committed while a statement waited or ran.

use std::thread;
use std::time::Duration;

use commensal::{Capabilities, Connection, Database, Options};

use crate::collations::{CREATE, order};
use crate::support::{check_error, connect, constant, create, integer, options, value};

/// A function that runs the statement of its argument, and one that does and then traps at every third call of an
/// instance.
const RUNS: &str = r#"(module
  (import "commensal" "sql_prepare" (func $prepare (param i32 i32) (result i64)))
  (import "commensal" "sql_step" (func $step (param i32) (result i32)))
  (import "commensal" "sql_finalize" (func $finalize (param i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "commensal_renewable") i32 (i32.const 1))
  (global $calls (mut i32) (i32.const 0))
  (@custom "commensal" "{\22abi\22:1}"
    "{\22function\22:{\22name\22:\22run\22,\22params\22:[\22text\22]}}"
    "{\22function\22:{\22name\22:\22run_and_trap\22,\22params\22:[\22text\22]}}")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $run (export "run") (param i32) (param $argv i32) (result i32)
    (local $statement i32)
    (local.set $statement (i32.wrap_i64 (call $prepare
      (i32.load offset=8 (local.get $argv)) (i32.load offset=4 (local.get $argv)))))
    (if (i32.lt_s (call $step (local.get $statement)) (i32.const 100)) (then (unreachable)))
    (drop (call $finalize (local.get $statement)))
    (i32.const 0))
  (func (export "run_and_trap") (param $argc i32) (param $argv i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (drop (call $run (local.get $argc) (local.get $argv)))
    (if (i32.ge_u (global.get $calls) (i32.const 3)) (then (unreachable)))
    (i32.const 0)))"#;

fn granted() -> Options {
    options().grant(Capabilities::all()).busy_timeout(Duration::from_secs(20))
}

fn with_runs(database: &Database) -> Connection {
    let connection = connect(database);
    let sql = "CREATE EXTENSION runs LANGUAGE wasm AS ? WITH (allow = 'sql_read, sql_write')";
    connection.execute(sql, (RUNS.replace("}}\"\n", "}}\\n\"\n").as_str(),)).unwrap();
    connection
}

#[track_caller]
fn check_sound(connection: &Connection) {
    assert_eq!(value(connection, "PRAGMA integrity_check").unwrap(), "ok".into());
}

/// The statement that calls the guest reads no table, so others can commit before the guest's statement begins.
#[test]
fn a_guest_writes_by_the_collation_that_is_committed() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("t.db"), granted()).unwrap();
    let first = with_runs(&database);
    first.execute(CREATE, (order(1).as_str(),)).unwrap();
    first
        .execute_batch(
            "CREATE TABLE t(a TEXT COLLATE by_length UNIQUE); INSERT INTO t VALUES ('a'), ('aaa'), ('aaaaa')",
        )
        .unwrap();
    let mut running = first
        .prepare(
            "WITH s(sql) AS (VALUES ('SELECT ''a'' < ''bb'' COLLATE by_length'),
               ('INSERT INTO t VALUES (''aa''), (''aaaa'')')) SELECT run(sql) FROM s",
        )
        .unwrap();
    let mut rows = running.query(()).unwrap();
    assert!(rows.next().unwrap().is_some());
    connect(&database).execute(CREATE, (order(-1).as_str(),)).unwrap();
    assert!(rows.next().unwrap().is_some());
    assert!(rows.next().unwrap().is_none());
    drop(rows);
    drop(running);
    assert_eq!(integer(&first, "SELECT count(*) FROM t"), Ok(5));
    check_sound(&first);
}

/// Threads of the sorter cannot look at the catalog, and the statement waits for a lock while it is changed.
#[test]
fn the_sorter_compares_by_the_collation_that_a_lock_was_waited_for() {
    for journal in ["DELETE", "WAL"] {
        for sql in [
            "CREATE INDEX i ON t(x COLLATE by_length)",
            "BEGIN; CREATE INDEX i ON t(x COLLATE by_length); COMMIT",
        ] {
            let directory = tempfile::tempdir().unwrap();
            let database = Database::open(directory.path().join("t.db"), granted()).unwrap();
            let first = connect(&database);
            first.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
            first.execute(CREATE, (order(1).as_str(),)).unwrap();
            first
                .execute_batch(
                    "CREATE TABLE t(x);
                     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                     INSERT INTO t SELECT printf('%.*c', i % 500, 'x') FROM n",
                )
                .unwrap();
            let second = connect(&database);
            second
                .execute_batch(
                    "PRAGMA threads = 4; PRAGMA cache_size = 10; SELECT 'b' < 'ccc' COLLATE by_length",
                )
                .unwrap();
            first.execute_batch("BEGIN IMMEDIATE").unwrap();
            first.execute(CREATE, (order(-1).as_str(),)).unwrap();
            let waiting = thread::spawn(move || {
                second.execute_batch(sql).unwrap();
                second
            });
            thread::sleep(Duration::from_millis(600));
            first.execute_batch("COMMIT").unwrap();
            let second = waiting.join().unwrap();
            check_sound(&first);
            let longest = "SELECT length(x) FROM t ORDER BY x COLLATE by_length LIMIT 1";
            assert_eq!(integer(&second, longest), Ok(499));
        }
    }
}

/// Otherwise no connection could read the schema any longer.
#[test]
fn a_schema_has_only_names_that_are_still_defined() {
    let makers = [
        "CREATE INDEX i ON t(f(x))",
        "CREATE INDEX i ON t(x) WHERE f(x) > 0",
        "CREATE TABLE u(x, y AS (f(x)))",
        "ALTER TABLE t ADD COLUMN y AS (f(x))",
    ];
    for maker in makers {
        for undone in [true, false] {
            let directory = tempfile::tempdir().unwrap();
            let database = Database::open(directory.path().join("t.db"), granted()).unwrap();
            let (first, second) = (connect(&database), connect(&database));
            create(&first, "f", &constant(1), if undone { "" } else { "DETERMINISTIC" }).unwrap();
            first.execute_batch("CREATE TABLE t(x)").unwrap();
            assert_eq!(integer(&first, "SELECT count(*) FROM t WHERE f(x)"), Ok(0));
            first.execute_batch("BEGIN").unwrap();
            if undone {
                first.execute_batch("SAVEPOINT a").unwrap();
                create(&first, "f", &constant(1), "DETERMINISTIC").unwrap();
                first.execute_batch("ROLLBACK TO a").unwrap();
            } else {
                create(&second, "f", &constant(1), "").unwrap();
            }
            let error = first.execute_batch(maker).unwrap_err();
            assert!(error.message().contains("non-deterministic"), "{maker}: {error:?}");
            first.execute_batch("COMMIT").unwrap();
            second.execute_batch("CREATE TABLE z(x)").unwrap();
            assert_eq!(integer(&first, "SELECT count(*) FROM t"), Ok(0));
        }
    }
    for (maker, message) in [
        ("CREATE INDEX i ON t(f(x))", "no such function: f"),
        ("CREATE TABLE u(x CHECK (f(x) > 0))", "no such function: f"),
        ("CREATE TABLE u(x TEXT COLLATE by_length UNIQUE)", "no such collation sequence"),
        ("CREATE UNIQUE INDEX i ON t(x COLLATE by_length)", "no such collation sequence"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path().join("t.db"), granted()).unwrap();
        let first = connect(&database);
        create(&first, "other", &constant(1), "").unwrap();
        first.execute_batch("CREATE TABLE t(x); BEGIN; SAVEPOINT a").unwrap();
        create(&first, "f", &constant(1), "DETERMINISTIC").unwrap();
        first.execute(CREATE, (order(1).as_str(),)).unwrap();
        first.execute_batch("ROLLBACK TO a").unwrap();
        check_error(first.execute_batch(maker), message);
        first.execute_batch("COMMIT").unwrap();
        check_sound(&connect(&database));
    }
}

/// A call that has written is not repeated in a new instance.
#[test]
fn a_guest_that_traps_writes_once() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path().join("t.db"), granted()).unwrap();
    let connection = with_runs(&database);
    connection.execute_batch("CREATE TABLE hits(x)").unwrap();
    let calls = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
                 SELECT count(run_and_trap('INSERT INTO hits VALUES (1)')) FROM n";
    check_error(value(&connection, calls), "unreachable");
    assert_eq!(integer(&connection, "SELECT count(*) FROM hits"), Ok(3));
    // What only reads is repeated.
    let reads = calls.replace("INSERT INTO hits VALUES (1)", "SELECT 1 FROM hits");
    assert_eq!(integer(&connection, &reads), Ok(0));
}
