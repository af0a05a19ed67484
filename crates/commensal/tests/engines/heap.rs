//! If SQLite has no memory for a value, the value is not an empty one: no guest sees it.
//!
//! The limit on SQLite's heap applies to the whole process, so this runs in its own process.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use commensal::{Capabilities, Database, LogLevel, Value};

use crate::support::{connect, create, module, options, value};

/// Set in the process whose heap is limited.
const LIMITED: &str = "COMMENSAL_TEST_HEAP";

#[test]
fn text_without_memory_is_not_empty() {
    if std::env::var_os(LIMITED).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["heap::text_without_memory_is_not_empty", "--exact"])
            .env(LIMITED, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        return;
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let log = move |_: LogLevel, _: &str| {
        counted.fetch_add(1, Relaxed);
    };
    let options = options().grant(Capabilities::all()).log(Arc::new(log));
    let connection = connect(&Database::open_in_memory(options).unwrap());
    // With UTF-16, SQLite needs a copy to return text as UTF-8.
    connection.execute_batch("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(x)").unwrap();
    let logging = module(
        r#"(func (export "f") (param i32 i32) (result i32)
          (call $log (i32.const 3) (i32.const 512) (i32.const 0)) (i32.const 0))"#,
    );
    create(&connection, "f", &logging, "WITH (allow = 'log')").unwrap();
    connection.execute_batch("INSERT INTO t VALUES (printf('%.*c', 8000000, 'x'))").unwrap();
    assert_eq!(value(&connection, "SELECT f(x) FROM t").unwrap(), Value::Null);
    assert_eq!(calls.load(Relaxed), 1);
    let mut failed = 0;
    for megabytes in (20..160).rev().step_by(3) {
        let limit = format!("PRAGMA hard_heap_limit = {megabytes}000000");
        connection.execute_batch(&limit).unwrap();
        let before = calls.load(Relaxed);
        let result = value(&connection, "SELECT f(x) FROM t");
        let called = calls.load(Relaxed) - before;
        assert_eq!(called, usize::from(result.is_ok()), "{megabytes} MB: {result:?}");
        failed += usize::from(result.is_err());
    }
    assert!(failed > 0, "memory sufficed each time");
    // The connection still works.
    assert_eq!(value(&connection, "SELECT f(1)").unwrap(), Value::Null);
}
