//! One collation of a connection: its current version, its instance, and comparisons with it.

use std::cmp::Ordering;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use commensal_core::environment::Environment;
use commensal_core::host::LogLevel;
use commensal_core::registry::{CollationEntry, Registry};
use commensal_core::session::{Binding, Execution, Session};
use commensal_core::settings::LogSink;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::code::*;
use crate::codes::{is_code, is_transient};
use crate::services::SorterServices;
use crate::statement::Handle;
use crate::values::utf8;

/// A collation of a connection.
pub(crate) struct CollationSlot {
    name: String,
    handle: Handle,
    services: Arc<SorterServices>,
    /// Set if nobody takes errors.
    log: Option<Arc<LogSink>>,
    /// The current version has to be looked up at the next comparison.
    unchecked: AtomicBool,
    /// The module was read or need not be, so any thread can compare.
    provided: AtomicBool,
    /// The state of the database at the last comparison, where statements are not seen to begin.
    data_version: AtomicU32,
    running: Mutex<Running>,
    /// Raised when a collation of the connection fails.
    failed: Arc<AtomicBool>,
}

// SAFETY: threads of the sorter call only those functions of SQLite through the handle that any thread
// may call while the connection is open: sqlite3_interrupt and sqlite3_is_interrupted.
unsafe impl Send for CollationSlot {}

// SAFETY: as above; everything else that changes is behind the lock, or atomic.
unsafe impl Sync for CollationSlot {}

/// What comparisons use.
#[derive(Default)]
struct Running {
    /// `None` once the collation was dropped.
    version: Option<Version>,
    execution: Option<Execution>,
    /// The first fault of a statement.
    error: Option<Error>,
}

impl Running {
    /// Lets go of the instance.
    fn end(&mut self) {
        if let (Some(version), Some(execution)) = (&self.version, self.execution.take()) {
            version.session.end(execution);
        }
    }
}

/// A definition with the bytes of its module, because a comparison on a thread of the sorter cannot run
/// SQL to read them.
struct Version {
    session: Session,
    registry: Arc<Registry>,
    entry: Arc<CollationEntry>,
    wasm: Arc<Wasm>,
}

/// The bytes of a module, once they were read. All collations of the module share them.
pub(crate) type Wasm = OnceLock<Result<Vec<u8>>>;

/// The only slot of a collation's execution.
const SLOT: usize = 0;

