//! Commensal in SQLite: functions of a registry as functions of a connection.
//!
//! Everything goes through a table of function pointers ([`api::Api`]), so that one adaptor serves
//! an embedded SQLite and a host program's own. Names no runtime.
#![expect(unsafe_code, reason = "this crate is the boundary to SQLite's C API")]

mod aggregate;
pub mod api;
mod attached;
mod auxiliary;
mod builtin;
mod catalog;
mod codes;
mod collation;
mod connection;
mod deadline;
mod elsewhere;
mod errand;
mod form;
mod full_text;
mod function;
mod function_list;
mod given;
mod guard;
mod install;
mod introspection;
mod known;
mod library;
mod names;
mod numbers;
mod one_statement;
mod pending;
mod permit;
mod permit_schema;
mod permit_tables;
mod placeholder;
mod pointer;
mod program;
mod raised;
mod reader;
mod rebuild;
mod refusal;
mod register;
mod registered;
mod replaced;
mod result;
mod root;
mod scalar;
mod schema;
mod services;
mod slots;
mod snapshot;
mod sorts_alone;
mod sql;
mod state;
mod statement;
mod statement_context;
mod statement_table;
mod table;
mod thread;
mod undo;
mod values;
mod vtab;

pub use connection::{OpenOptions, SqliteConnection};
pub use guard::guard;
pub use install::Installed;
