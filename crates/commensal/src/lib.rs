//! Functions in WebAssembly, stored in a SQLite-family database and called from SQL.
//!
//! ```
//! use std::sync::Arc;
//! use commensal::{Database, Options, WasmtimeRuntime};
//!
//! # fn main() -> commensal::Result<()> {
//! let database = Database::open_in_memory(Options::new().runtime(Arc::new(WasmtimeRuntime::new())))?;
//! let connection = database.connect()?;
//! connection.execute(
//!     r#"CREATE FUNCTION plus LANGUAGE wasm AS '
//!        (module
//!          (memory (export "memory") 1)
//!          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
//!          (data (i32.const 512) "\01")
//!          (func (export "plus") (param $argc i32) (param $argv i32) (result i32)
//!            ;; The record at 512 says integer; its payload becomes the sum of the arguments.
//!            (i64.store (i32.const 520)
//!              (i64.add (i64.load offset=8 (local.get $argv))
//!                       (i64.load offset=24 (local.get $argv))))
//!            (i32.const 512)))'"#,
//!     (),
//! )?;
//! let sum: i64 = connection.query_row("SELECT plus(40, 2)", (), |row| row.get(0))?;
//! assert_eq!(sum, 42);
//! # Ok(())
//! # }
//! ```
//!
//! Definitions live in the file. So they are there when it is opened again, even by another program that
//! uses Commensal. [`Limits`] restrict what guests may use. Guests may reach nothing, unless the host
//! grants it ([`Options::grant`]) and the definition asks for it.
//!
//! Threads can share a [`Database`]. A [`Connection`] is used by one at a time.
#![cfg_attr(
    all(feature = "sqlite", not(any(doc, test))),
    expect(unsafe_code, reason = "the facade hands SQLite's C API to the adaptor")
)]
#![cfg_attr(any(doc, test), allow(unsafe_code, clippy::allow_attributes, reason = "as above"))]

mod connection;
mod database;
mod engines;
#[cfg(feature = "sqlite")]
mod memory;
mod open_file;
mod params;
mod row;
#[cfg(feature = "rusqlite")]
pub mod rusqlite;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;

#[cfg(feature = "turso")]
pub use commensal_adaptor_turso::Turso;
pub use commensal_core as core;
pub use commensal_core::code_cache::{CodeCache, CodeCacheUsage};
pub use commensal_core::database::{Engine, Feature};
pub use commensal_core::host::LogLevel;
pub use commensal_core::replaceable::Replaceable;
pub use commensal_core::settings::{FileAccess, LogSink};
pub use commensal_core::{
    Capabilities, Capability, Error, ErrorKind, Limits, Result, StorageClass, Value, ValueRef,
};
#[cfg(feature = "wasmi")]
pub use commensal_runtime_wasmi::WasmiRuntime;
#[cfg(feature = "wasmtime")]
pub use commensal_runtime_wasmtime::WasmtimeRuntime;
pub use connection::{Connection, InterruptHandle};
pub use database::{Database, Options};
pub use engines::{ENGINES, engine};
pub use params::{Params, ToValue};
pub use row::{FromValue, Row, Rows};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use statement::Statement;
