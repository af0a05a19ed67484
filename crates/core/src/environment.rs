//! What all connections of a Database share: the runtime, the limits, what guests are granted, the
//! instance cache, the modules and their compiled code.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::{CACHE_BYTES_MAX_DEFAULT, InstanceCache};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LogLevel;
use crate::limits::{Capabilities, Limits};
use crate::live::LIVE_BYTES_MAX_DEFAULT;
use crate::registry::{FunctionKey, ModuleEntry};
use crate::runtime::{Runtime, RuntimeFeature};
use crate::stats::FunctionStats;

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

/// Where messages of guests with the capability `log` go: severity and text.
pub type LogSink = dyn Fn(LogLevel, &str) + Send + Sync;

/// The settings of an [`Environment`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// What runs modules. Without one, everything that needs it fails.
    pub runtime: Option<Arc<dyn Runtime>>,
    /// What the runtime need not be able to do, by name: without it some limits have no effect, and
    /// definitions and calls fail unless the host accepts that. Nothing by default.
    pub accept_missing: Vec<RuntimeFeature>,
    /// Limits of all guests.
    pub limits: Limits,
    /// What guests that ask for it are given.
    pub granted: Capabilities,
    /// Whether `file://` sources may be read.
    pub file_access: FileAccess,
    /// Whether the definitions in the file are read at all.
    pub load_catalog: bool,
    /// Bytes of idle instances.
    pub cache_bytes_max: u64,
    /// Bytes of all instances, in use and idle.
    pub live_bytes_max: u64,
    /// Whether `wasm_stats` has times; two looks at the clock cost more than a short call.
    pub timing: bool,
    /// Where log messages go; nowhere without one.
    pub log: Option<Arc<LogSink>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            runtime: None,
            accept_missing: Vec::new(),
            limits: Limits::default(),
            granted: Capabilities::NONE,
            file_access: FileAccess::Denied,
            load_catalog: true,
            cache_bytes_max: CACHE_BYTES_MAX_DEFAULT,
            live_bytes_max: LIVE_BYTES_MAX_DEFAULT,
            timing: false,
            log: None,
        }
    }
}

impl Settings {
    /// Whether the runtime cannot do this, and the host accepts it.
    pub(crate) fn goes_without(&self, feature: RuntimeFeature) -> bool {
        self.accept_missing.contains(&feature)
            && self.runtime.as_ref().is_some_and(|runtime| !runtime.features().has(feature))
    }
}

/// Modules by their hash.
type Modules = HashMap<[u8; 32], Arc<ModuleEntry>>;

/// Counters by name and argument count.
type Stats = HashMap<FunctionKey, Arc<FunctionStats>>;

/// See the module's description.
pub struct Environment {
    /// The settings; those of the Database, unless the connection has others.
    pub settings: Settings,
    /// Idle instances.
    pub cache: Arc<InstanceCache>,
    modules: Arc<Mutex<Modules>>,
    stats: Arc<Mutex<Stats>>,
}

impl Environment {
    /// An environment with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            cache: InstanceCache::new(settings.cache_bytes_max, settings.live_bytes_max).into(),
            settings,
            modules: Arc::default(),
            stats: Arc::default(),
        }
    }

    /// The same with other settings. Those of the cache and of modules' manifests stay what they are.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self {
            settings,
            cache: Arc::clone(&self.cache),
            modules: Arc::clone(&self.modules),
            stats: Arc::clone(&self.stats),
        }
    }

    /// One that shares modules with this one, and with them their compiled code, and nothing else. Of
    /// a module that nobody uses the code is kept until some registry is built that does not have it:
    /// so a program that opens the same file for each request compiles its modules once.
    #[must_use]
    pub fn beside(&self, settings: Settings) -> Self {
        Self { modules: Arc::clone(&self.modules), ..Self::new(settings) }
    }

    /// The runtime, which enforces the limits that are always set.
    ///
    /// # Errors
    /// There is none, or it cannot enforce them and the host does not accept that:
    /// [`ErrorKind::NoRuntime`].
    pub fn runtime(&self) -> Result<&Arc<dyn Runtime>> {
        let runtime = self.settings.runtime.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::NoRuntime,
                "no WASM runtime registered: the application has to pass one in its options",
            )
        })?;
        for feature in [RuntimeFeature::Interruption, RuntimeFeature::MemoryLimit] {
            if !self.settings.accept_missing.contains(&feature) {
                check_feature(runtime.as_ref(), feature)?;
            }
        }
        Ok(runtime)
    }

    /// Whether definitions may be made and dropped.
    ///
    /// # Errors
    /// The host chose not to load the catalog: [`ErrorKind::Denied`].
    pub fn check_catalog_is_loaded(&self) -> Result<()> {
        if self.settings.load_catalog {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Denied,
            "the application opened the database without its catalog of functions (load_catalog): \
             definitions can be neither made nor dropped",
        ))
    }

    /// The shared entry of a module, made by `make` unless one with the same hash and the same
    /// manifest text is there.
    pub(crate) fn module(
        &self,
        sha256: [u8; 32],
        manifest: &str,
        make: impl FnOnce() -> ModuleEntry,
    ) -> Arc<ModuleEntry> {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = modules.get(&sha256)
            && entry.manifest_text() == manifest
        {
            return Arc::clone(entry);
        }
        let entry = Arc::new(make());
        modules.insert(sha256, Arc::clone(&entry));
        entry
    }

    /// Forgets modules that no registry mentions any longer, and with them their compiled code.
    pub fn forget_unused_modules(&self) {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.retain(|_, entry| Arc::strong_count(entry) > 1);
    }

    /// The counters of a function of this name and argument count.
    pub(crate) fn stats(&self, name: &str, arguments: i32) -> Arc<FunctionStats> {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(stats.entry((name.to_ascii_lowercase(), arguments)).or_default())
    }
}

/// Whether the runtime can do this.
///
/// # Errors
/// It cannot: [`ErrorKind::NoRuntime`].
pub(crate) fn check_feature(runtime: &dyn Runtime, feature: RuntimeFeature) -> Result<()> {
    if runtime.features().has(feature) {
        return Ok(());
    }
    let (name, missing, limits) = (runtime.name(), feature.name(), feature.limits());
    Err(Error::new(
        ErrorKind::NoRuntime,
        format!(
            "the runtime {name} lacks \"{missing}\", without which {limits} would have no effect: the \
             application has to accept that by name (accept_missing), or to pass another runtime"
        ),
    ))
}
