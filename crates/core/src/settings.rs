//! The settings that a host chooses for a Database or one of its connections.

use std::path::PathBuf;
use std::sync::Arc;

use crate::code_cache::CodeCache;
use crate::host::LogLevel;
use crate::limits::{Capabilities, Limits};
use crate::live::{CODE_BYTES_MAX_DEFAULT, LIVE_BYTES_MAX_DEFAULT};
use crate::replaceable::Replaceable;
use crate::runtime::{Runtime, RuntimeFeature};

/// Default of `PRAGMA wasm_cache_size`: 10 MiB.
pub const CACHE_BYTES_MAX_DEFAULT: u64 = 10 << 20;

/// Whether `file://` sources may be read, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FileAccess {
    /// Not at all.
    #[default]
    Denied,
    /// Files below this directory; relative paths start there.
    Directory(PathBuf),
    /// Any file; relative paths start at `base`, or at the working directory.
    Any {
        /// Where relative paths start.
        base: Option<PathBuf>,
    },
}

/// Receives messages of guests with the capability `log`: severity and text.
pub type LogSink = dyn Fn(LogLevel, &str) + Send + Sync;

/// The settings of an [`Environment`](crate::environment::Environment).
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The runtime that runs modules. Without one, everything that needs it fails.
    pub runtime: Option<Arc<dyn Runtime>>,
    /// Features that the runtime may lack. A missing feature disables some limits, so definitions and calls fail
    /// unless the host accepts that here. Empty by default.
    pub accept_missing: Vec<RuntimeFeature>,
    /// Limits of all guests.
    pub limits: Limits,
    /// The capabilities that guests get if they ask for them.
    pub granted: Capabilities,
    /// Built-in functions of the engine that definitions may replace. None by default.
    pub replaceable: Replaceable,
    /// Whether `file://` sources may be read.
    pub file_access: FileAccess,
    /// Whether guests with `sql_write` write under a statement that the engine believes to be one that only reads, such
    /// as `SELECT f()`. If not, they write only under INSERT, UPDATE and the like. On by default.
    pub writes_under_reads: bool,
    /// Whether the definitions in the file are read.
    pub load_catalog: bool,
    /// Largest size of idle instances together, in bytes.
    pub cache_bytes_max: u64,
    /// Largest size of all instances together, in use and idle, in bytes.
    pub live_bytes_max: u64,
    /// Largest size of the compiled code of all modules together, in bytes.
    pub code_bytes_max: u64,
    /// Whether guests' code may rely on guard pages and on signals of the process ([`Guard::Pages`]). Off by default,
    /// because the process may be somebody else's.
    ///
    /// [`Guard::Pages`]: crate::runtime::Guard::Pages
    pub guard_pages: bool,
    /// Whether another thread may ask for the host's interrupts
    /// ([`HostServices::interrupted_elsewhere`](crate::host::HostServices::interrupted_elsewhere)). If not, guests' code
    /// asks by itself. On by default.
    pub shared_interrupts: bool,
    /// Where compiled code is kept on disk. `None`: nowhere.
    pub code_cache: Option<CodeCache>,
    /// Whether `wasm_stats` has times. Reading the clock twice costs more than a short call.
    pub timing: bool,
    /// Where log messages go. Without it they are dropped.
    pub log: Option<Arc<LogSink>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            runtime: None,
            accept_missing: Vec::new(),
            limits: Limits::default(),
            granted: Capabilities::NONE,
            replaceable: Replaceable::default(),
            file_access: FileAccess::Denied,
            writes_under_reads: true,
            load_catalog: true,
            cache_bytes_max: CACHE_BYTES_MAX_DEFAULT,
            live_bytes_max: LIVE_BYTES_MAX_DEFAULT,
            code_bytes_max: CODE_BYTES_MAX_DEFAULT,
            guard_pages: false,
            shared_interrupts: true,
            code_cache: None,
            timing: false,
            log: None,
        }
    }
}

impl Settings {
    /// Whether definitions may replace the engine's function of this name.
    pub(crate) fn replaces(&self, name: &str) -> bool {
        self.replaceable.has(name)
    }

    /// Whether the runtime lacks this feature and the host accepts that.
    pub(crate) fn goes_without(&self, feature: RuntimeFeature) -> bool {
        self.accept_missing.contains(&feature)
            && self.runtime.as_ref().is_some_and(|runtime| !runtime.features().has(feature))
    }
}
