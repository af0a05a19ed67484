//! The engines of this build, by name.

use commensal_core::database::Engine;
use commensal_core::{Error, ErrorKind, Result};

/// The engines of this build; the first is what [`Options`](crate::Options) have unless told otherwise.
pub const ENGINES: &[&dyn Engine] = &[
    #[cfg(feature = "sqlite")]
    &crate::Sqlite,
    #[cfg(feature = "turso")]
    &crate::Turso,
];

/// The engine of this build that has this name.
///
/// # Errors
/// There is none.
pub fn engine(name: &str) -> Result<&'static dyn Engine> {
    ENGINES.iter().copied().find(|engine| engine.name() == name).ok_or_else(|| {
        let known: Vec<_> = ENGINES.iter().map(|engine| engine.name()).collect();
        let message = format!("unknown engine \"{name}\"; known are {}", known.join(", "));
        Error::new(ErrorKind::Argument, message)
    })
}