impl CollationSlot {
    /// A collation that raises `failed` when it fails. Messages go to `log` if nobody takes errors.
    pub(super) fn new(
        name: &str,
        handle: Handle,
        services: SorterServices,
        log: Option<Arc<LogSink>>,
        failed: Arc<AtomicBool>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            handle,
            services: Arc::new(services),
            log,
            unchecked: AtomicBool::new(true),
            provided: AtomicBool::new(false),
            data_version: AtomicU32::new(0),
            running: Mutex::default(),
            failed,
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // A panic leaves an execution without its instance, which is then made again.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its name, in ASCII lower case.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the module was read or need not be.
    pub(super) fn is_provided(&self) -> bool {
        self.provided.load(Relaxed)
    }

    /// Takes on the definition of this registry if it differs from the one in use. `wasm` gives the
    /// place for the bytes of a module.
    pub(super) fn update(
        &self,
        registry: &Arc<Registry>,
        environment: Arc<Environment>,
        wasm: impl FnOnce(&[u8; 32]) -> Arc<Wasm>,
    ) {
        let entry = registry.collation(&self.name).filter(|entry| !entry.shadowed);
        let same = match (&self.running().version, entry) {
            (Some(version), Some(entry)) => {
                version.entry.is_same(entry)
                    && Arc::ptr_eq(version.session.environment(), &environment)
            }
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        // Not under the lock, because reading a catalog that somebody tampered with may compare.
        let version = entry.map(|entry| Version {
            session: Session::new(environment, Arc::clone(&self.services) as _),
            registry: Arc::clone(registry),
            entry: Arc::clone(entry),
            wasm: wasm(&entry.callable.object.module.sha256),
        });
        let mut running = self.running();
        running.end();
        running.version = version;
        running.error = None;
        self.provided.store(false, Relaxed);
    }

    /// As [`provide`](Self::provide). False if SQLite is preparing a statement for another schema than the file's, and so
    /// the module cannot be read now.
    pub(super) fn provide_current(&self, read: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>) -> bool {
        let mut is_old = false;
        self.provide(|sha256| {
            read(sha256).inspect_err(|error| is_old = error.engine_code() == Some(SQLITE_SCHEMA))
        });
        !is_old
    }

    /// Reads the module with `read`, unless it is compiled or was read. Returns the number of bytes read.
    /// Threads of the sorter must not call this.
    pub(super) fn provide(&self, read: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>) -> usize {
        if self.is_provided() {
            return 0;
        }
        self.provided.store(true, Relaxed);
        // Not under the lock, because reading a catalog that somebody tampered with may compare.
        let version = self.running().version.as_ref().map(|version| {
            let object = Arc::clone(&version.entry.callable.object);
            (object, Arc::clone(&version.wasm))
        });
        let Some((object, wasm)) = version else { return 0 };
        // A problem of the definition is reported before one of the module.
        if object.problem.is_some()
            || object.module.compiled(object.policy.metering()).is_some()
            || wasm.get().is_some()
        {
            return 0;
        }
        match read(&object.module.sha256) {
            Err(error) if is_transient(&error) || is_code(&error, SQLITE_SCHEMA) => {
                self.provided.store(false, Relaxed);
                0
            }
            read => {
                let bytes = read.as_ref().map_or(0, Vec::len);
                // If another was first, it has read the same.
                let _ = wasm.set(read);
                bytes
            }
        }
    }

    /// Forgets the last statement, because one is about to begin while no other runs.
    pub(crate) fn begin_statement(&self) {
        let mut running = self.running();
        running.end();
        running.error = None;
        self.unchecked.store(true, Relaxed);
    }

    /// Has the current version looked up at the next comparison.
    pub(crate) fn look_again(&self) {
        self.unchecked.store(true, Relaxed);
    }

    /// Why this collation interrupted a statement, if it did.
    pub(crate) fn take_error(&self) -> Option<Error> {
        let error = self.running().error.take();
        error.filter(|error| error.kind() != ErrorKind::Interrupted)
    }

    pub(super) fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        match (utf8(a), utf8(b)) {
            (Some(a), Some(b)) => self.compare_text(a, b),
            // What is not text comes last.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.cmp(b),
        }
    }

    fn compare_text(&self, a: &str, b: &str) -> Ordering {
        let mut running = self.running();
        if running.error.is_some() {
            if self.is_interrupted() {
                return a.cmp(b);
            }
            // That statement has ended; this is another one.
            running.error = None;
        }
        match self.call(&mut running, a, b) {
            Ok(ordering) => ordering,
            Err(error) => {
                self.failed.store(true, Relaxed);
                self.report(&error);
                running.error = Some(error);
                running.end();
                // SAFETY: the connection is open, since it compares; any thread may call this.
                unsafe { (self.handle.api.sqlite3_interrupt)(self.handle.db()) };
                a.cmp(b)
            }
        }
    }

    /// Whether the interrupted statement still runs. SQLite before 3.41 cannot tell, so the collation
    /// then stays out of use until the connection is seen idle.
    fn is_interrupted(&self) -> bool {
        // SAFETY: the connection is open, since it compares; any thread may call this.
        let interrupted = |is_interrupted: unsafe extern "C" fn(_) -> c_int| unsafe {
            is_interrupted(self.handle.db()) != 0
        };
        let interrupted = self.handle.api.sqlite3_is_interrupted.map(interrupted);
        if interrupted.is_none() {
            // SAFETY: as above.
            unsafe { (self.handle.api.sqlite3_interrupt)(self.handle.db()) };
        }
        interrupted.unwrap_or(true)
    }

    /// Logs the error if nobody takes it, because SQLite says no more than "interrupted".
    #[cold]
    fn report(&self, error: &Error) {
        if error.kind() == ErrorKind::Interrupted {
            return;
        }
        if let Some(log) = &self.log {
            log(LogLevel::Error, error.message());
        }
    }

    fn call(&self, running: &mut Running, a: &str, b: &str) -> Result<Ordering> {
        if !running.execution.as_ref().is_some_and(|execution| execution.is_bound(SLOT)) {
            self.bind(running)?;
        }
        let (Some(version), Some(execution)) = (&running.version, &mut running.execution) else {
            return Err(self.missing());
        };
        version.session.compare(execution, SLOT, &version.entry, a, b)
    }

    #[cold]
    fn missing(&self) -> Error {
        Error::new(ErrorKind::NotFound, format!("no such collation sequence: {}", self.name))
    }

    #[cold]
    fn bind(&self, running: &mut Running) -> Result<()> {
        let version = running.version.as_ref().ok_or_else(|| self.missing())?;
        let mut execution = version.session.begin(Arc::clone(&version.registry));
        let read = |_: &[u8; 32]| match version.wasm.get() {
            Some(read) => read.clone(),
            None => Err(Error::new(
                ErrorKind::Engine,
                "its module has not been read yet, and SQLite's sorter threads (PRAGMA threads) \
                 cannot read it: run SELECT wasm_refresh()",
            )),
        };
        let binding = Binding::of_collation(&version.entry);
        let bound = version.session.bind_compiled(&mut execution, SLOT, binding, read);
        running.end();
        running.execution = Some(execution);
        bound
    }

    /// Whether to look at the catalog before this comparison. Threads of the sorter must not call this.
    pub(super) fn is_check_due(&self, sees_statements: bool, is_committed: bool) -> bool {
        let (api, db) = (self.handle.api, self.handle.db());
        if self.unchecked.load(Relaxed) {
            self.unchecked.store(false, Relaxed);
            return true;
        }
        if sees_statements {
            return false;
        }
        if !is_committed {
            // There may have been a rollback since, which nothing tells of.
            return true;
        }
        let mut version = 0_u32;
        // SAFETY: the connection is open, NULL is the main database, the result is an unsigned int.
        unsafe {
            let to = (&raw mut version).cast::<c_void>();
            (api.sqlite3_file_control)(db, std::ptr::null(), SQLITE_FCNTL_DATA_VERSION, to);
        }
        let before = self.data_version.load(Relaxed);
        self.data_version.store(version, Relaxed);
        before != version
    }
}
