//! C code that goes wrong: the worst result is an SQL error or a wrong value.

use std::sync::Arc;
use std::time::Duration;

use commensal::core::runtime::Runtime;
use commensal::{
    Capabilities, Connection, Database, Engine, ErrorKind, Limits, Options, Sqlite, Turso,
    WasmiRuntime, WasmtimeRuntime,
};

/// Calls that must fail, and a part of their error.
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

/// Calls that may fail, or return anything, as on any machine.
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

/// Ways in which reading a table goes wrong and must fail, and a part of the error.
const READING_FAILS: &[(&str, &str)] = &[
    ("best_index_traps", "h_table.best_index(): trap"),
    ("best_index_forever", "timeout_ms"),
    ("best_index_recursion", "h_table.best_index()"),
    ("best_index_words", "h_table.best_index(): trap"),
    ("best_index_interrupts", "interrupted"),
    ("best_index_retries", "database schema has changed"),
    ("wild_plan", "h_table.best_index(): trap"),
    ("freed_plan", "h_table.best_index(): trap"),
    ("plan_is_no_text", "the text of its plan is not UTF-8"),
    ("long_plan", "the text of its plan has 102401 bytes, more than 65536"),
    ("gap", "has a position that is taken or too high"),
    ("far_position", "has a position that is taken or too high"),
    ("far_overflow", "h_table.best_index(): trap"),
    ("filter_traps", "h_table.filter(): trap"),
    ("filter_forever", "timeout_ms"),
    ("filter_recursion", "h_table.filter()"),
    ("filter_words", "h_table.filter(): trap"),
    ("filter_interrupts", "interrupted"),
    ("no_list", "SQL logic error"),
    ("next_traps", "h_table.next(): trap"),
    ("next_forever", "timeout_ms"),
    ("next_recursion", "h_table.next()"),
    ("next_words", "h_table.next(): trap"),
    ("eof_traps", "h_table.next(): trap"),
    ("eof_forever", "timeout_ms"),
    ("column_traps", "h_table.next(): trap"),
    ("column_forever", "timeout_ms"),
    ("column_recursion", "h_table.next()"),
    ("column_words", "h_table.next(): trap"),
    ("column_retries", "database schema has changed"),
    ("wild_value", "h_table.next(): trap"),
    ("wild_error", "h_table.next(): trap"),
    ("wild_destructor", "h_table.next(): trap"),
    ("no_utf8", "not valid UTF-8"),
    ("huge", "result_bytes_max"),
    ("rowid_traps", "h_table.next(): trap"),
    ("rowid_forever", "timeout_ms"),
];

/// Ways that end with an answer, whatever it is.
const READING_UNKNOWN: &[&str] = &[
    "",
    "same_position",
    "costs",
    "rows",
    "overflow",
    "far_asking",
    "close_traps",
    "close_forever",
    "big",
    "freed_twice",
    "hoard",
    "reaches_out",
    "endless",
    "next_interrupts",
];

/// Ways in which making a table, or the next statement, goes wrong; and a part of the error.
const MAKING: &[(&str, &str, &str)] = &[
    ("connect_traps", "", "h_made.create(): trap"),
    ("connect_forever", "", "timeout_ms"),
    ("connect_recursion", "", "h_made.create()"),
    ("no_table", "", "gave no table"),
    ("wild_table", "", "h_made.create(): trap"),
    ("wild_message", "", "h_made.create(): trap"),
    ("wild_declaration", "", "h_made.create(): trap"),
    ("no_declaration", "", "declared no columns"),
    ("no_sql", "", "declared columns by another statement than CREATE TABLE"),
    ("no_text", "", "vtable constructor failed: t"),
    ("many_columns", "", ""),
    ("twice", "", "vtable constructor failed: t"),
    ("no_cursor", "SELECT a FROM t", "xOpen gave no cursor"),
    ("wild_cursor", "SELECT a FROM t", "h_made.open(): trap"),
    ("open_forever", "SELECT a FROM t", "timeout_ms"),
    ("update_traps", "INSERT INTO t VALUES (1, 2)", "h_made.update(): trap"),
    ("update_interrupts", "INSERT INTO t VALUES (1, 2)", "interrupted"),
    ("update_words", "INSERT INTO t VALUES (1, 2)", "h_made.update(): trap"),
    ("begin_traps", "INSERT INTO t VALUES (1, 2)", "h_made.begin(): trap"),
    ("rename_forever", "ALTER TABLE t RENAME TO u", "timeout_ms"),
    ("wild_function", "SELECT h_overloaded(a) FROM t", "h_made.overload(): trap"),
    ("operator", "SELECT h_overloaded(a) FROM t", "h_made.find_function()"),
    ("find_function_traps", "SELECT h_overloaded(a) FROM t", "h_made.find_function(): trap"),
    ("destroy_error", "DROP TABLE t", "SQL logic error"),
];

