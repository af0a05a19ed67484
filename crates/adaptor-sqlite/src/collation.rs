//! The collation behind every slot: from SQLite's comparison to the guest and back.
//!
//! SQLite gives a comparison no way to fail, and its sorter may compare on threads of its own
//! (`PRAGMA threads`). So a slot owns its instance behind a lock, and the first fault is kept: later
//! comparisons leave the guest alone, the statement is interrupted, and whoever reports its end finds
//! the reason with [`Slot::take_error`].
//!
//! An index in an order that is no longer that of its collation is corrupt. So which version is the
//! true one is asked within the statement's own transaction: at its first comparison, where statements
//! are seen to begin, and else at each at which the database has changed.

use std::cmp::Ordering;
use std::ffi::{CString, c_int, c_void};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use commensal_core::host::LogLevel;
use commensal_core::registry::{CollationEntry, Registry};
use commensal_core::session::{Binding, Scope, Session};
use commensal_core::settings::LogSink;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::code::*;
use crate::codes::is_transient;
use crate::guard::guard;
use crate::services::SorterServices;
use crate::state::State;
use crate::statement::{Handle, bytes};
use crate::thread;
use crate::values::utf8;

/// What SQLite keeps for a registered collation. Only `slot` is used on threads of the sorter.
struct Registration {
    slot: Arc<Slot>,
    state: Rc<State>,
}

/// A collation of a connection.
pub(crate) struct Slot {
    name: String,
    handle: Handle,
    services: Arc<SorterServices>,
    /// Set where nobody takes errors.
    log: Option<Arc<LogSink>>,
    /// Which version is true has to be asked at the next comparison.
    unchecked: AtomicBool,
    /// The module is there for whoever compares: it was read, or need not be.
    provided: AtomicBool,
    /// The state of the database at the last comparison, where no statement is seen to begin.
    data_version: AtomicU32,
    running: Mutex<Running>,
    /// Where the connection sees that one of its collations failed.
    failed: Arc<AtomicBool>,
}

// SAFETY: through the handle only those functions of SQLite are called on threads of the sorter that
// may be called on any thread while the connection is open: sqlite3_interrupt and
// sqlite3_is_interrupted.
unsafe impl Send for Slot {}
// SAFETY: as above; everything else that changes is behind the lock, or atomic.
unsafe impl Sync for Slot {}

/// What comparisons use.
#[derive(Default)]
struct Running {
    /// `None` once the collation was dropped.
    version: Option<Version>,
    scope: Option<Scope>,
    /// The first fault of a statement.
    error: Option<Error>,
}

impl Running {
    /// Lets go of the instance.
    fn end(&mut self) {
        if let (Some(version), Some(scope)) = (&self.version, self.scope.take()) {
            version.session.end(scope);
        }
    }
}

/// A definition, with the bytes of its module: no SQL can run in a comparison that happens on a thread
/// of the sorter.
struct Version {
    session: Session,
    registry: Arc<Registry>,
    entry: Arc<CollationEntry>,
    wasm: Arc<Wasm>,
}

/// The bytes of a module once they were read: one copy for all collations of the module.
pub(crate) type Wasm = OnceLock<Result<Vec<u8>>>;

/// Bytes of modules that are kept for comparisons on threads of the sorter, of a connection. Loading reads
/// them, so it is a part of what opening a file may cost.
const WASM_BYTES_MAX: usize = 16 << 20;

/// A collation has one slot of its scope.
const SLOT: usize = 0;

