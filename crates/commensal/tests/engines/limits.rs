//! Limits and faults: the error names the limit, and the connection and its transaction continue.

use std::sync::Arc;
use std::time::Duration;

use commensal::{
    Capabilities, Capability, Connection, Database, ErrorKind, Limits, LogLevel, Result, Value,
};

use crate::support::{
    check_error, connect, constant, create, echo, endless, integer, module, options, value,
};

fn limited(change: impl FnOnce(&mut Limits)) -> (Database, Connection) {
    let mut limits = Limits::default();
    change(&mut limits);
    let database = Database::open_in_memory(options().limits(limits)).unwrap();
    let connection = connect(&database);
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    (database, connection)
}

/// Traps if its argument is 0. Otherwise returns how often it was called in this instance.
fn counter() -> String {
    module(
        r#"(global $calls (mut i64) (i64.const 0))
        (func (export "f") (param i32 i32) (result i32)
          (if (i64.eqz (i64.load offset=8 (local.get 1))) (then unreachable))
          (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
          (i64.store (i32.const 520) (global.get $calls)) (i32.const 512))"#,
    )
}

/// The size of a page of memory in bytes.
const PAGE: u64 = 65_536;

/// Grows its memory by the number of pages in its argument, and traps if it cannot.
fn grower() -> String {
    module(
        r#"(func (export "f") (param i32 i32) (result i32)
          (if (i32.eq (memory.grow (i32.load offset=8 (local.get 1))) (i32.const -1))
            (then unreachable))
          (i32.const 0))"#,
    )
}

/// Exceeds each limit in a statement that writes within a transaction. Only the statement is undone.
#[test]
fn an_exceeded_limit_undoes_its_statement_alone() {
    // Long enough to compile a function on a busy machine.
    let short = Duration::from_millis(500);
    let result_max = |limits: &mut Limits| limits.result_bytes_max = 10;
    type Change = Box<dyn Fn(&mut Limits)>;
    let cases: [(Change, String, &str, &str); 6] = [
        (
            Box::new(move |l| l.call_timeout = short),
            endless(),
            "f(x)",
            "f() exceeded the limit timeout_ms = 500",
        ),
        (
            Box::new(move |l| l.statement_timeout = short),
            endless(),
            "f(x)",
            "f() exceeded the limit of 500 ms for all calls of one statement: statement_timeout",
        ),
        (
            Box::new(|l| l.fuel = Some(10_000)),
            endless(),
            "f(x)",
            "f() exceeded the limit fuel = 10000",
        ),
        (
            Box::new(|l| l.memory_bytes_max = 1 << 20),
            grower(),
            "f(100)",
            "f() exceeded the limit memory_mb = 1",
        ),
        (
            Box::new(result_max),
            echo(),
            "f('12345678901')",
            "f() exceeded the limit result_bytes_max",
        ),
        (Box::new(|_| {}), counter(), "f(0)", "f(): trap"),
    ];
    for (change, wat, call, message) in cases {
        let (_database, connection) = limited(|limits| change(limits));
        create(&connection, "f", &wat, "").unwrap();
        connection.execute_batch("BEGIN; INSERT INTO t VALUES (2)").unwrap();
        let sql = format!("INSERT INTO t SELECT {call} FROM t");
        let error = check_error(connection.execute(&sql, ()), message);
        assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Fault), "{error:?}");
        assert!(!connection.is_autocommit(), "{message}");
        assert_eq!(integer(&connection, "SELECT sum(x) FROM t").unwrap(), 3, "{message}");
        connection.execute_batch("COMMIT").unwrap();
        // Another function of the connection can still be called.
        create(&connection, "g", &constant(4), "").unwrap();
        assert_eq!(integer(&connection, "SELECT g()").unwrap(), 4, "{message}");
    }
}

/// The message names a limit only if the definition itself set it.
#[test]
fn a_definition_tightens_its_limits() {
    let (_database, connection) = limited(|_| {});
    create(&connection, "f", &endless(), "WITH (timeout_ms = 20)").unwrap();
    check_error(value(&connection, "SELECT f()"), "timeout_ms = 20");
    create(&connection, "f", &endless(), "WITH (fuel = 1000)").unwrap();
    check_error(value(&connection, "SELECT f()"), "fuel = 1000");
    create(&connection, "f", &grower(), "WITH (memory_mb = 1)").unwrap();
    check_error(value(&connection, "SELECT f(17)"), "memory_mb = 1");
    check_error(
        create(&connection, "f", &echo(), "WITH (memory_mb = 65)"),
        "above the host's limit",
    );
}

pub(crate) fn interrupted(connection: &Connection, sql: &str) -> commensal::Error {
    let handle = connection.interrupt_handle();
    let (running, done) = (Duration::from_millis(30), std::sync::mpsc::channel::<()>());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Repeated, because the first may come before the statement runs.
            while done.1.recv_timeout(running).is_err() {
                handle.interrupt();
            }
        });
        let result = connection.execute(sql, ());
        done.0.send(()).expect("the other thread waits");
        result.unwrap_err()
    })
}

