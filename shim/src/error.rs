//! The error of a build.

use std::fmt::{self, Display};
use std::path::Path;

/// Why a module could not be built: a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The error of something that failed with a file.
    pub(crate) fn file(path: &Path, error: impl Display) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<commensal::Error> for Error {
    fn from(error: commensal::Error) -> Self {
        Self::new(error.message())
    }
}

/// A result with this error.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
