//! What the tests share: modules in the text format, databases, and short ways to query them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use commensal::{Connection, Database, Error, Options, Result, Value, WasmtimeRuntime};

/// Options with a runtime.
pub(crate) fn options() -> Options {
    Options::new().engine(crate::ENGINE).runtime(Arc::new(WasmtimeRuntime::new()))
}

pub(crate) fn open(path: &Path) -> Database {
    Database::open(path, options()).expect("the test's file can be opened")
}

pub(crate) fn memory() -> Database {
    Database::open_in_memory(options()).expect("a database in memory can be opened")
}

pub(crate) fn connect(database: &Database) -> Connection {
    database.connect().expect("the database can be opened")
}

/// A connection that does not wait for the disk, because no test is about a power failure.
pub(crate) fn quick(path: &Path, journal: &str, busy_timeout: Duration) -> (Database, Connection) {
    let database = Database::open(path, options().busy_timeout(busy_timeout)).unwrap();
    let connection = connect(&database);
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = {journal}")).unwrap();
    (database, connection)
}

/// A module around these functions, with a scratch area that grows, and an integer record at 512.
pub(crate) fn module(functions: &str) -> String {
    format!(
        r#"(module
          (import "commensal" "log" (func $log (param i32 i32 i32)))
          (memory (export "memory") 1)
          (func (export "commensal_scratch") (param $size i32) (result i32)
            (local $pages i32)
            (local.set $pages (i32.sub
              (i32.shr_u (i32.add (local.get $size) (i32.const 66559)) (i32.const 16))
              (memory.size)))
            (if (i32.gt_s (local.get $pages) (i32.const 0))
              (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1))
                (then (return (i32.const 0))))))
            (i32.const 1024))
          (data (i32.const 512) "\01")
          {functions})"#
    )
}

/// A module whose export `f` returns this number for any arguments.
pub(crate) fn constant(value: i64) -> String {
    module(&format!(
        r#"(func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520) (i64.const {value})) (i32.const 512))"#
    ))
}

/// A module whose export `f` returns its first argument.
pub(crate) fn echo() -> String {
    module(r#"(func (export "f") (param i32 i32) (result i32) (local.get 1))"#)
}

/// A module whose export `f` returns its first argument, an integer, multiplied by `factor`.
pub(crate) fn times(factor: i64) -> String {
    module(&format!(
        r#"(func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520)
              (i64.mul (i64.load offset=8 (local.get 1)) (i64.const {factor})))
            (i32.const 512))"#
    ))
}

/// A module whose export `f` never returns.
pub(crate) fn endless() -> String {
    module(r#"(func (export "f") (param i32 i32) (result i32) (loop (br 0)) (unreachable))"#)
}

/// CREATE OR REPLACE FUNCTION from text; `more` follows the source.
pub(crate) fn create(connection: &Connection, name: &str, wat: &str, more: &str) -> Result<()> {
    let sql = format!("CREATE OR REPLACE FUNCTION {name} LANGUAGE wasm AS ? EXPORT 'f' {more}");
    connection.execute(&sql, (wat,)).map(drop)
}

/// The only value of the only row.
pub(crate) fn value(connection: &Connection, sql: &str) -> Result<Value> {
    connection.query_row(sql, (), |row| row.get(0))
}

/// The same as [`value`] for an integer.
pub(crate) fn integer(connection: &Connection, sql: &str) -> Result<i64> {
    connection.query_row(sql, (), |row| row.get(0))
}

/// The error of a statement that must fail. It must contain the text.
#[track_caller]
pub(crate) fn check_error<T>(result: Result<T>, text: &str) -> Error {
    match result {
        Ok(_) => panic!("succeeded instead of failing with: {text}"),
        Err(error) => {
            assert!(error.message().contains(text), "{error:?} does not say: {text}");
            error
        }
    }
}

pub(crate) fn is_busy(error: &Error) -> bool {
    error.engine_code().is_some_and(|code| code & 0xff == 5)
}

/// Checks that the file is sound and that each definition has its module.
#[track_caller]
pub(crate) fn check_sound(connection: &Connection) {
    assert_eq!(value(connection, "PRAGMA integrity_check").unwrap(), "ok".into());
    for sql in [
        "SELECT count(*) FROM commensal_module WHERE sha256 NOT IN (SELECT sha256 FROM commensal_object)",
        "SELECT count(*) FROM commensal_object WHERE sha256 NOT IN (SELECT sha256 FROM commensal_module)",
        "SELECT count(*) FROM commensal_module WHERE bytes <> length(wasm)",
        "SELECT count(*) FROM wasm_functions WHERE status <> 'ok'",
    ] {
        assert_eq!(integer(connection, sql).unwrap(), 0, "{sql}");
    }
}

/// By how much a test multiplies its rounds: 1, or the number of `cargo xtask long soak`.
pub(crate) fn soak() -> usize {
    std::env::var("COMMENSAL_SOAK").map_or(1, |times| times.parse().expect("a number"))
}

/// Numbers that are the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}
