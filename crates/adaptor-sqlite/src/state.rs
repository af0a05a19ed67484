//! What Commensal keeps for one SQLite connection: the snapshot of the catalog, the registered slots,
//! the session with its instances.
//!
//! SQLite calls back re-entrantly (a nested statement may come back into a function or a virtual
//! table), so no borrow is held while SQL or a guest runs.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::{CString, c_int, c_void};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commensal_core::catalog::{self, Generation, LoadedCatalog, Reading as CatalogReading};
use commensal_core::environment::Environment;
use commensal_core::manifest::{AggregateMethod, FunctionBody, FunctionKey, function_key};
use commensal_core::registry::{FunctionEntry, Namespace, Registry};
use commensal_core::session::Session;
use commensal_core::settings::Settings;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{sqlite3_context, sqlite3_vtab};
use crate::function::{self, Slot};
use crate::given::GivenModules;
use crate::pin::{Pin, Snapshots};
use crate::placeholder::Placeholders;
use crate::raised::Raised;
use crate::reader::Reader;
use crate::registered::Registered;
use crate::services::Services;
use crate::statement::{Handle, Statement};
use crate::{aggregate, collation, introspection, names, scalar, table, thread};

/// See the module's description. Shared by the connection, its slots and its virtual tables; all of
/// them are called by one thread at a time.
pub(crate) struct State {
    pub(crate) handle: Handle,
    /// Replaced when settings change; a running statement keeps the one that it began with.
    session: RefCell<Rc<Session>>,
    pub(crate) services: Arc<Services>,
    /// Whether SQL may loosen settings.
    pub(crate) unlocked: Cell<bool>,
    registry: RefCell<Arc<Registry>>,
    /// Whether the snapshot is one of committed tables.
    committed: Cell<bool>,
    slots: RefCell<Slots>,
    /// Counts the plans that were made for tables of guests, which tells of a statement that has been
    /// prepared whether it reads one.
    pub(crate) plans: Cell<u64>,
    /// Counts the failures of tables of guests, which tells of a statement that failed whether one was
    /// the reason.
    pub(crate) table_failures: Cell<u64>,
    /// The modules of tables that are registered.
    pub(crate) tables: RefCell<table::Slots>,
    cached: RefCell<Cached>,
    pub(crate) placeholders: Placeholders,
    /// Modules that calls brought along.
    pub(crate) given: RefCell<GivenModules>,
    /// Set while the catalog is read: a hostile schema can make that call a function.
    reading: Cell<bool>,
    /// The error of the last failed call, with what the engine's text loses.
    last_error: RefCell<Option<Error>>,
    /// The collations that are registered.
    pub(crate) collations: RefCell<Registered<String, Arc<collation::Slot>>>,
    /// The modules of collations by hash, as long as a collation has them.
    collation_modules: RefCell<HashMap<[u8; 32], std::sync::Weak<collation::Wasm>>>,
    /// Some collation failed, and nobody has taken its error yet.
    pub(crate) collation_failed: Arc<AtomicBool>,
    /// Whether each statement of the connection tells when it begins.
    sees_statements: bool,
    /// The pin with which an aggregate began a group last.
    last_pin: RefCell<Weak<Pin>>,
    /// A statement is being reset or finalized.
    resetting: Cell<bool>,
    /// An introspection table was connected, whose disconnection will tell that the connection closes.
    pub(crate) introspected: Cell<bool>,
    /// Addresses of the tables of definitions that SQLite has connected.
    definition_tables: RefCell<HashSet<usize>>,
}

/// The functions that are registered with SQLite.
#[derive(Default)]
struct Slots {
    /// Number and form of each.
    registered: Registered<FunctionKey, (usize, Form)>,
    /// Numbers given so far.
    count: usize,
    /// Numbers of slots that were destroyed. SQLite destroys none while a statement runs, so no
    /// statement has one of these bound.
    free: Vec<usize>,
    /// Functions of a fixed number of arguments that were deleted. SQLite keeps their places, and finds
    /// those rather than a variadic function of the name.
    deleted: HashSet<FunctionKey>,
}

