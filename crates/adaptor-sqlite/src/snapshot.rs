//! The snapshot of the catalog that a connection has: when and how it is read again.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use commensal_core::catalog::{self, Generation, LoadedCatalog, Reading as CatalogReading};
use commensal_core::registry::{Namespace, Registry};
use commensal_core::session::Session;
use commensal_core::settings::Settings;
use commensal_core::{Error, ErrorKind, Result, Value, ValueRef};

use crate::api::code::SQLITE_SCHEMA;
use crate::codes::is_transient;
use crate::raised::Raised;
use crate::reader::Reader;
use crate::sorts_alone::{SortsAlone, may_have_threads};
use crate::sql::Moment;
use crate::state::ConnectionState;
use crate::statement::Statement;
use crate::statement_context::Snapshots;
use crate::{elsewhere, names, thread};

/// What lives while a statement makes its first step.
#[derive(Default)]
pub(crate) struct Begun {
    _held: Option<Statement>,
    _alone: Option<SortsAlone>,
}

impl Snapshots for ConnectionState {
    fn current(self: Rc<Self>) -> Result<Arc<Registry>> {
        Self::current(&self)
    }
}

impl ConnectionState {
    /// Gets ready for a statement that is about to begin. Functions look at the catalog at their first
    /// call. Collations may be called where no SQL can run, so they are told here. The result lives until the statement has
    /// made its first step.
    pub(crate) fn begin_statement(self: &Rc<Self>, is_query: bool) -> Result<Begun> {
        thread::is_not_the_sorters();
        let mut begun = Begun::default();
        if self.collations.borrow().is_empty() {
            return Ok(begun);
        }
        let is_idle = self.handle.is_idle();
        let may_have_threads = may_have_threads(self.handle);
        let is_held = may_have_threads && self.handle.has_snapshot(c"main");
        if may_have_threads && !is_held {
            // The statement may wait for a lock while another program replaces a collation. Its sorter's threads would
            // compare by the version of before.
            match is_query {
                // A statement that writes would no longer wait for others if it held what it has read.
                true => begun._held = self.hold_snapshot(),
                false => begun._alone = Some(SortsAlone::new(self.handle)),
            }
        }
        if self.handle.is_autocommit() || is_held {
            // As before a statement is prepared.
            let _ = self.current();
        }
        if is_idle {
            self.collation_failed.store(false, Relaxed);
            self.collations.borrow().values().for_each(|slot| slot.begin_statement());
            self.registers.provide(self);
        }
        self.tidy()?;
        Ok(begun)
    }

    /// Has the file stay as it is until the result is dropped. `None` if it cannot be read now.
    fn hold_snapshot(&self) -> Option<Statement> {
        let mut held = self.handle.prepare_own_once("SELECT 1 FROM main.sqlite_master").ok()?;
        held.step().ok()?.then_some(held)
    }

    /// Changes the settings for statements that begin from now on.
    ///
    /// # Errors
    /// The catalog, whose policies depend on them, cannot be read.
    pub(crate) fn set_settings(self: &Rc<Self>, settings: Settings) -> Result<()> {
        let environment = Arc::new(self.environment().with_settings(settings));
        let session = Rc::new(Session::new(environment, Arc::clone(&self.services) as _));
        let before = self.session.replace(session);
        let given = self.given.take();
        drop((before, given));
        self.read(true).map(drop)
    }