impl Slot {
    fn new(name: &str, state: &State) -> Self {
        let environment = state.environment();
        Self {
            name: name.to_owned(),
            handle: state.handle,
            services: Arc::new(SorterServices::new(
                state.handle,
                &environment,
                state.services.sql.rights(),
            )),
            log: environment.settings.log.clone().filter(|_| !state.sees_statements()),
            unchecked: AtomicBool::new(true),
            provided: AtomicBool::new(false),
            data_version: AtomicU32::new(0),
            running: Mutex::default(),
            failed: Arc::clone(&state.collation_failed),
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        // A panic leaves a scope without its instance, which is then made anew.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the definition of this registry for the true one, if it differs from that in use.
    fn update(&self, state: &State, registry: &Arc<Registry>) {
        let entry = registry.collation(&self.name).filter(|entry| !entry.shadowed);
        let environment = state.environment();
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
        // Without the lock: a catalog that somebody tampered with may compare.
        let version = entry.map(|entry| Version {
            session: Session::new(environment, Arc::clone(&self.services) as _),
            registry: Arc::clone(registry),
            entry: Arc::clone(entry),
            wasm: state.collation_module(&entry.callable.object.module.sha256),
        });
        let mut running = self.running();
        running.end();
        running.version = version;
        running.error = None;
        self.provided.store(false, Relaxed);
    }

    /// Reads the module unless it is compiled or was read; how many bytes were read. Not for threads of
    /// the sorter.
    fn provide(&self, state: &State) -> usize {
        if self.provided.load(Relaxed) {
            return 0;
        }
        self.provided.store(true, Relaxed);
        // Without the lock: a catalog that somebody tampered with may compare.
        let version = self.running().version.as_ref().map(|version| {
            let object = Arc::clone(&version.entry.callable.object);
            (object, Arc::clone(&version.wasm))
        });
        let Some((object, wasm)) = version else { return 0 };
        // What is wrong with the definition is told instead of what is wrong with the module.
        if object.problem.is_some()
            || object.module.compiled(object.policy.metering()).is_some()
            || wasm.get().is_some()
        {
            return 0;
        }
        match state.read_module(&object.module.sha256) {
            Err(error) if is_transient(&error) => {
                self.provided.store(false, Relaxed);
                0
            }
            read => {
                let bytes = read.as_ref().map_or(0, Vec::len);
                // Whoever was first has read the same.
                let _ = wasm.set(read);
                bytes
            }
        }
    }

    /// A statement is about to begin while no other runs.
    pub(crate) fn begin_statement(&self) {
        let mut running = self.running();
        running.end();
        running.error = None;
        self.unchecked.store(true, Relaxed);
    }

    /// Why a statement was interrupted, if it was because of this collation.
    pub(crate) fn take_error(&self) -> Option<Error> {
        let error = self.running().error.take();
        error.filter(|error| error.kind() != ErrorKind::Interrupted)
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if a == b {
            return Ordering::Equal;
        }
        match (utf8(a), utf8(b)) {
            (Some(a), Some(b)) => self.compare_text(a, b),
            // What is no text comes last.
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
            // That statement has ended, this is another one.
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

    /// Whether the statement that was interrupted still runs. Before SQLite 3.41 that cannot be told,
    /// and the collation stays out of use until the connection is seen idle.
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

    /// Where nobody takes the error, it can only be logged: SQLite says no more than "interrupted".
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
        if !running.scope.as_ref().is_some_and(|scope| scope.is_bound(SLOT)) {
            self.bind(running)?;
        }
        let (Some(version), Some(scope)) = (&running.version, &mut running.scope) else {
            return Err(self.missing());
        };
        version.session.compare(scope, SLOT, &version.entry, a, b)
    }

    #[cold]
    fn missing(&self) -> Error {
        Error::new(ErrorKind::NotFound, format!("no such collation sequence: {}", self.name))
    }

    #[cold]
    fn bind(&self, running: &mut Running) -> Result<()> {
        let version = running.version.as_ref().ok_or_else(|| self.missing())?;
        let mut scope = version.session.begin(Arc::clone(&version.registry));
        let read = |_: &[u8; 32]| match version.wasm.get() {
            Some(read) => read.clone(),
            None => Err(Error::new(
                ErrorKind::Engine,
                "its module has not been read yet, and threads of the sorter (PRAGMA threads) cannot: \
                 SELECT wasm_refresh() reads it",
            )),
        };
        let binding = Binding::of_collation(&version.entry);
        let bound = version.session.bind_compiled(&mut scope, SLOT, binding, read);
        running.end();
        running.scope = Some(scope);
        bound
    }

    /// Whether the catalog has to be looked at before this comparison. Not for threads of the sorter.
    fn is_check_due(&self, state: &State) -> bool {
        let (api, db) = (self.handle.api, self.handle.db());
        if self.unchecked.load(Relaxed) {
            self.unchecked.store(false, Relaxed);
            return true;
        }
        if state.sees_statements() {
            return false;
        }
        if !state.is_committed() {
            // A rollback, which nothing tells, may have come since.
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

/// Registers a slot for each collation that has none, and tells all of them what is true now.
///
/// # Errors
/// SQLite does not accept it.
pub(crate) fn register(state: &Rc<State>, registry: &Arc<Registry>) -> Result<()> {
    for entry in registry.collations().filter(|entry| !entry.shadowed) {
        let name = entry.callable.name.to_ascii_lowercase();
        if !state.collations.borrow().contains(&name) {
            create(state, &name)?;
        }
    }
    let slots: Vec<_> = state.collations.borrow().values().cloned().collect();
    for slot in slots {
        slot.update(state, registry);
    }
    state.forget_collation_modules();
    state.collations.borrow_mut().look_over(|name, _| is_true(registry, name));
    provide_for_sorter(state);
    Ok(())
}

/// Reads the modules of the collations, where the sorter may compare on threads of its own before this
/// thread does; so many bytes at most. Where no statement tells that it begins, `PRAGMA threads` may
/// come at any time, so the modules are read whatever it says now.
pub(crate) fn provide_for_sorter(state: &Rc<State>) {
    let (api, db) = (state.handle.api, state.handle.db());
    // SAFETY: the connection is open; the number is only read.
    let threads = unsafe { (api.sqlite3_limit)(db, SQLITE_LIMIT_WORKER_THREADS, -1) };
    if threads <= 0 && state.sees_statements() {
        return;
    }
    let is_due = |slot: &&Arc<Slot>| !slot.provided.load(Relaxed);
    let due: Vec<_> = state.collations.borrow().values().filter(is_due).cloned().collect();
    if due.is_empty() {
        return;
    }
    let mut bytes = state.collation_module_bytes();
    for slot in due {
        if bytes >= WASM_BYTES_MAX {
            return;
        }
        bytes += slot.provide(state);
    }
}

fn is_true(registry: &Registry, name: &str) -> bool {
    registry.collation(name).is_some_and(|entry| !entry.shadowed)
}

fn create(state: &Rc<State>, name: &str) -> Result<()> {
    let Ok(c_name) = CString::new(name) else { return Ok(()) };
    let slot = Arc::new(Slot::new(name, state));
    let registration = Registration { slot: Arc::clone(&slot), state: Rc::clone(state) };
    let data = Box::into_raw(Box::new(registration));
    state.collations.borrow_mut().insert(name.to_owned(), slot);
    let handle = state.handle;
    // SAFETY: the connection is open, the name ends with a NUL. SQLite owns `data` from here on,
    // unless this fails: of all functions that register something, this one destroys nothing then.
    let code = unsafe {
        (handle.api.sqlite3_create_collation_v2)(
            handle.db(),
            c_name.as_ptr(),
            SQLITE_UTF8,
            data.cast(),
            Some(compare),
            Some(destroy),
        )
    };
    if code != SQLITE_OK {
        let error = handle.error(code);
        state.collations.borrow_mut().refused(&name.to_owned());
        // SAFETY: SQLite did not take it.
        drop(unsafe { Box::from_raw(data) });
        return Err(error);
    }
    Ok(())
}

/// Deletes collations that no longer have a definition; the connection is idle.
///
/// # Errors
/// SQLite refuses.
pub(crate) fn tidy(state: &State, registry: &Registry) -> Result<()> {
    let stale = state.collations.borrow().stale(|name, _| is_true(registry, name));
    stale.iter().try_for_each(|name| delete(state, name))?;
    state.collations.borrow_mut().tidied();
    Ok(())
}

fn delete(state: &State, name: &str) -> Result<()> {
    let Ok(c_name) = CString::new(name) else { return Ok(()) };
    state.collations.borrow_mut().remove(name);
    let handle = state.handle;
    // SAFETY: the connection is open, the name ends with a NUL.
    let code = unsafe {
        (handle.api.sqlite3_create_collation_v2)(
            handle.db(),
            c_name.as_ptr(),
            SQLITE_UTF8,
            std::ptr::null_mut(),
            None,
            None,
        )
    };
    handle.check(code)
}

/// The destructor of a registration.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `create` gave away, and SQLite destroys it once.
            let Registration { slot, state } =
                *unsafe { Box::from_raw(data.cast::<Registration>()) };
            let is = |own: &Arc<Slot>| Arc::ptr_eq(own, &slot);
            state.collations.borrow_mut().destroyed(&slot.name, is);
        },
    );
}

/// `xCompare` of every slot.
unsafe extern "C" fn compare(
    data: *mut c_void,
    a_bytes: c_int,
    a: *const c_void,
    b_bytes: c_int,
    b: *const c_void,
) -> c_int {
    // SAFETY: SQLite gives two texts of that many bytes, for the duration of this call.
    let (a, b) = unsafe { (bytes(a.cast::<u8>(), a_bytes), bytes(b.cast::<u8>(), b_bytes)) };
    let ordering = guard(
        || a.cmp(b),
        || {
            let registration = data.cast::<Registration>();
            // SAFETY: the registration lives as long as the collation; this field is for all threads.
            let slot = unsafe { &(*registration).slot };
            if !thread::may_be_the_sorters() {
                // SAFETY: as above; this is the thread that has the connection.
                let state = unsafe { &(*registration).state };
                if state.is_reading() {
                    // The catalog itself is in the order of a collation: somebody tampered with it.
                    return a.cmp(b);
                }
                if slot.is_check_due(state) {
                    // A catalog that cannot be read leaves the version in use.
                    let _ = state.current();
                }
                slot.provide(state);
            }
            slot.compare(a, b)
        },
    );
    ordering as c_int
}
