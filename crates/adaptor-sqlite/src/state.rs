//! What Commensal keeps for one SQLite connection: the snapshot of the catalog, the registered slots,
//! the session with its instances. How a snapshot is read is in `snapshot.rs`.
//!
//! SQLite calls back re-entrantly (a nested statement may come back into a function or a virtual
//! table), so no borrow is held while SQL or a guest runs.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use commensal_core::environment::Environment;
use commensal_core::manifest::FunctionKey;
use commensal_core::registry::Registry;
use commensal_core::session::Session;
use commensal_core::{Error, Result};

use crate::api::{sqlite3_context, sqlite3_vtab};
use crate::collation::slot::{CollationSlot as Collation, Wasm};
use crate::errand::Errand;
use crate::given::GivenModules;
use crate::names::Names;
use crate::pending::{Attached, Pending};
use crate::placeholder::Placeholders;
use crate::raised::Raised;
use crate::registered::Registered;
use crate::services::Services;
use crate::slots::FunctionSlots;
use crate::statement::{Handle, Statement};
use crate::statement_context::{Snapshots, StatementContext};
use crate::table::slots::TableSlots as Tables;
use crate::thread;

/// Registers with SQLite what a snapshot has. It is handed in, because what SQLite calls knows the state.
pub(crate) trait Registers {
    /// Connects an introspection table, if that is possible now.
    ///
    /// # Errors
    /// SQLite refuses.
    fn connect(&self, state: &Rc<ConnectionState>) -> Result<()>;

    /// Registers whatever has no slot. The form of a slot can change only while the connection is idle;
    /// until then [`Registers::tidy`] is due.
    ///
    /// # Errors
    /// SQLite refuses.
    fn register(&self, state: &Rc<ConnectionState>, registry: &Arc<Registry>) -> Result<()>;

    /// Reads what comparisons on threads of the sorter will need.
    fn provide(&self, state: &Rc<ConnectionState>);

    /// Deletes slots that no longer have a definition, and changes the form of others, if the
    /// connection is idle.
    ///
    /// # Errors
    /// SQLite refuses.
    fn tidy(&self, state: &Rc<ConnectionState>) -> Result<()>;
}

/// See the module's description. Shared by the connection, its slots and its virtual tables; all of
/// them are called by one thread at a time.
pub(crate) struct ConnectionState {
    pub(crate) handle: Handle,
    /// Replaced when settings change; a running statement keeps the one that it began with.
    pub(crate) session: RefCell<Rc<Session>>,
    pub(crate) services: Arc<Services>,
    pub(crate) registers: &'static dyn Registers,
    /// Whether SQL may loosen settings.
    pub(crate) unlocked: Cell<bool>,
    pub(crate) registry: RefCell<Arc<Registry>>,
    /// Whether the snapshot is of committed tables.
    pub(crate) committed: Cell<bool>,
    pub(crate) slots: RefCell<FunctionSlots>,
    /// Counts the plans made for tables of guests. It tells whether a statement that has been prepared
    /// reads one.
    pub(crate) plans: Cell<u64>,
    /// Counts the failures of tables of guests. It tells whether one was the reason why a statement failed.
    pub(crate) table_failures: Cell<u64>,
    /// The modules of tables that are registered.
    pub(crate) tables: RefCell<Tables>,
    pub(crate) cached: RefCell<Cached>,
    pub(crate) placeholders: Placeholders,
    pub(crate) attached: Attached,
    pub(crate) elsewhere: Pending,
    /// A statement that came as a row of wasm_statement.
    pub(crate) errand: RefCell<Option<Errand>>,
    /// Modules that were passed with calls.
    pub(crate) given: RefCell<GivenModules>,
    /// Set while the catalog is read, because a hostile schema can make that call a function.
    pub(crate) reading: Cell<bool>,
    /// The error of the last failed call, with what the engine's text loses.
    last_error: RefCell<Option<Error>>,
    /// Why a virtual table could not be destroyed. SQLite gives a method that fails there no way to say it.
    destroy_error: RefCell<Option<Error>>,
    /// The collations that are registered.
    pub(crate) collations: RefCell<Registered<String, Arc<Collation>>>,
    /// The modules of collations by hash, as long as a collation uses them.
    collation_modules: RefCell<HashMap<[u8; 32], std::sync::Weak<Wasm>>>,
    /// Some collation failed, and nobody has taken its error yet.
    pub(crate) collation_failed: Arc<AtomicBool>,
    /// Whether each statement of the connection tells when it begins.
    sees_statements: bool,
    /// The context of the statement in which an aggregate last began a group.
    last_statement: RefCell<Weak<StatementContext>>,
    /// A statement is being reset or finalized.
    resetting: Cell<bool>,
    /// An introspection table was connected. Its disconnection will tell that the connection closes.
    pub(crate) introspected: Cell<bool>,
    /// Addresses of the tables of definitions that SQLite has connected.
    definition_tables: RefCell<HashSet<usize>>,
}

