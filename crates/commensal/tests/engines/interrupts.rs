//! The host's interrupt ends each kind of call into a guest, on each runtime. The time until then is
//! printed and not asserted, because it depends on the load of the machine.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use commensal::core::runtime::Runtime;
use commensal::{
    Connection, Database, ErrorKind, FileAccess, Options, WasmiRuntime, WasmtimeRuntime,
};

use crate::support::{connect, integer, soak};

const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/evil");

/// What is created, and the statement that then calls a guest that does not return. A statement about
/// `t` reads its three rows.
const CALLS: &[(&str, &str, &str)] = &[
    ("FUNCTION", "loop_forever", "SELECT loop_forever()"),
    ("FUNCTION", "loop_writing", "SELECT loop_writing()"),
    ("FUNCTION", "loop_filling", "SELECT loop_filling()"),
    ("FUNCTION", "loop_calling", "SELECT loop_calling()"),
    ("FUNCTION", "loop_branching", "SELECT loop_branching()"),
    ("FUNCTION", "loop_nested", "SELECT loop_nested()"),
    ("FUNCTION", "loop_multiplying", "SELECT loop_multiplying()"),
    ("FUNCTION", "loop_in_scratch", "SELECT loop_in_scratch()"),
    ("FUNCTION", "loop_in_start", "SELECT loop_in_start()"),
    ("FUNCTION", "loop_in_initialize", "SELECT loop_in_initialize()"),
    ("FUNCTION", "turso_forever", "SELECT turso_forever()"),
    ("EXTENSION", "aggregate_init_forever", "SELECT aggregate_init_forever(x) FROM t"),
    ("EXTENSION", "aggregate_step_forever", "SELECT aggregate_step_forever(x) FROM t"),
    ("EXTENSION", "aggregate_finalize_forever", "SELECT aggregate_finalize_forever(x) FROM t"),
    ("EXTENSION", "collation_loops", "SELECT x FROM t ORDER BY x COLLATE collation_loops"),
    ("EXTENSION", "table_next_loops", "SELECT value FROM table_next_loops"),
    ("EXTENSION", "table_never_ends", "SELECT count(*) FROM table_never_ends"),
];

/// Starts a statement, interrupts it after it has run for a while, and returns the time from the interrupt
/// to the statement's end.
fn interrupt(connection: &Connection, sql: &str) -> Duration {
    let handle = connection.interrupt_handle();
    let (end, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let interrupting = scope.spawn(move || {
            // Long enough for the guest to be running. An earlier interrupt would be lost, so more follow; then
            // the time counts from the first.
            let mut first = None;
            while ended.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
                first.get_or_insert_with(Instant::now);
                handle.interrupt();
            }
            first
        });
        let error = connection.execute(sql, ()).unwrap_err();
        let now = Instant::now();
        drop(end);
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{sql}: {error:?}");
        let first = interrupting.join().unwrap().expect("nothing ends before it is interrupted");
        now.duration_since(first)
    })
}

#[test]
fn each_kind_of_call_is_interrupted() {
    let runtimes: [(&str, Arc<dyn Runtime>, bool); 3] = [
        ("wasmtime", Arc::new(WasmtimeRuntime::new()), true),
        ("wasmtime without guard pages", Arc::new(WasmtimeRuntime::new()), false),
        ("wasmi", Arc::new(WasmiRuntime::new()), false),
    ];
    for (name, runtime, guard_pages) in runtimes {
        let mut limits = commensal::Limits::default();
        limits.call_timeout = Duration::from_secs(600);
        let options = Options::new()
            .engine(crate::ENGINE)
            .runtime(runtime)
            .guard_pages(guard_pages)
            .limits(limits)
            .file_access(FileAccess::Any { base: None });
        let database = Database::open_in_memory(options).unwrap();
        let connection = connect(&database);
        connection
            .execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES ('a'), ('b'), ('c')")
            .unwrap();
        for (kind, guest, sql) in CALLS {
            let create =
                format!("CREATE {kind} {guest} LANGUAGE wasm AS 'file://{GUESTS}/{guest}.wat'");
            connection.execute(&create, ()).unwrap();
            let mut times: Vec<_> = (0..2 * soak()).map(|_| interrupt(&connection, sql)).collect();
            times.sort();
            println!(
                "figure: from interrupt to error, {:?} | {name}, {guest} | median {:.1} ms, worst {:.1} ms \
                 of {}",
                crate::ENGINE,
                times[times.len() / 2].as_secs_f64() * 1e3,
                times[times.len() - 1].as_secs_f64() * 1e3,
                times.len()
            );
            assert_eq!(integer(&connection, "SELECT count(*) FROM t"), Ok(3));
        }
        assert!(connection.is_autocommit() || crate::ENGINE.name() == "turso");
    }
}
