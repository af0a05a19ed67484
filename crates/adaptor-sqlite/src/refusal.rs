//! Errors for what guests may not use.

use commensal_core::{Error, ErrorKind};

use crate::api::code::*;

#[cold]
pub(crate) fn refusal(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Denied, message).with_engine_code(SQLITE_AUTH)
}

/// Whether a table belongs to the catalog, by its name.
pub(crate) fn is_of_catalog(name: &str) -> bool {
    let prefix = commensal_core::catalog::TABLE_PREFIX;
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The error of a call that has the name of a function of full-text search.
#[cold]
pub(crate) fn of_full_text(name: &str) -> Error {
    refusal(format!(
        "{name}() is not for guests here, because the application may have registered it: it has \
         to be in a statement of one SELECT that names the table of full-text search after FROM or \
         JOIN, and as the first argument"
    ))
}
