//! What SQLite has to know of a function or a table when it compiles a statement.

use std::ffi::c_int;

use commensal_core::manifest::{AggregateMethod, FunctionBody};
use commensal_core::registry::{Callable, FunctionEntry};

use crate::api::code::*;

/// What SQLite has to know of a function when it compiles a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) flags: c_int,
}

/// Where SQL may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For a row.
    Scalar,
    /// For a group of rows.
    Aggregate,
    /// For a group of rows, and over a window.
    Window,
}

/// Whether the definition can reach nothing outside its guests, so that it does no harm in a schema
/// that is not trusted. This depends on what it asks for and not on grants, because grants may change
/// while statements run, and flags cannot.
pub(crate) fn is_innocuous(callable: &Callable) -> bool {
    callable.object.with.allow.unwrap_or_default().is_empty()
}

impl Form {
    pub(crate) fn of(entry: &FunctionEntry) -> Self {
        let mut flags = 0;
        if entry.deterministic {
            flags |= SQLITE_DETERMINISTIC;
        }
        // Only where needed: SQLite does not use an index on an expression that might have a subtype,
        // because an index stores none.
        if entry.subtype {
            flags |= SQLITE_SUBTYPE | SQLITE_RESULT_SUBTYPE;
        }
        if is_innocuous(&entry.callable) {
            flags |= SQLITE_INNOCUOUS;
        }
        let kind = match &entry.body {
            FunctionBody::Scalar(_) | FunctionBody::Validator(_) => Kind::Scalar,
            FunctionBody::Aggregate(methods) => match methods.get(&AggregateMethod::Value) {
                Some(_) => Kind::Window,
                None => Kind::Aggregate,
            },
        };
        Self { kind, flags }
    }
}
