//! The tests of `sqlite.rs` on Turso, and tests for Turso alone.

use commensal::{Engine, Turso};

/// The engine of the shared tests.
const ENGINE: &dyn Engine = &Turso;
/// The journal modes to test.
const JOURNALS: &[&str] = &["WAL"];

mod aggregates;
mod catalog;
mod closing;
#[cfg(unix)]
mod code_cache;
mod conventions;
mod crowd;
mod definitions;
mod engine_types;
mod features;
mod files;
mod interrupts;
mod kill;
mod limits;
#[cfg(feature = "wasmi")]
mod live_bytes;
mod nesting;
mod no_runtime;
mod panics;
mod support;
mod tables;
mod threads;
mod transactions;
mod undo;
mod values;
mod visibility;
