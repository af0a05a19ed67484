//! Result codes of errors.

use std::ffi::c_int;

use commensal_core::{Error, ErrorKind};

use crate::api::code::*;

/// Whether reading the catalog may succeed a moment later.
pub(crate) fn is_transient(error: &Error) -> bool {
    [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_MISUSE].into_iter().any(|code| is_code(error, code))
}

/// Whether the error has this primary result code.
pub(crate) fn is_code(error: &Error, code: c_int) -> bool {
    error.engine_code().is_some_and(|extended| extended & 0xff == code)
}

/// The result code of an error.
pub(crate) fn code_of(error: &Error) -> c_int {
    match (error.kind(), error.engine_code()) {
        (ErrorKind::Interrupted, _) => SQLITE_INTERRUPT,
        // The core passes on only codes that undo no more than the statement.
        (ErrorKind::Guest, Some(code)) => code,
        (_, Some(code)) if [SQLITE_BUSY, SQLITE_LOCKED].contains(&(code & 0xff)) => code,
        _ => SQLITE_ERROR,
    }
}
