//! The engines by name.

use std::fmt;
use std::str::FromStr;

use commensal_core::{Error, ErrorKind};

/// A database engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// [SQLite](https://www.sqlite.org), embedded.
    #[default]
    Sqlite,
    /// [Turso](https://github.com/tursodatabase/turso). One process at a time can have a file open.
    #[cfg(feature = "turso")]
    Turso,
}

impl Engine {
    /// All engines of this build.
    pub const ALL: &[Self] = &[
        Self::Sqlite,
        #[cfg(feature = "turso")]
        Self::Turso,
    ];

    /// The name: `sqlite`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            #[cfg(feature = "turso")]
            Self::Turso => "turso",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|engine| engine.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|engine| engine.name()).collect();
            let message = format!("unknown engine \"{name}\"; known are {}", known.join(", "));
            Error::new(ErrorKind::Argument, message)
        })
    }
}
