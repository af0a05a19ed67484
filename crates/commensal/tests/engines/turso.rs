//! The same as `sqlite.rs` on Turso, and what is Turso's own.

use commensal::{Engine, Turso};

/// What the shared tests run on.
const ENGINE: &dyn Engine = &Turso;
/// Journals with which a database is written.
const JOURNALS: &[&str] = &["WAL"];

mod aggregates;
mod catalog;
mod closing;
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