/// What SQLite has to know of a function when it compiles a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) flags: c_int,
}

/// Where SQL may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For a row.
    Scalar,
    /// For a group of rows.
    Aggregate,
    /// For a group of rows, and over a window.
    Window,
}

/// Prepared statements of our own.
#[derive(Default)]
struct Cached {
    generation: Option<Statement>,
    schema_version: Option<Statement>,
    /// The version of a schema that has no catalog.
    empty_schema: Option<i64>,
}

impl Drop for State {
    fn drop(&mut self) {
        self.services.sql.forget_examiner();
    }
}

impl Snapshots for State {
    fn current(self: Rc<Self>) -> Result<Arc<Registry>> {
        Self::current(&self)
    }
}

impl State {
    pub(crate) fn new(
        handle: Handle,
        environment: Arc<Environment>,
        sees_statements: bool,
    ) -> Rc<Self> {
        thread::is_not_the_sorters();
        let services = Arc::new(Services::new(handle, &environment, sees_statements));
        Rc::new(Self {
            handle,
            session: RefCell::new(Rc::new(Session::new(environment, Arc::clone(&services) as _))),
            services,
            unlocked: Cell::new(false),
            registry: RefCell::new(Arc::new(Registry::empty())),
            committed: Cell::new(false),
            slots: RefCell::default(),
            plans: Cell::new(0),
            table_failures: Cell::new(0),
            tables: RefCell::default(),
            cached: RefCell::default(),
            placeholders: Placeholders::default(),
            given: RefCell::default(),
            reading: Cell::new(false),
            last_error: RefCell::new(None),
            collations: RefCell::default(),
            collation_modules: RefCell::default(),
            collation_failed: Arc::default(),
            sees_statements,
            last_pin: RefCell::default(),
            resetting: Cell::new(false),
            introspected: Cell::new(false),
            definition_tables: RefCell::default(),
        })
    }

    /// SQLite was given a table of a definition.
    pub(crate) fn connected(&self, table: *const sqlite3_vtab) {
        self.definition_tables.borrow_mut().insert(table.addr());
    }

    /// SQLite gives a table of a definition back.
    pub(crate) fn disconnected(&self, table: *const sqlite3_vtab) {
        self.definition_tables.borrow_mut().remove(&table.addr());
    }

    /// Whether this is the address of a table of a definition.
    pub(crate) fn is_connected(&self, address: usize) -> bool {
        self.definition_tables.borrow().contains(&address)
    }

    /// Whether the function is one of a definition.
    pub(crate) fn has_slot(&self, key: &FunctionKey) -> bool {
        self.slots.borrow().registered.contains(key)
    }

    /// Whether each statement of the connection tells when it begins.
    pub(crate) fn sees_statements(&self) -> bool {
        self.sees_statements
    }

    /// Whether the snapshot is one of committed tables.
    pub(crate) fn is_committed(&self) -> bool {
        self.committed.get()
    }

    /// Whether the catalog is being read.
    pub(crate) fn is_reading(&self) -> bool {
        self.reading.get()
    }

    /// A statement is about to begin. Functions look at the catalog when they are first called;
    /// collations may be called where no SQL can run, so they are told.
    pub(crate) fn begin_statement(self: &Rc<Self>) -> Result<()> {
        thread::is_not_the_sorters();
        if self.collations.borrow().is_empty() {
            return Ok(());
        }
        if self.handle.is_autocommit() {
            // As before a statement is prepared.
            let _ = self.current();
        }
        if self.handle.is_idle() {
            self.collation_failed.store(false, Ordering::Relaxed);
            self.collations.borrow().values().for_each(|slot| slot.begin_statement());
            collation::provide_for_sorter(self);
        }
        self.tidy()
    }

