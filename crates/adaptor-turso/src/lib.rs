//! Commensal in [Turso](https://github.com/tursodatabase/turso): functions of a registry as functions
//! of a connection.
//!
//! The engine resolves names through a dialect, which knows no connection. This crate tells it through the
//! thread which one is meant: see `running.rs`. Names no runtime.
#![deny(unsafe_code)]

mod aggregate;
mod catalog;
#[expect(unsafe_code, reason = "the engine calls collations by the C ABI")]
mod collation;
mod comparisons;
mod connection;
mod database;
mod dialect;
mod engine;
mod error;
mod function;
mod growth;
mod health;
mod introspection;
mod levels;
mod lost;
mod meaning;
mod meanings;
mod names;
mod neighbours;
mod nesting;
mod orders;
mod permit;
mod reader;
mod refusal;
mod rewrite;
mod row;
mod running;
mod schema_file;
mod schema_names;
mod services;
mod snapshot;
mod sql;
mod stack;
mod state;
mod statement;
mod step;
mod table;
mod types;
mod undo;
mod unordered;
mod value;
mod views;

pub use database::Turso;
