//! Errors of a module.

use wasmparser::BinaryReaderError;

use crate::error::{Error, ErrorKind};

/// An error of the module.
pub(crate) fn error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Module, message)
}

/// The error of an exceeded limit on the module's structure.
pub(crate) fn exceeded(what: &str, value: usize, limit: &str, max: usize) -> Error {
    let message = format!("the module has {value} {what}, more than {limit} = {max}");
    Error::new(ErrorKind::Limit, format!("{message}, which the host can raise"))
}

pub(super) fn invalid(e: BinaryReaderError) -> Error {
    error(format!("the module is invalid: {} (at byte {})", e.message(), e.offset()))
}
