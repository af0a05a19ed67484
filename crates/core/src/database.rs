//! The seam to database engines as an application sees them: an [`Engine`] opens a database, which makes
//! connections ([`crate::engine`]) with Commensal in them.
//!
//! Adaptors and the facade implement it, and so can anybody else.

mod feature;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use self::feature::Feature;
use crate::engine::EngineConnection;
use crate::environment::Environment;
use crate::error::Result;

/// How to open a database.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Refuse all writes.
    pub read_only: bool,
    /// Make the file if it is missing.
    pub create: bool,
    /// How long to wait for the locks of others.
    pub busy_timeout: Duration,
    /// Make types of definitions types of the engine, where it has some of its own.
    pub engine_types: bool,
}

/// Read and write, make a missing file, wait for 5 seconds.
impl Default for OpenOptions {
    fn default() -> Self {
        let busy_timeout = Duration::from_secs(5);
        Self { read_only: false, create: true, busy_timeout, engine_types: false }
    }
}

/// A database engine. Two of the same name are the same.
pub trait Engine: Send + Sync {
    /// A short name: `sqlite`.
    fn name(&self) -> &'static str;

    /// What it can do of what engines differ in.
    fn features(&self) -> &'static [Feature];

    /// Opens a file. Whether it can be opened at all may be known only when a connection is made.
    ///
    /// # Errors
    /// The engine refuses.
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn OpenDatabase>>;

    /// Opens a new database in memory, which ends with the value. `environment` is that of its connections.
    ///
    /// # Errors
    /// The engine refuses.
    fn open_in_memory(
        &self,
        options: &OpenOptions,
        environment: &Arc<Environment>,
    ) -> Result<Box<dyn OpenDatabase>>;
}

impl fmt::Debug for dyn Engine + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for dyn Engine + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A database that an engine has open.
pub trait OpenDatabase: Send + Sync {
    /// Makes a connection, with what the environment says.
    ///
    /// # Errors
    /// The database cannot be opened.
    fn connect(&self, environment: Arc<Environment>) -> Result<Box<dyn EngineConnection>>;
}
