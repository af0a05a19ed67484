//! Hostile files through the facade, on both engines.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use commensal::{Connection, Database, ENGINES, Engine, Options, Sqlite, Turso, WasmtimeRuntime};
use commensal_conformance::hostile::{Cost, Hostile, cases, make_base};

fn options(engine: &'static dyn Engine) -> Options {
    Options::new().engine(engine).runtime(Arc::new(WasmtimeRuntime::new()))
}

/// The first value of a query as text, or the error.
fn ask(connection: &Connection, query: &str) -> String {
    let query = format!("SELECT CAST(({query}) AS TEXT)");
    match connection.query_row(&query, (), |row| row.get::<String>(0)) {
        Ok(text) => text,
        Err(error) => error.message().to_owned(),
    }
}

/// Set in a process that opens one file: the engine, whether to read definitions, the path.
const OPENED: &str = "COMMENSAL_TEST_HOSTILE";

fn open_in_this_process(what: &str) {
    let mut words = what.splitn(3, ' ');
    let engine: &'static dyn Engine = match words.next() {
        Some("turso") => &Turso,
        _ => &Sqlite,
    };
    let load = words.next() == Some("load");
    let path = Path::new(words.next().expect("a path"));
    let database = Database::open(path, options(engine).load_catalog(load)).expect("it opens");
    let connection = database.connect().expect("it opens");
    assert_eq!(ask(&connection, "SELECT x FROM t"), "3");
    Cost::of_this_process().report();
}

#[track_caller]
fn check(case: &Hostile, engine: &'static dyn Engine, path: &Path) {
    let (name, test) = (format!("{} on {engine:?}", case.name), "each_file_opens");
    let word = if engine.name() == "turso" { "turso" } else { "sqlite" };
    let plain = Cost::of_test(test, OPENED, &format!("{word} plain {}", path.display()));
    let cost = Cost::of_test(test, OPENED, &format!("{word} load {}", path.display()));
    eprintln!("{name}: {plain:?} {cost:?}");
    cost.check_over(plain, &name);
    let database = Database::open(path, options(engine)).unwrap();
    let connection = database.connect().unwrap();
    let is_other = engine.name() == "turso" && !case.on_turso.is_empty();
    for (query, expected) in if is_other { &case.on_turso } else { &case.checks } {
        let answer = ask(&connection, query);
        let is_answer = answer == *expected || answer.contains(expected) && expected.len() > 4;
        assert!(is_answer, "{name}: {query}: {answer}, and not: {expected}");
        assert_eq!(ask(&connection, "SELECT x FROM t"), "3", "{name}");
    }
}

#[test]
fn each_file_opens() {
    if let Ok(what) = std::env::var(OPENED) {
        return open_in_this_process(&what);
    }
    let only = std::env::var("COMMENSAL_TEST_HOSTILE_CASE").ok();
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.db");
    make_base(&base, options(&Sqlite));
    let mut failed = Vec::new();
    for case in cases().iter().filter(|case| only.as_ref().is_none_or(|only| *only == case.name)) {
        for engine in ENGINES {
            if case.only_sqlite && engine.name() != "sqlite" {
                continue;
            }
            let path = folder.path().join(format!("{}-{engine:?}.db", case.name));
            case.make(&base, &path);
            // All checks run before the test fails, so that it shows all failures.
            let attempt = AssertUnwindSafe(|| check(case, *engine, &path));
            let checked = std::panic::catch_unwind(attempt);
            failed.extend(checked.err().map(|_| format!("{} on {engine:?}", case.name)));
            std::fs::remove_file(&path).unwrap();
        }
    }
    assert_eq!(failed, [""; 0]);
}

/// Files that can be read and not be written.
#[test]
fn files_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    for journal in ["DELETE", "WAL"] {
        let path = folder.path().join(format!("{journal}.db"));
        make_base(&path, options(&Sqlite));
        let database = Database::open(&path, options(&Sqlite)).unwrap();
        let connection = database.connect().unwrap();
        connection.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
        drop((connection, database));
        for extra in ["", "-wal", "-shm"] {
            let file = format!("{}{extra}", path.display());
            if let Ok(metadata) = std::fs::metadata(&file) {
                let mut permissions = metadata.permissions();
                permissions.set_readonly(true);
                std::fs::set_permissions(&file, permissions).unwrap();
            }
        }
        let database = Database::open(&path, options(&Sqlite).read_only(true)).unwrap();
        let connection = database.connect().unwrap();
        assert_eq!(ask(&connection, "SELECT f() + g() + x FROM t"), "6", "{journal}");
        let create = "CREATE FUNCTION h LANGUAGE wasm AS '(module)'";
        assert!(connection.execute(create, ()).is_err(), "{journal}");
        assert_eq!(ask(&connection, "SELECT f()"), "1", "{journal}");
    }
}
