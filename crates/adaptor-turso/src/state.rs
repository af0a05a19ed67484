//! What Commensal keeps for one connection: the snapshot of the catalog, the slots, the session with
//! its instances. How a snapshot is read is in `snapshot.rs`.
//!
//! One thread at a time uses it. Nothing here is locked for a row. The locks are there because the engine
//! wants what it calls to be `Sync`.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commensal_core::environment::Environment;
use commensal_core::manifest::{FunctionKey, function_key};
use commensal_core::registry::{FunctionEntry, Registry};
use commensal_core::session::Session;
use commensal_core::{Error, Result, ValueRef};
use turso_core::{Connection, ExternalFunc, Statement};

use crate::health::Health;
use crate::services::Services;
use crate::step::{bind_all, step};
use crate::value::borrowed;
use crate::{error, stack};

/// See the module's description.
pub(crate) struct ConnectionState {
    pub(crate) connection: Arc<Connection>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) session: Session,
    pub(crate) services: Arc<Services>,
    pub(crate) health: Health,
    pub(crate) registry: Mutex<Arc<Registry>>,
    slots: Mutex<FunctionSlots>,
    /// The prepared statement that reads the generation.
    pub(crate) generation: Mutex<Option<Statement>>,
    /// The catalog lacked triggers when it was read last, so rows may come without a new generation.
    pub(crate) unguarded: AtomicBool,
    /// Why the engine must not read the catalog.
    pub(crate) unreadable: Option<Error>,
    /// Tells the engine of the collations of a snapshot. It is handed in, because what the engine calls
    /// knows the state.
    pub(crate) register_collations: fn(&Self, &Registry),
}

/// The functions that statements of this connection resolved. A slot is never given up, because a prepared
/// statement may have it.
#[derive(Default)]
struct FunctionSlots {
    by_key: HashMap<FunctionKey, usize>,
    all: Vec<KnownSlot>,
    /// Names of the collations that the connection knows.
    collations: HashSet<String>,
}

/// Stands in a slot's key for the number of arguments if the slot is a collation's.
const COLLATION: i32 = -2;

impl FunctionSlots {
    /// The slot of this key.
    fn of(&mut self, key: FunctionKey) -> usize {
        let Self { by_key, all, .. } = self;
        *by_key.entry(key).or_insert_with_key(|key| {
            all.push(KnownSlot { key: Arc::new(key.clone()), functions: [None, None] });
            all.len() - 1
        })
    }
}

struct KnownSlot {
    key: Arc<FunctionKey>,
    /// The functions for prepared statements: not deterministic, and deterministic.
    functions: [Option<Arc<ExternalFunc>>; 2],
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConnectionState {
    pub(crate) fn new(
        connection: Arc<Connection>,
        environment: Arc<Environment>,
        unreadable: Option<Error>,
        register_collations: fn(&Self, &Registry),
    ) -> Arc<Self> {
        let health = Health::default();
        let services = Arc::new(Services::new(&connection, &environment, &health));
        Arc::new(Self {
            session: Session::new(Arc::clone(&environment), Arc::clone(&services) as _),
            services,
            health,
            connection,
            environment,
            registry: Mutex::new(Arc::new(Registry::empty())),
            slots: Mutex::default(),
            generation: Mutex::new(None),
            unguarded: AtomicBool::new(false),
            unreadable,
            register_collations,
        })
    }

    /// The snapshot as last read.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&lock(&self.registry))
    }

    /// Whether a statement of the connection is being stepped, with a transaction of its own or
    /// a longer one.
    pub(crate) fn is_within_statement(&self) -> bool {
        self.connection.has_active_root_statement() && self.connection.get_pager().holds_read_lock()
    }

    /// Prepares one statement of our own that reads. It does not know functions of ours.
    pub(crate) fn prepare(&self, sql: &str) -> Result<Statement> {
        let prepare = || match self.is_within_statement() {
            true => self.connection.prepare_internal(sql),
            false => self.connection.prepare(sql),
        };
        self.health.guard(|| stack::with_room(0, prepare).map_err(error::of_engine))
    }

    /// Runs one statement of our own that reads, and passes on its rows.
    pub(crate) fn query(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(&[ValueRef<'_>]) -> Result<()>,
    ) -> Result<()> {
        self.health.run(self.prepare(sql)?, |statement| {
            bind_all(statement, parameters)?;
            while stack::with_room(0, || step(statement))? {
                if let Some(values) = statement.row() {
                    let values: Vec<_> = values.get_values().map(borrowed).collect();
                    row(&values)?;
                }
            }
            Ok(())
        })
    }

    /// Whether the connection has a temporary table or view of this name. The engine does not show its
    /// schema of these.
    ///
    /// # Errors
    /// It cannot be read.
    #[cold]
    pub(crate) fn has_temporary(&self, name: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM temp.sqlite_schema WHERE name = ?1 COLLATE NOCASE";
        let mut found = false;
        self.query(sql, &[ValueRef::Text(name)], &mut |_| {
            found = true;
            Ok(())
        })?;
        Ok(found)
    }

    /// The engine's function for a slot. `make` makes it if there is none.
    ///
    /// # Errors
    /// What `make` reports.
    pub(crate) fn function(
        &self,
        entry: &FunctionEntry,
        make: impl FnOnce(usize, Arc<FunctionKey>) -> Result<ExternalFunc>,
    ) -> Result<Arc<ExternalFunc>> {
        let number = self.slot(entry);
        let known = &mut lock(&self.slots).all[number];
        let function = &mut known.functions[usize::from(entry.deterministic)];
        if let Some(function) = function {
            return Ok(Arc::clone(function));
        }
        let made = Arc::new(make(number, Arc::clone(&known.key))?);
        *function = Some(Arc::clone(&made));
        Ok(made)
    }

    /// The slot of a function.
    pub(crate) fn slot(&self, entry: &FunctionEntry) -> usize {
        lock(&self.slots).of(function_key(entry.name(), entry.arguments))
    }

    /// The slot of a collation that the connection does not know yet.
    pub(crate) fn new_collation(&self, name: &str) -> Option<usize> {
        let mut slots = lock(&self.slots);
        let is_new = slots.collations.insert(name.to_owned());
        is_new.then(|| slots.of(function_key(name, COLLATION)))
    }

    /// Removes collations that no longer exist. Returns their names.
    pub(crate) fn forget_collations(&self, is_gone: impl Fn(&str) -> bool) -> Vec<String> {
        lock(&self.slots).collations.extract_if(|name| is_gone(name)).collect()
    }

    /// The key of a slot's function.
    pub(crate) fn key_of_slot(&self, number: usize) -> Option<Arc<FunctionKey>> {
        lock(&self.slots).all.get(number).map(|slot| Arc::clone(&slot.key))
    }

    /// Drops the statements of our own, which hold on to the connection.
    pub(crate) fn finalize_cached(&self) {
        let statement = lock(&self.generation).take();
        drop(statement);
    }
}
