//! The random walk through the facade.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use commensal::{Connection, Database, ENGINES, Engine, Options, Sqlite, WasmtimeRuntime};
use commensal_conformance::walk::{compile_all, walk};

fn open(path: &Path, engine: &'static dyn Engine) -> Database {
    let options = Options::new().engine(engine).runtime(Arc::new(WasmtimeRuntime::new()));
    Database::open(path, options.busy_timeout(Duration::ZERO)).unwrap()
}

fn run(engine: &'static dyn Engine, seed: u64, journal: &str, connections: usize, steps: usize) {
    let directory = tempfile::tempdir().unwrap();
    let compiled = open(&directory.path().join("compiled.db"), engine);
    let compiled = compiled.connect().unwrap();
    compile_all(&compiled);
    let database = open(&directory.path().join("walk.db"), engine);
    let connections: Vec<Connection> =
        (0..connections).map(|_| database.connect().unwrap()).collect();
    for connection in &connections {
        // No test is about a power failure.
        connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
        connection.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
    }
    // Multiplied as `cargo xtask long soak` says.
    let soak = std::env::var("COMMENSAL_SOAK").map_or(1, |times| times.parse().unwrap());
    walk(seed, &connections, steps * soak);
}

#[test]
fn one_connection() {
    run(&Sqlite, 1, "DELETE", 1, 2000);
    run(&Sqlite, 2, "MEMORY", 1, 2000);
}

#[test]
fn two_connections_with_a_rollback_journal() {
    run(&Sqlite, 3, "DELETE", 2, 2000);
}

/// The journal mode that all engines have.
#[test]
fn one_and_two_connections_with_a_write_ahead_log() {
    for &engine in ENGINES {
        run(engine, 4, "WAL", 1, 1000);
        run(engine, 5, "WAL", 2, 2000);
    }
}