/// Prepared statements of our own.
#[derive(Default)]
pub(crate) struct Cached {
    pub(crate) generation: Option<Statement>,
    pub(crate) schema_version: Option<Statement>,
    /// The version of a schema in which no table of the catalog's was made.
    pub(crate) empty_schema: Option<i64>,
    /// The catalog had all its triggers when it was read last, so that each change of it changes its generation.
    pub(crate) is_guarded: bool,
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.services.sql.forget_examiner();
    }
}

impl ConnectionState {
    pub(crate) fn new(
        handle: Handle,
        environment: Arc<Environment>,
        sees_statements: bool,
        registers: &'static dyn Registers,
    ) -> Rc<Self> {
        thread::is_not_the_sorters();
        let services = Arc::new(Services::new(handle, &environment, sees_statements));
        Rc::new(Self {
            handle,
            session: RefCell::new(Rc::new(Session::new(environment, Arc::clone(&services) as _))),
            services,
            registers,
            unlocked: Cell::new(false),
            registry: RefCell::new(Arc::new(Registry::empty())),
            committed: Cell::new(false),
            slots: RefCell::default(),
            plans: Cell::new(0),
            table_failures: Cell::new(0),
            tables: RefCell::default(),
            cached: RefCell::default(),
            placeholders: Placeholders::default(),
            attached: Attached::default(),
            elsewhere: Pending::default(),
            errand: RefCell::default(),
            given: RefCell::default(),
            reading: Cell::new(false),
            last_error: RefCell::new(None),
            destroy_error: RefCell::new(None),
            collations: RefCell::default(),
            collation_modules: RefCell::default(),
            collation_failed: Arc::default(),
            sees_statements,
            last_statement: RefCell::default(),
            resetting: Cell::new(false),
            introspected: Cell::new(false),
            definition_tables: RefCell::default(),
        })
    }

    /// Notes that SQLite was given a table of a definition.
    pub(crate) fn connected(&self, table: *const sqlite3_vtab) {
        self.definition_tables.borrow_mut().insert(table.addr());
    }

    /// Notes that SQLite gives back a table of a definition.
    pub(crate) fn disconnected(&self, table: *const sqlite3_vtab) {
        self.definition_tables.borrow_mut().remove(&table.addr());
    }

    /// Whether this is the address of a table of a definition.
    pub(crate) fn is_connected(&self, address: usize) -> bool {
        self.definition_tables.borrow().contains(&address)
    }

    /// Whether the function belongs to a definition.
    pub(crate) fn has_slot(&self, key: &FunctionKey) -> bool {
        self.slots.borrow().registered.contains(key)
    }

    /// As [`Registers::tidy`].
    ///
    /// # Errors
    /// SQLite refuses.
    pub(crate) fn tidy(self: &Rc<Self>) -> Result<()> {
        self.registers.tidy(self)
    }

    /// Whether each statement of the connection tells when it begins.
    pub(crate) fn sees_statements(&self) -> bool {
        self.sees_statements
    }

    /// Whether the snapshot is of committed tables.
    pub(crate) fn is_committed(&self) -> bool {
        self.committed.get()
    }

    /// Whether the catalog is being read.
    pub(crate) fn is_reading(&self) -> bool {
        self.reading.get()
    }

