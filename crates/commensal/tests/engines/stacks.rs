//! Threads with small stacks: a call works or fails with an error, and the process continues.
//!
//! Reaching a guard page ends the whole process, so each size is tried in its own process.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use commensal::{
    Capabilities, Connection, Database, ErrorKind, Options, Result, Value, WasmiRuntime,
    WasmtimeRuntime,
};

use crate::support::{connect, echo, module};

/// Set in the process that tries: the size of the stack in bytes, the runtime, and the database.
const TRIED: &str = "COMMENSAL_TEST_STACK";

/// Endless recursion of a guest with small frames. `tries` also calls it from below SQL.
const RECURSION: &str = r#"(func $recurse (export "f") (param i32 i32) (result i32)
    (i32.add (call $recurse (local.get 0) (local.get 1)) (i32.const 1)))"#;

/// What is tried, and the size of stack in bytes with which it must work on both runtimes.
fn tries() -> Vec<(&'static str, String, usize)> {
    let nested = |levels: usize| {
        let mut sql = "SELECT echo(1)".to_owned();
        for _ in 0..levels {
            sql = format!("SELECT query_value('{}')", sql.replace('\'', "''"));
        }
        sql
    };
    let parentheses = |depth: usize| {
        format!("SELECT query_error('SELECT {}1{}')", "(".repeat(depth), ")".repeat(depth))
    };
    let terms = |count: usize| format!("SELECT query_error('SELECT 1{}')", "+1".repeat(count));
    let selects = |depth: usize| {
        let (open, close) = ("(SELECT * FROM ".repeat(depth), ")".repeat(depth));
        format!("SELECT query_error('SELECT * FROM {open}t{close}')")
    };
    let pattern = |bytes: usize| {
        let (text, pattern) = ("a".repeat(bytes), "%a".repeat(bytes / 2));
        format!("SELECT query_error('SELECT ''{text}'' LIKE ''{pattern}''')")
    };
    let unions = format!("SELECT query_error('{}')", vec!["SELECT 1"; 400].join(" UNION ALL "));
    vec![
        ("scalar", "SELECT echo(1)".to_owned(), 512 << 10),
        ("scalars", "SELECT sum(echo(x)) FROM t".to_owned(), 512 << 10),
        ("aggregate", "SELECT classes(x) FROM t".to_owned(), 512 << 10),
        ("table function", "SELECT sum(value) FROM series(1, 100)".to_owned(), 512 << 10),
        ("virtual table", "SELECT * FROM c".to_owned(), 512 << 10),
        ("collation", "SELECT x FROM t ORDER BY x || '' COLLATE natural_sort".to_owned(), 512 << 10),
        ("recursion", "SELECT recursion(1)".to_owned(), usize::MAX),
        ("recursion below SQL", "SELECT query_value('SELECT recursion(1)')".to_owned(), usize::MAX),
        ("one level", nested(1), 1 << 20),
        ("four levels", nested(4), 2 << 20),
        ("five levels", nested(5), usize::MAX),
        ("parentheses", parentheses(999), 1 << 20),
        ("too many parentheses", parentheses(100_000), 1 << 20),
        ("terms", terms(999), 1 << 20),
        ("too many terms", terms(100_000), 1 << 20),
        ("selects", selects(90), 1 << 20),
        ("too many selects", selects(5000), 1 << 20),
        ("unions", unions, 1 << 20),
        ("pattern", pattern(2000), 1 << 20),
        ("too long a pattern", pattern(40_000), 1 << 20),
        (
            "CREATE",
            "CREATE OR REPLACE FUNCTION created LANGUAGE wasm AS '(module (memory (export \"memory\") 1)
               (func (export \"commensal_scratch\") (param i32) (result i32) (i32.const 1024))
               (func (export \"f\") (param i32 i32) (result i32) (i32.const 0)))' EXPORT 'f'"
                .to_owned(),
            256 << 10,
        ),
        ("created", "SELECT created()".to_owned(), 512 << 10),
        (
            "nested text",
            format!("SELECT run_wasm('{}{}', 'f')", "(module (func ", "(block ".repeat(50_000)),
            usize::MAX,
        ),
        ("inspect", format!("SELECT wasm_inspect('{}')", "(".repeat(100_000)), usize::MAX),
    ]
}

fn prepare(path: &Path) {
    let database = open(path, Arc::new(WasmtimeRuntime::new()));
    let connection = connect(&database);
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
    for (name, file, more) in [
        ("types", "prebuilt/types.wasm", ""),
        ("stats", "prebuilt/stats.wasm", ""),
        ("tables", "prebuilt/tables.wasm", ""),
        ("natural", "prebuilt/natural.wasm", ""),
        ("query", "prebuilt/query.wasm", "WITH (allow = 'sql_read')"),
        ("series", "wat/series.wat", ""),
    ] {
        let module = std::fs::read(guests.join(file)).expect("the guest is there");
        let source = match file.ends_with(".wat") {
            true => Value::Text(String::from_utf8(module).expect("WAT is text")),
            false => Value::Blob(module),
        };
        let sql = format!("CREATE EXTENSION {name} LANGUAGE wasm AS ? {more}");
        connection.execute(&sql, (source,)).unwrap();
    }
    for (name, wat) in [("echo", echo()), ("recursion", module(RECURSION))] {
        let sql = format!("CREATE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f'");
        connection.execute(&sql, (wat.as_str(),)).unwrap();
    }
    connection
        .execute_batch(
            "CREATE TABLE t(x); INSERT INTO t VALUES (3), (1), (2);
             CREATE VIRTUAL TABLE c USING csv('a,b\n1,x\n2,y')",
        )
        .unwrap();
}

fn open(path: &Path, runtime: Arc<dyn commensal::core::runtime::Runtime>) -> Database {
    let options = Options::new().engine(crate::ENGINE).runtime(runtime).grant(Capabilities::all());
    Database::open(path, options).expect("the test's file can be opened")
}

/// Runs a statement to its end.
fn run(connection: &Connection, sql: &str) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(())?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Runs in its own process: tries everything on a thread with a stack of this size.
fn try_all(tried: &str) {
    let parts: Vec<&str> = tried.splitn(3, ' ').collect();
    let size: usize = parts[0].parse().unwrap();
    let is_wasmi = parts[1] == "wasmi";
    let path = parts[2].to_owned();
    // A runtime's threads and statics are not part of the test.
    let thread = thread::Builder::new().stack_size(size).spawn(move || {
        let database = match is_wasmi {
            true => open(Path::new(&path), Arc::new(WasmiRuntime::new())),
            false => open(Path::new(&path), Arc::new(WasmtimeRuntime::new())),
        };
        let connection = connect(&database);
        for (what, sql, works_from) in tries() {
            println!("tries {what}");
            match run(&connection, &sql) {
                Ok(()) => println!("{what} works"),
                Err(error) => {
                    println!("{what}: {error}");
                    assert!(size < works_from, "{what} does not work with {size}: {error:?}");
                    assert_ne!(error.kind(), ErrorKind::Interrupted, "{what}");
                }
            }
        }
        // The connection still works.
        run(&connection, "SELECT count(*) FROM t").unwrap();
    });
    thread.unwrap().join().expect("nothing panicked");
}

#[test]
fn a_small_stack_is_no_crash() {
    if let Ok(tried) = std::env::var(TRIED) {
        return try_all(&tried);
    }
    let test = "stacks::a_small_stack_is_no_crash";
    let directory = tempfile::tempdir().unwrap();
    for size in [128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20] {
        for runtime in ["wasmtime", "wasmi"] {
            let path = directory.path().join(format!("{size}{runtime}.db"));
            prepare(&path);
            let output = Command::new(std::env::current_exe().unwrap())
                .args([test, "--exact", "--nocapture"])
                .env(TRIED, format!("{size} {runtime} {}", path.display()))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{size} {runtime}: {}: {said}\n{errors}",
                output.status
            );
        }
    }
}
