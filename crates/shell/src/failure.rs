//! The reasons why a command of the shell ended early.

use std::fmt::Display;
use std::io;
use std::path::Path;

use crate::diagnostic::Diagnostic;

pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// An error to report; input after it may still run.
    Report(Diagnostic),
    /// It was reported already, and nothing more runs.
    Reported,
    /// `.quit`
    Quit,
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self::Report(Diagnostic::new(message))
    }

    /// The failure of an operation on a file.
    pub(crate) fn file(path: &Path, error: impl Display) -> Self {
        Self::message(format!("{}: {error}", path.display()))
    }
}

/// Errors of the database have no position outside of a statement that the user wrote.
impl From<commensal::Error> for Failure {
    fn from(error: commensal::Error) -> Self {
        Self::message(error.message())
    }
}

/// Errors of writing output convert by themselves. Errors of other files use
/// [`Failure::file`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