/// An interrupt of the host ends a call. A statement that reads keeps its transaction. One that
/// writes loses it on SQLite, and keeps it on Turso.
#[test]
fn the_host_interrupts_a_call() {
    let (_database, connection) = limited(|limits| limits.call_timeout = Duration::from_secs(60));
    create(&connection, "f", &endless(), "").unwrap();
    connection.execute_batch("BEGIN; INSERT INTO t VALUES (2)").unwrap();
    let error = interrupted(&connection, "SELECT f()");
    assert_eq!((error.kind(), error.message()), (ErrorKind::Interrupted, "interrupted"));
    assert!(!connection.is_autocommit());
    let error = interrupted(&connection, "INSERT INTO t SELECT f()");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    if crate::ENGINE.name() != "sqlite" {
        assert!(!connection.is_autocommit());
        assert_eq!(integer(&connection, "SELECT sum(x) FROM t").unwrap(), 3);
        connection.execute_batch("ROLLBACK").unwrap();
    }
    assert!(connection.is_autocommit());
    assert_eq!(integer(&connection, "SELECT sum(x) FROM t").unwrap(), 1);
    // Later calls are not affected.
    create(&connection, "f", &constant(3), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f()").unwrap(), 3);
    // A handle outlives its connection, and then does nothing.
    let handle = connection.interrupt_handle();
    drop(connection);
    handle.interrupt();
}

fn stats(connection: &Connection) -> Result<[i64; 6]> {
    let sql = "SELECT calls, errors, traps, instances, cache_misses, evictions FROM wasm_stats WHERE \
               name = 'f'";
    connection.query_row(sql, (), |row| {
        let mut counts = [0; 6];
        for (column, count) in counts.iter_mut().enumerate() {
            *count = row.get(column)?;
        }
        Ok(counts)
    })
}

#[test]
fn an_instance_is_used_again_until_it_traps() {
    let (_database, connection) = limited(|_| {});
    create(&connection, "f", &counter(), "").unwrap();
    for expected in 1..4 {
        assert_eq!(integer(&connection, "SELECT f(1)").unwrap(), expected);
    }
    assert_eq!(stats(&connection).unwrap(), [3, 0, 0, 1, 1, 0]);
    check_error(value(&connection, "SELECT f(0)"), "f(): trap");
    // A fresh instance counts from 1.
    assert_eq!(integer(&connection, "SELECT f(1)").unwrap(), 1);
    assert_eq!(stats(&connection).unwrap(), [5, 1, 1, 2, 2, 0]);
    // Two functions of one module share an instance. Another connection has its own.
    create(&connection, "g", &counter(), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f(1) * 10 + g(1)").unwrap(), 23);
    assert_eq!(stats(&connection).unwrap()[3], 2);
}

#[test]
fn the_cache_evicts_what_does_not_fit() {
    let (database, connection) = limited(|_| {});
    create(&connection, "f", &counter(), "").unwrap();
    create(&connection, "g", &constant(1), "").unwrap();
    assert_eq!(integer(&connection, "PRAGMA wasm_cache_size").unwrap(), 0);
    integer(&connection, "SELECT f(1) + g()").unwrap();
    let (both_bytes, bytes_max) = database.cache_size();
    assert!(both_bytes > 2 * PAGE, "{both_bytes}");
    assert_eq!(bytes_max, 10 << 20);
    // One of the two fits.
    connection.execute_batch("PRAGMA wasm_cache_size = 100000").unwrap();
    let (one_bytes, bytes_max) = database.cache_size();
    assert!(one_bytes > PAGE && one_bytes < both_bytes, "{one_bytes}");
    assert_eq!(bytes_max, 100_000);
    let both = "SELECT sum(evictions) FROM wasm_stats";
    assert_eq!(integer(&connection, both).unwrap(), 1);
    integer(&connection, "SELECT f(1)").unwrap();
    integer(&connection, "SELECT g()").unwrap();
    assert!(integer(&connection, both).unwrap() >= 2);
    connection.execute_batch("PRAGMA wasm_cache_size = 0").unwrap();
    assert_eq!(database.cache_size(), (0, 0));
    // Without a cache each statement has a new one.
    assert_eq!(integer(&connection, "SELECT f(1) + f(1)").unwrap(), 3);
    assert_eq!(integer(&connection, "SELECT f(1) + f(1)").unwrap(), 3);
    drop(connection);
    assert_eq!(database.cache_size(), (0, 0));
}

#[test]
fn a_closed_connection_leaves_nothing_in_the_cache() {
    let (database, connection) = limited(|_| {});
    create(&connection, "f", &counter(), "").unwrap();
    integer(&connection, "SELECT f(1)").unwrap();
    assert!(database.cache_size().0 > PAGE);
    drop(connection);
    assert_eq!(database.cache_size().0, 0);
}

/// The start of a module is limited like a call.
#[test]
fn starting_an_instance_is_limited_too() {
    let (_database, connection) = limited(|limits| limits.call_timeout = Duration::from_millis(50));
    let start = module(
        r#"(func $start (loop (br 0))) (start $start)
        (func (export "f") (param i32 i32) (result i32) (i32.const 0))"#,
    );
    create(&connection, "f", &start, "").unwrap();
    check_error(value(&connection, "SELECT f()"), "f() exceeded the limit timeout_ms = 50");
}

/// A panic in the application's code does not reach C, and costs only that call.
#[test]
fn a_panic_of_the_host_is_an_error() {
    let sink = |_: LogLevel, message: &str| assert_eq!(message, "fine");
    let granted = Capabilities::NONE.with(Capability::Log);
    let options = options().grant(granted).log(Arc::new(sink));
    let database = Database::open_in_memory(options).unwrap();
    let connection = connect(&database);
    let logging = module(
        r#"(data (i32.const 600) "finebad!") (func (export "f") (param i32 i32) (result i32)
          (call $log (i32.const 3) (i32.load offset=8 (local.get 1)) (i32.const 4))
          (i32.const 512))"#,
    );
    create(&connection, "f", &logging, "WITH (allow = 'log')").unwrap();
    assert_eq!(value(&connection, "SELECT f(600)").unwrap(), Value::Integer(0));
    check_error(value(&connection, "SELECT f(604)"), "panicked");
    assert_eq!(value(&connection, "SELECT f(600)").unwrap(), Value::Integer(0));
}
