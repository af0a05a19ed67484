//! The engines of this build, by name.

use commensal_core::database::Engine;
use commensal_core::{Error, ErrorKind, Result};

/// The engines of this build. [`Options`](crate::Options) have the first one by default.
pub const ENGINES: &[&dyn Engine] = &[
    #[cfg(feature = "sqlite")]
    &crate::Sqlite,
    #[cfg(feature = "turso")]
    &crate::Turso,
];

/// The engine of this build with this name.
///
/// # Errors
/// There is no such engine.
pub fn engine(name: &str) -> Result<&'static dyn Engine> {
    ENGINES.iter().copied().find(|engine| engine.name() == name).ok_or_else(|| {
        let known: Vec<_> = ENGINES.iter().map(|engine| engine.name()).collect();
        let message = format!("unknown engine \"{name}\"; known are {}", known.join(", "));
        Error::new(ErrorKind::Argument, message)
    })
}
