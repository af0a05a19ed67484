//! C that goes wrong: an error of SQL, or a wrong result, and never more.

use std::sync::Arc;
use std::time::Duration;

use commensal::core::runtime::Runtime;
use commensal::{
    Capabilities, Connection, Database, Engine, ErrorKind, Limits, Options, WasmiRuntime,
    WasmtimeRuntime,
};

/// Calls that have to fail, and what their error says.
const FAILS: &[(&str, &str)] = &[
    ("h_wild_write(4294967295)", "out of bounds"),
    ("h_wild_text(4294967280, 8)", "h_wild_text()"),
    ("h_wild_text(1024, 2147483647)", "too big"),
    ("h_recursion()", "h_recursion()"),
    ("h_overflow(2147483647)", "out of bounds"),
    ("h_forever()", "timeout_ms"),
    ("h_abort()", "h_abort()"),
    ("h_exit()", "h_exit()"),
    ("h_no_function(4294967295)", "h_no_function()"),
    ("h_no_function(1)", "h_no_function()"),
    ("h_hoard()", ""),
];

/// Calls that may fail, or give what nobody can tell, as on any machine.
const UNKNOWN: &[&str] = &[
    "h_wild_write(0)",
    "h_wild_write(2048)",
    "h_wild_text(0, 4)",
    "h_wild_text(1024, -1)",
    "h_after_free()",
    "h_overflow(64)",
    "h_overflow(60000)",
    "h_format(2000000000)",
    "h_format(-5)",
    "h_no_function(0)",
    "h_two_results()",
    "h_pointer(0)",
    "h_pointer(1)",
];

fn connection(engine: Engine, runtime: &Arc<dyn Runtime>, wasm: &[u8]) -> (Database, Connection) {
    let mut limits = Limits::default();
    limits.call_timeout = Duration::from_millis(300);
    let options = Options::new()
        .engine(engine)
        .runtime(Arc::clone(runtime))
        .limits(limits)
        .grant(Capabilities::default());
    let database = Database::open_in_memory(options).unwrap();
    let connection = database.connect().unwrap();
    connection.execute("CREATE EXTENSION hostile LANGUAGE wasm AS ?1", (wasm,)).unwrap();
    connection.execute_batch("CREATE TABLE kept(x INTEGER)").unwrap();
    (database, connection)
}

fn integer(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

pub(crate) fn check(wasm: &[u8]) {
    let wasmtime: Arc<dyn Runtime> = Arc::new(WasmtimeRuntime::new());
    let wasmi: Arc<dyn Runtime> = Arc::new(WasmiRuntime::new());
    for (engine, runtime) in
        [(Engine::Sqlite, &wasmtime), (Engine::Sqlite, &wasmi), (Engine::Turso, &wasmtime)]
    {
        let (_database, connection) = connection(engine, runtime, wasm);
        connection.execute_batch("BEGIN").unwrap();
        let mut kept = 0;
        let mut check_after = |call: &str| {
            let what = format!("{call} on {} and {}", engine.name(), runtime.name());
            assert_eq!(integer(&connection, "SELECT h_fine(42)"), 42, "after {what}");
            kept += 1;
            connection.execute("INSERT INTO kept VALUES (?1)", (kept,)).unwrap();
            assert_eq!(integer(&connection, "SELECT count(*) FROM kept"), kept, "after {what}");
        };
        for (call, text) in FAILS {
            // The statement writes before it fails, and is undone.
            let sql = format!("INSERT INTO kept SELECT 1 UNION ALL SELECT length({call})");
            let error = connection.execute(&sql, ()).unwrap_err();
            assert!(error.message().contains(text), "{call}: {error}");
            assert_ne!(error.kind(), ErrorKind::Interrupted, "{call}: {error}");
            check_after(call);
        }
        for call in UNKNOWN {
            let sql = format!("SELECT length({call})");
            let _ = connection.query_row(&sql, (), |row| row.get::<commensal::Value>(0));
            // What a corrupted guest does next is its own; a new connection has a new one.
            let _ =
                connection.query_row("SELECT h_fine(1)", (), |row| row.get::<commensal::Value>(0));
        }
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(integer(&connection, "SELECT count(*) FROM kept"), kept);
    }
}
