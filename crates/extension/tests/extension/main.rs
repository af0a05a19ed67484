//! The extension in SQLite libraries that are not ours: the system's, and the newest.
#![expect(unsafe_code, reason = "the tests are a driver, which calls SQLite's C API")]

mod build;
mod conformance;
mod connection;
mod guest_sql;
mod hostile;
mod hosts;
mod library;
mod programs;
mod routines;
mod sql;
mod statement_table;
mod visibility;
mod walk;
