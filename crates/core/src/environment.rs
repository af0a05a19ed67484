//! The state that all connections of a Database share: the runtime, the limits, the capabilities of guests, the
//! instance cache, and the modules with their compiled code.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::InstanceCache;
use crate::compile::{Compiler, ModuleEntry};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LogLevel;
use crate::live::{IdleInstances, LiveAccount, LiveBytes};
use crate::runtime::{
    CompiledModule, Guard, Metering, Runtime, RuntimeFeature, Stop, check_feature,
};
use crate::settings::Settings;
use crate::stats::FunctionStats;

/// Modules by their hash.
type Modules = HashMap<[u8; 32], Arc<ModuleEntry>>;

/// Counters by name and argument count.
type Stats = HashMap<(String, i32), Arc<FunctionStats>>;

/// The shared state of a Database's connections.
pub struct Environment {
    /// The Database's settings, unless the connection has its own.
    pub settings: Settings,
    /// Idle instances.
    pub cache: Arc<InstanceCache>,
    modules: Arc<Mutex<Modules>>,
    /// The ceiling for the code of the modules.
    code: Arc<LiveBytes>,
    stats: Arc<Mutex<Stats>>,
    /// Whether the log has said why there are no guard pages.
    told: Arc<AtomicBool>,
}

impl Environment {
    /// An environment with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            cache: InstanceCache::new(settings.cache_bytes_max, settings.live_bytes_max).into(),
            code: LiveBytes::new(settings.code_bytes_max).into(),
            settings,
            modules: Arc::default(),
            stats: Arc::default(),
            told: Arc::default(),
        }
    }

    /// A copy with other settings. Those of the cache and of modules' manifests stay unchanged.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self {
            settings,
            cache: Arc::clone(&self.cache),
            modules: Arc::clone(&self.modules),
            code: Arc::clone(&self.code),
            stats: Arc::clone(&self.stats),
            told: Arc::clone(&self.told),
        }
    }

    /// An environment that shares only modules and their compiled code with this one. The code of an unused
    /// module is kept until a registry is built that lacks it. So a program that opens the same file for each
    /// request compiles its modules once.
    #[must_use]
    pub fn beside(&self, settings: Settings) -> Self {
        let (modules, code) = (Arc::clone(&self.modules), Arc::clone(&self.code));
        Self { modules, code, ..Self::new(settings) }
    }

    /// The runtime, which enforces the limits that are always set.
    ///
    /// # Errors
    /// [`ErrorKind::NoRuntime`] if there is none, or if it cannot enforce them and the host does not accept that.
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

    /// What makes the code of modules.
    ///
    /// # Errors
    /// As [`Environment::runtime`].
    pub(crate) fn compiler(&self) -> Result<Compiler> {
        let runtime = Arc::clone(self.runtime()?);
        let guard = self.guard(runtime.as_ref());
        let can_stop = self.settings.shared_interrupts && runtime.has_stop_pages();
        let stop = if guard == Guard::Pages && can_stop { Stop::Pages } else { Stop::Code };
        Ok(Compiler::new(runtime, self.settings.code_cache.clone(), guard, stop))
    }

    /// How the runtime guards memory here. The log says once why it does not do what the host permits.
    fn guard(&self, runtime: &dyn Runtime) -> Guard {
        if !self.settings.guard_pages {
            return Guard::Code;
        }
        match runtime.has_guard_pages() {
            Ok(true) => Guard::Pages,
            Ok(false) => Guard::Code,
            Err(reason) => {
                if let Some(log) = &self.settings.log
                    && !self.told.swap(true, Ordering::Relaxed)
                {
                    let message = format!("guests' code checks memory accesses itself: {reason}");
                    log(LogLevel::Warn, &message);
                }
                Guard::Code
            }
        }
    }

    /// Checks that definitions may be created and dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if the host chose not to load the catalog.
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

    /// The shared entry of a module. `make` makes it unless one with the same hash and manifest text exists.
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

    /// Removes modules that no registry mentions any longer, and with them their compiled code and idle instances.
    pub fn forget_unused_modules(&self) {
        let mut gone = Vec::new();
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.retain(|sha256, entry| {
            let is_used = Arc::strong_count(entry) > 1;
            gone.extend((!is_used).then_some(*sha256));
            is_used
        });
        drop(modules);
        if !gone.is_empty() {
            self.cache.remove_modules(&gone);
        }
    }

    /// Keeps the code of a module with its entry. If there is no room, drops code of others that nobody uses.
    ///
    /// # Errors
    /// There is still no room.
    pub(crate) fn keep_code(
        &self,
        entry: &ModuleEntry,
        metering: Metering,
        code: &Arc<dyn CompiledModule>,
    ) -> Result<()> {
        let (bytes, mut account) = (code.code_bytes() as u64, LiveAccount::under(&self.code));
        while account.take(bytes).is_err() {
            let modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
            let is_dropped = modules.values().any(|other| other.drop_unused_code());
            drop(modules);
            // An idle instance uses its code, too.
            if !is_dropped && !self.cache.evict_one() {
                let most = self.code.bytes_max();
                let message = format!(
                    "its compiled code has {bytes} bytes, which do not fit into code_bytes_max = {most} with what \
                     other modules use: end statements, or let the host raise code_bytes_max"
                );
                return Err(Error::new(ErrorKind::Limit, message));
            }
        }
        entry.keep(metering, code, account);
        Ok(())
    }

    /// The counters of the function with this name and argument count.
    pub(crate) fn stats(&self, name: &str, arguments: i32) -> Arc<FunctionStats> {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(stats.entry((name.to_ascii_lowercase(), arguments)).or_default())
    }
}
