//! The snapshot of the catalog that a connection has: when and how it is read again.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use commensal_core::Result;
use commensal_core::catalog::{self, Generation, Reading};
use commensal_core::define::EngineNames as _;
use commensal_core::dependents::Uses;
use commensal_core::registry::{Namespace, Registry};
use turso_core::Statement;

use crate::error::is_transient;
use crate::names::{is_builtin, is_collation, is_pragma};
use crate::reader::{self, Reader};
use crate::schema_names::Names;
use crate::state::{ConnectionState, lock};
use crate::step::step;
use crate::value::borrowed;
use crate::{error, stack};

impl ConnectionState {
    /// The current snapshot: reads the generation, and the catalog if the generation has changed.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub(crate) fn current(&self) -> Result<Arc<Registry>> {
        self.read(false)
    }

    /// As [`ConnectionState::current`], but reads the catalog whatever the generation says.
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
        if let Some(error) = &self.unreadable {
            return Err(error.clone());
        }
        // A dump makes the triggers after the rows.
        let is_whole_now = self.unguarded.load(Relaxed) && catalog::is_guarded(&Reader(self))?;
        let known_generation = known.generation.filter(|_| !force && !is_whole_now);
        if known_generation.is_some() && self.step_generation()? == known_generation {
            return Ok(known);
        }
        let limits = &self.environment.settings.limits;
        let registry = match catalog::read(&Reader(self), limits, known_generation)? {
            Reading::None if known.generation.is_none() => return Ok(known),
            Reading::None => Registry::empty(),
            Reading::Unchanged => return Ok(known),
            Reading::Changed(loaded) => {
                self.unguarded.store(!catalog::is_guarded(&Reader(self))?, Relaxed);
                let is_foreign = |namespace, name: &str| match namespace {
                    Namespace::Functions => is_builtin(name) && !self.replaces(name),
                    Namespace::Collations => is_collation(name),
                    Namespace::Tables => is_pragma(name),
                };
                Registry::build(loaded, &self.environment, &is_foreign)
            }
        };
        let registry = Arc::new(registry);
        *lock(&self.registry) = Arc::clone(&registry);
        drop(known);
        self.environment.forget_unused_modules();
        (self.register_collations)(self, &registry);
        // Setting this option to its own value makes the engine prepare statements again before they run,
        // because what a name means may have changed.
        let connection = &self.connection;
        connection.set_full_column_names(connection.get_full_column_names());
        Ok(registry)
    }

    /// Whether the host lets definitions replace the engine's function of this name, and nothing in the schema depends
    /// on that.
    fn replaces(&self, name: &str) -> bool {
        self.environment.settings.replaceable.has(name)
            && Names(self)
                .dependents(&Uses::new([name], [], []))
                .is_ok_and(|dependents| dependents.is_empty())
    }

    /// The current generation, or `None` if the catalog's tables have to be looked at.
    fn step_generation(&self) -> Result<Option<Generation>> {
        // Something in place of a table could run for ever.
        if !reader::has_tables(&self.connection) {
            return Ok(None);
        }
        // Within a running statement the reading is part of it, and is prepared for it alone. A kept one
        // that found the schema changed would end the surrounding transaction.
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
        let generation = self.health.guard(|| {
            let generation = match stack::with_room(0, || step(&mut statement))? {
                true => {
                    statement.row().map(|row| catalog::parse_generation(borrowed(row.get_value(0))))
                }
                false => None,
            };
            statement.reset().map_err(error::of_engine)?;
            Ok(generation)
        });
        match nested || generation.is_err() {
            true => self.health.finalize(statement)?,
            false => *lock(&self.generation) = Some(statement),
        }
        generation
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// The file does not have it.
    pub(crate) fn read_module(&self, sha256: &[u8; 32]) -> Result<Vec<u8>> {
        catalog::read_module(&Reader(self), &self.environment.settings.limits, sha256)
    }
}
