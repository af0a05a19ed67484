//! Functions in a SQLite database, through SQL and the facade alone: transactions, visibility,
//! threads, processes, files that cannot be trusted, limits.

mod aggregates;
mod catalog;
mod closing;
mod collations;
mod definitions;
mod forked;
mod kill;
mod limits;
mod no_runtime;
#[cfg(feature = "rusqlite")]
mod rusqlite;
mod support;
mod tables;
mod threads;
mod transactions;
mod values;
mod visibility;
