//! What Commensal keeps for one connection: the snapshot of the catalog, the slots, the session with
//! its instances.
//!
//! Used by one thread at a time. Nothing here is locked for a row; the locks are there because the
//! engine wants what it calls to be `Sync`.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commensal_core::catalog::{self, Generation, Reading};
use commensal_core::environment::Environment;
use commensal_core::manifest::{FunctionBody, FunctionKey, function_key};
use commensal_core::registry::{FunctionEntry, Namespace, Registry};
use commensal_core::session::Session;
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::{Connection, ExternalFunc, Statement};

use crate::error::is_transient;
use crate::function::Slot;
use crate::names::is_builtin;
use crate::reader::{self, Reader};
use crate::running::{self, Running};
use crate::services::Services;
use crate::step::{bind_all, step};
use crate::value::borrowed;
use crate::{collation, error, stack};

/// See the module's description.
pub(crate) struct State {
    pub(crate) connection: Arc<Connection>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) session: Session,
    registry: Mutex<Arc<Registry>>,
    slots: Mutex<Slots>,
    /// Reads the generation, prepared.
    generation: Mutex<Option<Statement>>,
}

/// The functions that statements of this connection resolved. A slot is never given up: a prepared
/// statement may have it.
#[derive(Default)]
struct Slots {
    by_key: HashMap<FunctionKey, usize>,
    all: Vec<KnownSlot>,
    /// Names of the collations that the connection knows.
    collations: HashSet<String>,
}

/// In the key of a slot, in place of a number of arguments: it is that of a collation.
const COLLATION: i32 = -2;

impl Slots {
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
    /// For prepared statements, by whether it is deterministic.
    functions: [Option<Arc<ExternalFunc>>; 2],
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn new(connection: Arc<Connection>, environment: Arc<Environment>) -> Arc<Self> {
        let services = Arc::new(Services::new(&connection, &environment));
        Arc::new(Self {
            session: Session::new(Arc::clone(&environment), Arc::clone(&services) as _),
            connection,
            environment,
            registry: Mutex::new(Arc::new(Registry::empty())),
            slots: Mutex::default(),
            generation: Mutex::new(None),
        })
    }

