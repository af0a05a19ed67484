//! The seam to database engines as an application sees them. An [`Engine`] opens a database, which makes
//! connections ([`crate::engine`]) that have Commensal.
//!
//! Adaptors and the facade implement it, and anybody else can.

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
    /// Whether to refuse all writes.
    pub read_only: bool,
    /// Whether to create a missing file.
    pub create: bool,
    /// How long to wait for the locks of other connections.
    pub busy_timeout: Duration,
    /// Whether types of definitions become types of the engine, if it has its own types.
    pub engine_types: bool,
}

/// Allows writing, creates a missing file and waits for 5 seconds.
impl Default for OpenOptions {
    fn default() -> Self {
        let busy_timeout = Duration::from_secs(5);
        Self { read_only: false, create: true, busy_timeout, engine_types: false }
    }
}

/// A database engine. Engines with the same name are the same.
pub trait Engine: Send + Sync {
    /// A short name: `sqlite`.
    fn name(&self) -> &'static str;

    /// The features that it has, of those in which engines differ.
    fn features(&self) -> &'static [Feature];

    /// Opens a file. Some errors appear only when a connection is made.
    ///
    /// # Errors
    /// The engine refuses.
    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn OpenDatabase>>;

    /// Opens a new database in memory, which ends when the value is dropped. `environment` is that of its
    /// connections.
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
    /// Makes a connection with this environment.
    ///
    /// # Errors
    /// The database cannot be opened.
    fn connect(&self, environment: Arc<Environment>) -> Result<Box<dyn EngineConnection>>;
}