fn connection(
    engine: &'static dyn Engine,
    runtime: &Arc<dyn Runtime>,
    wasm: &[u8],
) -> (Database, Connection) {
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
        [(&Sqlite as &'static dyn Engine, &wasmtime), (&Sqlite, &wasmi), (&Turso, &wasmtime)]
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
            // The statement writes before it fails, and is rolled back.
            let sql = format!("INSERT INTO kept SELECT 1 UNION ALL SELECT length({call})");
            let error = connection.execute(&sql, ()).unwrap_err();
            assert!(error.message().contains(text), "{call}: {error}");
            assert_ne!(error.kind(), ErrorKind::Interrupted, "{call}: {error}");
            check_after(call);
        }
        for call in UNKNOWN {
            let sql = format!("SELECT length({call})");
            let _ = connection.query_row(&sql, (), |row| row.get::<commensal::Value>(0));
            // What a corrupted guest does next does not matter, because a new connection has a new one.
            let _ =
                connection.query_row("SELECT h_fine(1)", (), |row| row.get::<commensal::Value>(0));
        }
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(integer(&connection, "SELECT count(*) FROM kept"), kept);
    }
}

/// Tables that go wrong.
pub(crate) fn check_tables(wasm: &[u8]) {
    let wasmtime: Arc<dyn Runtime> = Arc::new(WasmtimeRuntime::new());
    let wasmi: Arc<dyn Runtime> = Arc::new(WasmiRuntime::new());
    for runtime in [wasmtime, wasmi] {
        let (_database, connection) = connection(&Sqlite, &runtime, wasm);
        let mut kept = 0;
        let mut check_after = |what: &str| {
            let what = format!("{what} on {}", runtime.name());
            assert_eq!(integer(&connection, "SELECT h_fine(42)"), 42, "after {what}");
            assert_eq!(
                integer(&connection, "SELECT count(*) FROM h_table('')"),
                500,
                "after {what}"
            );
            kept += 1;
            connection.execute("INSERT INTO kept VALUES (?1)", (kept,)).unwrap();
            assert_eq!(integer(&connection, "SELECT count(*) FROM kept"), kept, "after {what}");
        };
        let fails = |sql: &str, text: &str| {
            let error = connection.execute(sql, ()).unwrap_err();
            assert!(error.message().contains(text), "{sql} on {}: {error}", runtime.name());
            assert_ne!(error.kind(), ErrorKind::Interrupted, "{sql}: {error}");
        };
        connection.execute_batch("BEGIN").unwrap();
        for (how, text) in READING_FAILS {
            // The statement writes before it fails, and is rolled back.
            fails(
                &format!(
                    "INSERT INTO kept SELECT 1 UNION ALL SELECT length(b) FROM h_table('{how}')"
                ),
                text,
            );
            check_after(how);
        }
        for how in READING_UNKNOWN {
            let sql = format!("SELECT a, b FROM h_table('{how}') WHERE a < 5000 LIMIT 3000");
            if let Ok(mut statement) = connection.prepare(&sql) {
                let mut rows = statement.query(()).unwrap();
                while let Ok(Some(_)) = rows.next() {}
            }
            check_after(how);
        }
        connection.execute_batch("COMMIT").unwrap();
        for (how, then, text) in MAKING {
            let create = format!("CREATE VIRTUAL TABLE t USING h_made({how})");
            if then.is_empty() {
                fails(&create, text);
            } else {
                connection.execute(&create, ()).unwrap_or_else(|error| panic!("{how}: {error}"));
                fails(then, text);
                let _ = connection.execute("DROP TABLE t", ());
            }
            check_after(how);
        }
    }
}