    /// Whether a collation failed in the statement that runs.
    #[inline]
    pub(crate) fn has_collation_failed(&self) -> bool {
        self.collation_failed.load(Relaxed)
    }

    /// Why a statement was interrupted, if a collation did it.
    #[cold]
    pub(crate) fn take_collation_error(&self) -> Option<Error> {
        self.collation_failed.store(false, Relaxed);
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

    /// Keeps an error for [`ConnectionState::take_last_error`].
    #[cold]
    pub(crate) fn set_last_error(&self, error: Option<Error>) {
        *self.last_error.borrow_mut() = error;
    }

    /// Gives SQLite the error of a call, and keeps it for whoever wants more than its text.
    ///
    /// # Safety
    /// `context` is that of a running call of this connection.
    #[cold]
    pub(crate) unsafe fn report(&self, context: *mut sqlite3_context, error: Error) {
        // SAFETY: the caller's promise.
        unsafe { crate::result::fail(self.handle.api, context, &error) };
        self.set_last_error(Some(error));
    }

    /// Keeps why a virtual table could not be destroyed.
    #[cold]
    pub(crate) fn set_destroy_error(&self, error: Error) {
        *self.destroy_error.borrow_mut() = Some(error);
    }

    pub(crate) fn take_destroy_error(&self) -> Option<Error> {
        self.destroy_error.borrow_mut().take()
    }

    pub(crate) fn take_last_error(&self) -> Option<Error> {
        self.last_error.borrow_mut().take()
    }

    /// A context for a statement that begins now, without a snapshot yet.
    pub(crate) fn statement(self: &Rc<Self>) -> Rc<StatementContext> {
        let snapshots = Rc::clone(self) as Rc<dyn Snapshots>;
        StatementContext::new(self.handle.api, snapshots, self.session(), self.slot_count())
    }

    /// Remembers the context of a statement that aggregates.
    pub(crate) fn set_last_statement(&self, statement: &Rc<StatementContext>) {
        *self.last_statement.borrow_mut() = Rc::downgrade(statement);
    }

    /// The context of the running statement, for a result of no rows, whose `sqlite3_context` does not lead
    /// to it. It is that of the statement that aggregated last, if that still runs and no other does.
    pub(crate) fn last_statement(&self) -> Option<Rc<StatementContext>> {
        let statement = self.last_statement.borrow().upgrade()?;
        self.handle.runs_one().then_some(statement)
    }

    /// Resets or finalizes a statement with `reset`.
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

    /// Finalizes the statements of our own, which would keep the connection from closing. They are prepared
    /// again when needed.
    pub(crate) fn finalize_cached(&self) {
        let cached = self.cached.take();
        drop(cached);
        self.attached.watched.take();
        self.services.sql.finalize_examined();
    }

    /// How many numbers of slots were given so far.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.borrow().count
    }

    /// What SQLite knows about names.
    pub(crate) fn names(&self) -> Names {
        Names::new(
            self.handle,
            self.slots.borrow().names(),
            self.collations.borrow().names(),
            self.tables.borrow().registered.names(),
        )
    }

    /// Where the bytes of a collation's module are kept once they are read.
    pub(crate) fn collation_module(&self, sha256: &[u8; 32]) -> Arc<Wasm> {
        let mut modules = self.collation_modules.borrow_mut();
        if let Some(module) = modules.get(sha256).and_then(std::sync::Weak::upgrade) {
            return module;
        }
        let module = Arc::default();
        modules.insert(*sha256, Arc::downgrade(&module));
        module
    }

    /// Forgets the modules that no collation uses any longer.
    pub(crate) fn forget_collation_modules(&self) {
        self.collation_modules.borrow_mut().retain(|_, module| module.strong_count() > 0);
    }

    /// Bytes of the modules of collations that were read.
    pub(crate) fn collation_module_bytes(&self) -> usize {
        let bytes = |module: &std::sync::Weak<Wasm>| {
            let module = module.upgrade()?;
            module.get()?.as_ref().ok().map(Vec::len)
        };
        self.collation_modules.borrow().values().filter_map(bytes).sum()
    }
}