    /// Whether a collation failed in the statement that runs.
    #[inline]
    pub(crate) fn has_collation_failed(&self) -> bool {
        self.collation_failed.load(Ordering::Relaxed)
    }

    /// Why a statement was interrupted, if a collation did it.
    #[cold]
    pub(crate) fn take_collation_error(&self) -> Option<Error> {
        self.collation_failed.store(false, Ordering::Relaxed);
        self.collations.borrow().values().find_map(|slot| slot.take_error())
    }

    /// The snapshot as last read.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.borrow())
    }

    /// The session of statements that begin now.
    pub(crate) fn session(&self) -> Rc<Session> {
        Rc::clone(&self.session.borrow())
    }

    /// The settings of statements that begin now, and what the connection shares with others.
    pub(crate) fn environment(&self) -> Arc<Environment> {
        Arc::clone(self.session.borrow().environment())
    }

    /// Changes the settings, for statements that begin from here on.
    ///
    /// # Errors
    /// The catalog, whose policies depend on them, cannot be read.
    pub(crate) fn set_settings(self: &Rc<Self>, settings: Settings) -> Result<()> {
        let environment = Arc::new(self.environment().with_settings(settings));
        let session = Rc::new(Session::new(environment, Arc::clone(&self.services) as _));
        let before = self.session.replace(session);
        let given = self.given.take();
        drop((before, given));
        self.refresh().map(drop)
    }

    /// Keeps an error for [`State::take_last_error`].
    #[cold]
    pub(crate) fn set_last_error(&self, error: Option<Error>) {
        *self.last_error.borrow_mut() = error;
    }

    /// Gives SQLite the error of a call, and keeps it for who wants more than its text.
    ///
    /// # Safety
    /// `context` is that of a running call of this connection.
    #[cold]
    pub(crate) unsafe fn report(&self, context: *mut sqlite3_context, error: Error) {
        // SAFETY: the caller's promise.
        unsafe { crate::result::fail(self.handle.api, context, &error) };
        self.set_last_error(Some(error));
    }

    pub(crate) fn take_last_error(&self) -> Option<Error> {
        self.last_error.borrow_mut().take()
    }

    /// What a statement that begins now holds on to, without a snapshot yet.
    pub(crate) fn pin(self: &Rc<Self>) -> Rc<Pin> {
        let snapshots = Rc::clone(self) as Rc<dyn Snapshots>;
        Pin::new(self.handle.api, snapshots, self.session(), self.slot_count())
    }

    /// Keeps in mind the pin of a statement that aggregates.
    pub(crate) fn set_last_pin(&self, pin: &Rc<Pin>) {
        *self.last_pin.borrow_mut() = Rc::downgrade(pin);
    }

    /// The pin of the running statement, for a result of no rows, whose context does not lead there:
    /// that of the statement that aggregated last, if that still runs and no other does.
    pub(crate) fn last_pin(&self) -> Option<Rc<Pin>> {
        let pin = self.last_pin.borrow().upgrade()?;
        self.handle.runs_one().then_some(pin)
    }

    /// Resets or finalizes a statement, by what `reset` does.
    pub(crate) fn resetting<R>(&self, reset: impl FnOnce() -> R) -> R {
        let _resetting = Raised::new(&self.resetting);
        reset()
    }

    /// Whether a statement is being reset or finalized.
    pub(crate) fn is_resetting(&self) -> bool {
        self.resetting.get()
    }

    /// Whether the host's interrupt is about to end what runs.
    pub(crate) fn is_interrupted(&self) -> bool {
        let interrupted = self.handle.api.sqlite3_is_interrupted;
        // SAFETY: the connection is open.
        interrupted.is_some_and(|interrupted| unsafe { interrupted(self.handle.db()) } != 0)
    }

    /// Finalizes the statements of our own, which would keep the connection from closing. They are
    /// prepared anew when needed.
    pub(crate) fn finalize_cached(&self) {
        let cached = self.cached.take();
        drop(cached);
        self.services.sql.finalize_examined();
    }

    /// The snapshot that is true now: reads the generation, and the catalog if that is another one.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn current(self: &Rc<Self>) -> Result<Arc<Registry>> {
        self.read(false)
    }

    /// As [`State::current`], but reads the catalog whatever the generation says.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn refresh(self: &Rc<Self>) -> Result<Arc<Registry>> {
        self.read(true)
    }

    fn read(self: &Rc<Self>, force: bool) -> Result<Arc<Registry>> {
        thread::is_not_the_sorters();
        if !self.environment().settings.load_catalog {
            return Ok(self.registry());
        }
        if !self.introspected.get() {
            introspection::connect_one(self)?;
        }
        let loaded = {
            let _reading = begin_reading(&self.reading)?;
            self.services.sql.at_full_length(|| self.read_guarded(force))
        };
        let registry = match loaded {
            Ok(None) => {
                if !self.committed.get() {
                    self.committed.set(self.handle.sees_committed());
                }
                return Ok(self.registry());
            }
            Ok(Some(registry)) => Arc::new(registry),
            // Somebody else holds the lock: what was committed last is what can be seen. Not so a
            // snapshot of a transaction, which may have been rolled back since.
            Err(error) if is_transient(&error) && self.committed.get() => {
                return Ok(self.registry());
            }
            Err(error) => return Err(error),
        };
        // Before anybody sees it: what could not be registered now is tried again, because the snapshot
        // that is known is still another one.
        self.register(&registry)?;
        *self.registry.borrow_mut() = Arc::clone(&registry);
        self.committed.set(self.handle.sees_committed());
        Ok(registry)
    }

    /// The new registry; `None` when the one there is still true.
    fn read_guarded(&self, force: bool) -> Result<Option<Registry>> {
        let known = self.registry.borrow().generation.filter(|_| !force);
        if !force {
            let unchanged = match known {
                None => self.is_known_empty()?,
                Some(_) => self.step_generation() == known,
            };
            if unchanged {
                return Ok(None);
            }
        }
        // Before the tables are looked at: what it is compiled for is either what is found there, or it
        // fails when it is stepped.
        let generation = self.handle.prepare_own_once(catalog::SELECT_GENERATION).ok();
        let empty_schema = self.committed_schema_version()?;
        let limits = self.environment().settings.limits.clone();
        match catalog::read(&Reader(self.handle), &limits, known)? {
            CatalogReading::None => {
                self.cached.borrow_mut().empty_schema = empty_schema;
                Ok(self.registry.borrow().generation.map(|_| Registry::empty()))
            }
            CatalogReading::Unchanged => {
                self.cached.borrow_mut().generation = generation;
                Ok(None)
            }
            CatalogReading::Changed(loaded) => {
                self.cached.borrow_mut().generation = generation;
                self.build(loaded).map(Some)
            }
        }
    }

    /// Whether the schema is one that was found to have no catalog.
    fn is_known_empty(&self) -> Result<bool> {
        let Some(empty) = self.cached.borrow().empty_schema else { return Ok(false) };
        Ok(self.schema_version()? == empty)
    }

    fn schema_version(&self) -> Result<i64> {
        let statement = self.cached.borrow_mut().schema_version.take();
        let mut statement = match statement {
            Some(statement) => statement,
            None => self.handle.prepare("PRAGMA main.schema_version")?,
        };
        let version = match statement.step()? {
            true => match statement.column(0)? {
                ValueRef::Integer(version) => version,
                _ => -1,
            },
            false => -1,
        };
        statement.reset();
        self.cached.borrow_mut().schema_version = Some(statement);
        Ok(version)
    }

    /// The version of the schema, if it is committed: others are given again after a rollback.
    fn committed_schema_version(&self) -> Result<Option<i64>> {
        match self.handle.sees_committed() {
            true => self.schema_version().map(Some),
            false => Ok(None),
        }
    }

    /// The generation that can be read now, by the statement that was prepared when the catalog's tables
    /// were last looked at; `None` once they have to be looked at again.
    fn step_generation(&self) -> Option<Generation> {
        let mut statement = self.cached.borrow_mut().generation.take()?;
        let generation = match statement.step() {
            // What is not UTF-8 was written by hand.
            Ok(true) => catalog::parse_generation(statement.column(0).unwrap_or(ValueRef::Null)),
            // It says no more than that it failed.
            Ok(false) | Err(_) => return None,
        };
        statement.reset();
        self.cached.borrow_mut().generation = Some(statement);
        Some(generation)
    }

    fn build(&self, loaded: LoadedCatalog) -> Result<Registry> {
        let functions = self.slots.borrow().registered.foreign();
        let tables = self.tables.borrow().registered.foreign();
        let is_foreign = |namespace: Namespace, name: &str| match namespace {
            Namespace::Functions => functions.has(name, || names::all_functions(self.handle)),
            Namespace::Tables => {
                names::is_reserved_module(name)
                    || tables.has(name, || names::all_modules(self.handle))
            }
            Namespace::Collations => self.is_foreign_collation(name),
        };
        let registry = Registry::build(loaded, &self.environment(), &is_foreign);
        functions.finish()?;
        tables.finish()?;
        Ok(registry)
    }

    /// Whether a collation of this name is not ours.
    fn is_foreign_collation(&self, name: &str) -> bool {
        let (taken, ours) = {
            let collations = self.collations.borrow();
            (collations.is_taken(name), collations.contains(name))
        };
        taken || !ours && names::has_collation(self.handle, name)
    }

    /// Numbers of slots given so far.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.borrow().count
    }

    /// Names of the slots.
    pub(crate) fn our_names(&self) -> HashSet<String> {
        self.slots.borrow().registered.names()
    }

    /// Where the bytes of a collation's module are kept once they were read.
    pub(crate) fn collation_module(&self, sha256: &[u8; 32]) -> Arc<collation::Wasm> {
        let mut modules = self.collation_modules.borrow_mut();
        if let Some(module) = modules.get(sha256).and_then(std::sync::Weak::upgrade) {
            return module;
        }
        let module = Arc::default();
        modules.insert(*sha256, Arc::downgrade(&module));
        module
    }

    /// Forgets the modules that no collation has any longer.
    pub(crate) fn forget_collation_modules(&self) {
        self.collation_modules.borrow_mut().retain(|_, module| module.strong_count() > 0);
    }

    /// Bytes of the modules of collations that were read.
    pub(crate) fn collation_module_bytes(&self) -> usize {
        let bytes = |module: &std::sync::Weak<collation::Wasm>| {
            let module = module.upgrade()?;
            module.get()?.as_ref().ok().map(Vec::len)
        };
        self.collation_modules.borrow().values().filter_map(bytes).sum()
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// The file does not have it.
    pub(crate) fn read_module(&self, sha256: &[u8; 32]) -> Result<Vec<u8>> {
        let _reading = begin_reading(&self.reading)?;
        let limits = self.environment().settings.limits.clone();
        let read = || catalog::read_module(&Reader(self.handle), &limits, sha256);
        self.services.sql.at_full_length(read)
    }

    /// Registers a slot for each function that has none. The form of a slot can only be changed while
    /// the connection is idle; until then [`State::tidy`] is due.
    fn register(self: &Rc<Self>, registry: &Arc<Registry>) -> Result<()> {
        collation::register(self, registry)?;
        for entry in registry.functions().filter(|entry| !entry.shadowed) {
            let key = function_key(entry.name(), entry.arguments);
            if self.slots.borrow().registered.contains(&key) {
                continue;
            }
            match self.create_slot(key, entry.name(), Form::of(entry)) {
                // A name or a number of arguments that SQLite does not accept: nothing can call it,
                // and the others are none the worse.
                Err(error) if is_code(&error, SQLITE_MISUSE) => {}
                created => created?,
            }
        }
        let deleted: Vec<_> = self.slots.borrow().deleted.iter().cloned().collect();
        for key in deleted {
            if let Some(entry) = registry.meant(&key) {
                self.slots.borrow_mut().deleted.remove(&key);
                // The function itself may have been registered above.
                if !self.slots.borrow().registered.contains(&key) {
                    self.create_slot(key, entry.name(), Form::of(entry))?;
                }
            }
        }
        self.slots
            .borrow_mut()
            .registered
            .look_over(|key, (_, form)| is_true(registry, key, *form));
        table::register(self, registry)
    }

    fn create_slot(self: &Rc<Self>, key: FunctionKey, name: &str, form: Form) -> Result<()> {
        let slot = {
            let mut slots = self.slots.borrow_mut();
            let slot = slots.free.pop().unwrap_or_else(|| {
                slots.count += 1;
                slots.count - 1
            });
            slots.registered.insert(key.clone(), (slot, form));
            slot
        };
        let data = Box::new(Slot { state: Rc::clone(self), number: slot, key: key.clone(), form });
        let created = self.create_function(name, key.1, data);
        if created.is_err() {
            self.slots.borrow_mut().registered.refused(&key);
        }
        created
    }

    fn create_function(&self, name: &str, arguments: i32, data: Box<Slot>) -> Result<()> {
        let Handle { api, .. } = self.handle;
        let form = data.form;
        let (name, flags) = (function_name(name)?, SQLITE_UTF8 | form.flags);
        let (scalar, methods) = match form.kind {
            Kind::Scalar => (Some(scalar::scalar_of::<Slot>(api)?), None),
            Kind::Aggregate | Kind::Window => (None, Some(aggregate::methods_of(api)?)),
        };
        let window = methods.filter(|_| form.kind == Kind::Window);
        let (db, destroy) = (self.handle.db(), Some(function::destroy_slot as _));
        let data = Box::into_raw(data).cast::<c_void>();
        // SAFETY: the connection is open, the name ends with a NUL. SQLite owns `data` from here on,
        // and calls `destroy` also when this fails.
        let code = unsafe {
            match methods {
                None => (api.sqlite3_create_function_v2)(
                    db,
                    name.as_ptr(),
                    arguments,
                    flags,
                    data,
                    scalar,
                    None,
                    None,
                    destroy,
                ),
                Some(methods) => (api.sqlite3_create_window_function)(
                    db,
                    name.as_ptr(),
                    arguments,
                    flags,
                    data,
                    Some(methods.step),
                    Some(methods.finalize),
                    window.map(|methods| methods.value),
                    window.map(|methods| methods.inverse),
                    destroy,
                ),
            }
        };
        self.handle.check(code)
    }

    fn delete_function(&self, name: &str, arguments: i32) -> Result<()> {
        let name = function_name(name)?;
        // SAFETY: the connection is open, the name ends with a NUL.
        let code = unsafe {
            (self.handle.api.sqlite3_create_function_v2)(
                self.handle.db(),
                name.as_ptr(),
                arguments,
                SQLITE_UTF8,
                std::ptr::null_mut(),
                None,
                None,
                None,
                None,
            )
        };
        self.handle.check(code)
    }

    /// Makes SQLite compile every prepared statement anew before it runs again. It does so when a
    /// function is deleted, and for no change of a module. The connection is idle.
    pub(crate) fn expire_statements(&self) -> Result<()> {
        const NAME: &std::ffi::CStr = c"wasm_expire_statements";
        let function = scalar::scalar_of::<Slot>(self.handle.api)?;
        for function in [Some(function), None] {
            // SAFETY: the connection is open, and the name ends with a NUL. Nothing can call the
            // function before it is deleted.
            let code = unsafe {
                (self.handle.api.sqlite3_create_function_v2)(
                    self.handle.db(),
                    NAME.as_ptr(),
                    0,
                    SQLITE_UTF8,
                    std::ptr::null_mut(),
                    function,
                    None,
                    None,
                    None,
                )
            };
            self.handle.check(code)?;
        }
        Ok(())
    }

    /// A slot was destroyed.
    pub(crate) fn slot_destroyed(&self, number: usize, key: &FunctionKey) {
        let mut slots = self.slots.borrow_mut();
        slots.free.push(number);
        slots.registered.destroyed(key, |(slot, _)| *slot == number);
    }

    /// Deletes slots that no longer have a function, and changes the form of others, if the
    /// connection is idle.
    pub(crate) fn tidy(self: &Rc<Self>) -> Result<()> {
        let untidy = self.slots.borrow().registered.is_untidy()
            || self.tables.borrow().registered.is_untidy()
            || self.collations.borrow().is_untidy();
        if !untidy || !self.handle.is_idle() {
            return Ok(());
        }
        let registry = self.registry();
        table::tidy(self, &registry)?;
        let is_true = |key: &FunctionKey, (_, form): &(_, Form)| is_true(&registry, key, *form);
        let stale = self.slots.borrow().registered.stale(is_true);
        for key in stale {
            self.slots.borrow_mut().registered.remove(&key);
            self.delete_function(&key.0, key.1)?;
            match registry.meant(&key) {
                Some(entry) => self.create_slot(key, entry.name(), Form::of(entry))?,
                None if key.1 >= 0 => {
                    self.slots.borrow_mut().deleted.insert(key);
                }
                None => {}
            }
        }
        self.slots.borrow_mut().registered.tidied();
        collation::tidy(self, &registry)
    }
}

