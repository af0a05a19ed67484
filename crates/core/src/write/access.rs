//! The trait of a connection whose catalog is read and written.

use std::sync::Arc;

use crate::catalog::{CatalogReader, Generation};
use crate::ddl::quote_identifier;
use crate::define::{Dependent, EngineNames};
use crate::environment::Environment;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::Type;
use crate::registry::Registry;
use crate::value::ValueRef;

/// A connection whose catalog is read and written. Used by one thread at a time.
pub trait CatalogAccess {
    /// What the connection shares with others of its Database.
    fn environment(&self) -> &Environment;

    /// The snapshot of the catalog as last read.
    fn registry(&self) -> Arc<Registry>;

    /// The snapshot that is true now: reads the generation, and the catalog if that is another one.
    ///
    /// # Errors
    /// The catalog cannot be read.
    fn current(&self) -> Result<Arc<Registry>>;

    /// As [`CatalogAccess::current`], but reads the catalog whatever the generation says.
    ///
    /// # Errors
    /// The catalog cannot be read.
    fn refresh(&self) -> Result<Arc<Registry>>;

    /// What the engine knows about names. `registry` is the current snapshot.
    fn names<'a>(&'a self, registry: &'a Registry) -> Box<dyn EngineNames + 'a>;

    /// Whether no transaction is open.
    fn is_autocommit(&self) -> bool;

    /// Whether a statement that writes is in the middle of its execution.
    fn is_writing(&self) -> bool;

    /// Runs one statement of our own to its end.
    ///
    /// # Errors
    /// What the engine reports.
    fn execute(&self, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()>;

    /// Has an engine with types of its own know those of an extension: `before` is what it declared, and
    /// `after` what it declares from now on. Runs after the catalog was written, or before an extension
    /// is dropped. An engine without does nothing; the types' functions serve there.
    ///
    /// # Errors
    /// The engine refuses, because a column has a type that would go, say.
    fn change_types(&self, _before: &[Type], _after: &[Type]) -> Result<()> {
        Ok(())
    }

    /// How the connection reads.
    fn reader(&self) -> Box<dyn CatalogReader + '_>;

    /// Runs one SELECT of our own; whether it has a row. `text` gets the first column of each row that
    /// is text.
    ///
    /// # Errors
    /// What the engine reports.
    fn select(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        text: &mut dyn FnMut(&str),
    ) -> Result<bool> {
        let mut found = false;
        self.reader().query(sql, parameters, &mut |row| {
            found = true;
            if let [ValueRef::Text(value), ..] = row {
                text(value);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Builds anew what depends on a definition that was replaced: CASCADE REINDEX. Afterwards each of
    /// them is sound, with the new version.
    ///
    /// # Errors
    /// The engine refuses, because a UNIQUE index would have equal keys, say.
    fn rebuild(&self, dependents: &[Dependent]) -> Result<()> {
        dependents.iter().try_for_each(|dependent| {
            self.execute(&format!("REINDEX {}", qualified(dependent)), &[])
        })
    }

    /// Fills `into` with random bytes of the system. Not the engine's, which are the same in two processes
    /// that were forked from one.
    ///
    /// # Errors
    /// The system has none.
    fn random(&self, into: &mut [u8]) -> Result<(), String>;

    /// A name for a new state of the catalog.
    ///
    /// # Errors
    /// As [`CatalogAccess::random`].
    fn new_generation(&self) -> Result<Generation> {
        let mut generation = Generation::default();
        self.random(&mut generation).map_err(|error| Error::new(ErrorKind::Engine, error))?;
        Ok(generation)
    }

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// Sets what [`CatalogAccess::last_insert_rowid`] gives: our writes are no INSERT of the user.
    fn set_last_insert_rowid(&self, rowid: i64);
}

pub(super) fn qualified(dependent: &Dependent) -> String {
    let (schema, name) = (&dependent.schema, &dependent.name);
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}