    /// The current snapshot: reads the generation, and the catalog if the generation has changed.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn current(self: &Rc<Self>) -> Result<Arc<Registry>> {
        let registry = self.read(false)?;
        elsewhere::settle(self)?;
        Ok(registry)
    }

    /// As [`ConnectionState::current`], but reads the catalog whatever the generation says.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn refresh(self: &Rc<Self>) -> Result<Arc<Registry>> {
        let registry = self.read(true)?;
        elsewhere::settle(self)?;
        Ok(registry)
    }

    /// As these, but looks at no index outside of `main`, for a statement that changes the catalog and rebuilds
    /// what depends on it.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn read(self: &Rc<Self>, force: bool) -> Result<Arc<Registry>> {
        thread::is_not_the_sorters();
        if !self.environment().settings.load_catalog {
            return Ok(self.registry());
        }
        if !self.introspected.get() {
            self.registers.connect(self)?;
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
            // Somebody else holds the lock, so what was committed last is what can be seen. This does not
            // hold for a snapshot of a transaction, which may have been rolled back since.
            Err(error) if is_transient(&error) && self.committed.get() => {
                return Ok(self.registry());
            }
            Err(error) => return Err(error),
        };
        // Registering comes before anybody sees the snapshot. If it fails, it is tried again, because the
        // known snapshot is still the old one.
        self.registers.register(self, &registry)?;
        elsewhere::note(self, &self.registry(), &registry)?;
        *self.registry.borrow_mut() = Arc::clone(&registry);
        self.committed.set(self.handle.sees_committed());
        Ok(registry)
    }

    /// The new registry, or `None` if the one there is still true.
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
        // Prepared before the tables are looked at closely: either it is compiled for what is found there, or it
        // fails when it is stepped. A view in their place could take all memory to compile.
        let generation = match self.handle.has_tables("main", catalog::GENERATION_TABLES)? {
            true => self.handle.prepare_own_once(catalog::SELECT_GENERATION).ok(),
            false => None,
        };
        let empty_schema = self.committed_schema_version()?;
        let limits = self.environment().settings.limits.clone();
        // Where triggers were missing, rows may have come without a new generation until they were made.
        let is_guarded = self.cached.borrow().is_guarded;
        match catalog::read(&Reader(self.handle), &limits, known.filter(|_| is_guarded))? {
            CatalogReading::None => {
                // Tables that are there may be filled later, and that leaves the version of the schema as it is.
                let is_unmade = !catalog::is_begun(&Reader(self.handle))?;
                self.cached.borrow_mut().empty_schema = empty_schema.filter(|_| is_unmade);
                Ok(self.registry.borrow().generation.map(|_| Registry::empty()))
            }
            CatalogReading::Unchanged => {
                self.cached.borrow_mut().generation = generation;
                Ok(None)
            }
            CatalogReading::Changed(loaded) => {
                let is_guarded = catalog::is_guarded(&Reader(self.handle))?;
                let mut cached = self.cached.borrow_mut();
                (cached.generation, cached.is_guarded) = (generation, is_guarded);
                drop(cached);
                self.build(loaded).map(Some)
            }
        }
    }

    /// Whether this schema was found before to have no catalog.
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

    /// The version of the schema, if it is committed. Other versions come again after a rollback.
    fn committed_schema_version(&self) -> Result<Option<i64>> {
        match self.handle.sees_committed() {
            true => self.schema_version().map(Some),
            false => Ok(None),
        }
    }

    /// The current generation, read with the statement that was prepared when the catalog's tables were
    /// last looked at. `None` if they have to be looked at again.
    fn step_generation(&self) -> Option<Generation> {
        let mut statement = self.cached.borrow_mut().generation.take()?;
        let generation = match statement.step() {
            // What is not UTF-8 was written by hand.
            Ok(true) => catalog::parse_generation(statement.column(0).unwrap_or(ValueRef::Null)),
            // The step tells only that it failed.
            Ok(false) | Err(_) => return None,
        };
        statement.reset();
        self.cached.borrow_mut().generation = Some(statement);
        Some(generation)
    }

    fn build(&self, loaded: LoadedCatalog) -> Result<Registry> {
        self.permit_replacing()?;
        let functions = {
            let slots = self.slots.borrow();
            slots.registered.foreign_but(slots.names())
        };
        let tables = self.tables.borrow().registered.foreign();
        let is_foreign = |namespace: Namespace, name: &str| match namespace {
            Namespace::Functions => {
                let may_be = self.slots.borrow().replaced.may_be(name);
                match may_be {
                    Some(may_be) => !may_be,
                    None => functions.has(name, || names::all_functions(self.handle)),
                }
            }
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

    /// Finds out which built-in functions definitions may replace now.
    fn permit_replacing(&self) -> Result<()> {
        let environment = self.environment();
        let replaceable = &environment.settings.replaceable;
        let names = match replaceable.is_empty() {
            true => HashSet::new(),
            false => {
                let ours = self.slots.borrow().names();
                names::replaceable_functions(self.handle, replaceable, &ours)?
            }
        };
        self.slots.borrow_mut().replaced.permit(names);
        Ok(())
    }

    /// Whether a collation of this name is not ours.
    fn is_foreign_collation(&self, name: &str) -> bool {
        let (taken, ours) = {
            let collations = self.collations.borrow();
            (collations.is_taken(name), collations.contains(name))
        };
        taken || !ours && names::has_collation(self.handle, name)
    }

    /// Makes sure that SQL can run while SQLite may be preparing a statement: the file has the schema that SQLite has in
    /// memory, as long as the result lives. SQL that found another one would make SQLite free the schema from under the
    /// statement that it is compiling. Neither of the two statements here looks whether the schema is still true.
    ///
    /// # Errors
    /// SQLITE_SCHEMA if the file has another schema.
    pub(crate) fn hold_schema(&self) -> Result<Statement> {
        let mut version = self.handle.prepare("PRAGMA main.schema_version")?;
        let stored = if version.step()? { version.column(0)?.to_owned() } else { Value::Null };
        let mut explain = self.handle.prepare("EXPLAIN SELECT 1 FROM main.sqlite_master")?;
        while explain.step()? {
            let is_main = explain.column(2)? == ValueRef::Integer(0);
            if is_main && explain.column(1)? == ValueRef::Text("Transaction") {
                if explain.column(4)? == stored.as_ref() {
                    // As long as it is not reset, it reads the same state of the file.
                    return Ok(version);
                }
                break;
            }
        }
        let error = Error::new(ErrorKind::Engine, "database schema has changed");
        Err(error.with_engine_code(SQLITE_SCHEMA))
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// The file does not have it; SQLite may be preparing a statement for another schema than the file's.
    pub(crate) fn read_module(&self, sha256: &[u8; 32]) -> Result<Vec<u8>> {
        let sql = &self.services.sql;
        let is_preparing = !sql.is_possible() || sql.moment() == Some(Moment::Connect);
        let _held = is_preparing.then(|| self.hold_schema()).transpose()?;
        let _reading = begin_reading(&self.reading)?;
        let limits = self.environment().settings.limits.clone();
        let read = || catalog::read_module(&Reader(self.handle), &limits, sha256);
        self.services.sql.at_full_length(read)
    }
}

/// Marks the catalog as being read while the result lives.
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