    /// The snapshot as last read.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&lock(&self.registry))
    }

    /// The snapshot that is true now: reads the generation, and the catalog if that is another one.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn current(&self) -> Result<Arc<Registry>> {
        self.read(false)
    }

    /// As [`State::current`], but reads the catalog whatever the generation says.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn refresh(&self) -> Result<Arc<Registry>> {
        self.read(true)
    }

    fn read(&self, force: bool) -> Result<Arc<Registry>> {
        let known = self.registry();
        if !self.environment.settings.load_catalog {
            return Ok(known);
        }
        let known_generation = known.generation.filter(|_| !force);
        if known_generation.is_some() && self.step_generation()? == known_generation {
            return Ok(known);
        }
        let limits = &self.environment.settings.limits;
        let registry = match catalog::read(&Reader(self), limits, known_generation)? {
            Reading::None if known.generation.is_none() => return Ok(known),
            Reading::None => Registry::empty(),
            Reading::Unchanged => return Ok(known),
            Reading::Changed(loaded) => {
                let is_foreign =
                    |namespace, name: &str| namespace == Namespace::Functions && is_builtin(name);
                Registry::build(loaded, &self.environment, &is_foreign)
            }
        };
        let registry = Arc::new(registry);
        *lock(&self.registry) = Arc::clone(&registry);
        drop(known);
        self.environment.forget_unused_modules();
        collation::register(self, &registry);
        // Setting what it is has prepared statements be prepared anew before they run again: what
        // a name means may have changed.
        let connection = &self.connection;
        connection.set_full_column_names(connection.get_full_column_names());
        Ok(registry)
    }

    /// The generation that can be read now; `None` where the catalog's tables have to be looked at.
    fn step_generation(&self) -> Result<Option<Generation>> {
        // What stands in the place of a table could run for ever.
        if !reader::has_tables(&self.connection) {
            return Ok(None);
        }
        // Within a statement that runs, the reading is part of it, and is prepared for it alone: one
        // that found the schema changed would end the transaction that it is within.
        let nested = self.is_within_statement();
        let kept = if nested { None } else { lock(&self.generation).take() };
        let kept = kept.map_or_else(|| self.prepare(catalog::SELECT_GENERATION), Ok);
        match kept.and_then(|statement| self.step_kept(statement, nested)) {
            Ok(generation) => Ok(generation),
            Err(error) if is_transient(&error) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn step_kept(&self, mut statement: Statement, nested: bool) -> Result<Option<Generation>> {
        let generation = match stack::with_room(0, || step(&mut statement))? {
            true => {
                statement.row().map(|row| catalog::parse_generation(borrowed(row.get_value(0))))
            }
            false => None,
        };
        statement.reset().map_err(error::of_engine)?;
        if !nested {
            *lock(&self.generation) = Some(statement);
        }
        Ok(generation)
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// The file does not have it.
    pub(crate) fn read_module(&self, sha256: &[u8; 32]) -> Result<Vec<u8>> {
        catalog::read_module(&Reader(self), &self.environment.settings.limits, sha256)
    }

    /// Whether a statement of the connection is being stepped, with a transaction of its own or
    /// a longer one.
    fn is_within_statement(&self) -> bool {
        self.connection.has_active_root_statement() && self.connection.get_pager().holds_read_lock()
    }

    /// Prepares one statement of our own that reads. Functions of ours are not known to it.
    fn prepare(&self, sql: &str) -> Result<Statement> {
        let prepare = || match self.is_within_statement() {
            true => self.connection.prepare_internal(sql),
            false => self.connection.prepare(sql),
        };
        stack::with_room(0, prepare).map_err(error::of_engine)
    }

    /// Runs one statement of our own that reads, and hands over its rows.
    pub(crate) fn query(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(&[ValueRef<'_>]) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.prepare(sql)?;
        bind_all(&mut statement, parameters)?;
        while stack::with_room(0, || step(&mut statement))? {
            if let Some(values) = statement.row() {
                let values: Vec<_> = values.get_values().map(borrowed).collect();
                row(&values)?;
            }
        }
        Ok(())
    }

    /// Runs one statement of our own that writes, with the triggers that somebody may have put on the
    /// catalog, and functions in them. Never from within a function.
    pub(crate) fn execute(self: &Arc<Self>, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()> {
        let body = || {
            let mut statement = self.connection.prepare(sql).map_err(error::of_engine)?;
            bind_all(&mut statement, parameters)?;
            while step(&mut statement)? {}
            Ok(())
        };
        let mut running = Running::new(Arc::clone(self));
        loop {
            let levels = running.levels;
            let (result, after) = running::within(running, || stack::with_room(levels, body));
            let Some(mut after) = after else { return result };
            if let Some(refused) = after.refused.take() {
                return Err(refused);
            }
            if !std::mem::take(&mut after.cramped) {
                return result;
            }
            running = after;
        }
    }

    /// The function that a call means, for a statement that is being prepared.
    ///
    /// # Errors
    /// The function has another number of arguments.
    pub(crate) fn resolve(
        &self,
        name: &str,
        arguments: usize,
    ) -> Result<Option<Arc<ExternalFunc>>> {
        let registry = self.registry();
        let Some(entry) = registry.callable(name, arguments) else {
            let is_ours = |entry: &Arc<_>| FunctionEntry::name(entry).eq_ignore_ascii_case(name);
            return match registry.functions().any(is_ours) {
                true => Err(registry.no_such_function(name)),
                false => Ok(None),
            };
        };
        if let FunctionBody::Aggregate(_) = entry.body {
            // Those in the statement itself were replaced before.
            let message = format!(
                "{name}() is an aggregate of a definition: Turso does not use these in triggers and constraints"
            );
            return Err(Error::new(ErrorKind::Engine, message));
        }
        let number = self.slot(entry);
        let known = &mut lock(&self.slots).all[number];
        let function = &mut known.functions[usize::from(entry.deterministic)];
        if function.is_none() {
            let slot = Slot { number, key: Arc::clone(&known.key) };
            *function = Some(Arc::new(slot.function(entry).map_err(error::of_engine)?));
        }
        Ok(function.clone())
    }

    /// Whether the connection has a temporary table or view of this name. The engine shows nobody its
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

    /// Takes out the collations that are gone.
    pub(crate) fn forget_collations(&self, is_gone: impl Fn(&str) -> bool) -> Vec<String> {
        lock(&self.slots).collations.extract_if(|name| is_gone(name)).collect()
    }

    /// The function that a slot was given to.
    pub(crate) fn key_of_slot(&self, number: usize) -> Option<Arc<FunctionKey>> {
        lock(&self.slots).all.get(number).map(|slot| Arc::clone(&slot.key))
    }

    /// Drops the statements of our own, which hold on to the connection.
    pub(crate) fn finalize_cached(&self) {
        let statement = lock(&self.generation).take();
        drop(statement);
    }
}