/// Whether the function that was registered in this form is still to be called so.
fn is_true(registry: &Registry, key: &FunctionKey, form: Form) -> bool {
    registry.meant(key).is_some_and(|entry| Form::of(entry) == form)
}

/// Whether the definition can reach nothing outside of its guests, so that it does no harm in a schema
/// that is not trusted. By what it asks for: what it is given may change while statements run, when
/// flags cannot.
pub(crate) fn is_innocuous(callable: &commensal_core::registry::Callable) -> bool {
    callable.object.with.allow.unwrap_or_default().is_empty()
}

impl Form {
    pub(crate) fn of(entry: &FunctionEntry) -> Self {
        let mut flags = 0;
        if entry.deterministic {
            flags |= SQLITE_DETERMINISTIC;
        }
        // Only where it is due: SQLite does not answer from an index on the expression what might have
        // a subtype, because an index stores none.
        if entry.subtype {
            flags |= SQLITE_SUBTYPE | SQLITE_RESULT_SUBTYPE;
        }
        if is_innocuous(&entry.callable) {
            flags |= SQLITE_INNOCUOUS;
        }
        let kind = match &entry.body {
            FunctionBody::Scalar(_) | FunctionBody::Validator(_) => Kind::Scalar,
            FunctionBody::Aggregate(methods) => match methods.get(&AggregateMethod::Value) {
                Some(_) => Kind::Window,
                None => Kind::Aggregate,
            },
        };
        Self { kind, flags }
    }
}

fn function_name(name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| Error::new(ErrorKind::Catalog, "a function's name contains NUL"))
}

/// While what this gives lives, the catalog is being read.
fn begin_reading(reading: &Cell<bool>) -> Result<Raised<'_>> {
    let raised = Raised::new(reading);
    if raised.was_up() {
        return Err(Error::new(
            ErrorKind::Catalog,
            "a function was called while the catalog was read: the file's schema was tampered with",
        ));
    }
    Ok(raised)
}
