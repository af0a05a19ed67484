//! Functions in a SQLite database, through SQL and the facade: transactions, visibility, threads,
//! processes, files that cannot be trusted, limits.

use commensal::{Engine, Sqlite};

/// The engine of the shared tests.
const ENGINE: &dyn Engine = &Sqlite;
/// The journal modes to test.
const JOURNALS: &[&str] = &["DELETE", "WAL"];

mod aggregates;
mod attached;
mod catalog;
mod closing;
#[cfg(unix)]
mod code_cache;
mod collations;
mod conventions;
mod crowd;
mod definitions;
mod elsewhere;
mod features;
mod forked;
#[cfg(feature = "rusqlite")]
mod guest_sql;
mod heap;
mod interrupts;
mod kill;
mod limits;
#[cfg(feature = "wasmi")]
mod live_bytes;
mod memory;
mod no_runtime;
mod only_sqlite;
mod own_engine;
mod panics;
mod replaced;
#[cfg(feature = "rusqlite")]
mod rusqlite;
mod scans;
#[cfg(feature = "rusqlite")]
mod sorter;
#[cfg(feature = "wasmi")]
mod stacks;
mod stale;
mod support;
mod tables;
mod threads;
mod tokens;
mod transactions;
mod undo;
mod values;
mod visibility;
