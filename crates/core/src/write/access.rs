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
    /// The state that the connection shares with others of its Database.
    fn environment(&self) -> &Environment;

    /// The snapshot of the catalog as last read.
    fn registry(&self) -> Arc<Registry>;

    /// The current snapshot. Reads the generation, and the catalog if the generation has changed.
    ///
    /// # Errors
    /// The catalog cannot be read.
    fn current(&self) -> Result<Arc<Registry>>;

    /// Like [`CatalogAccess::current`], but always reads the catalog.
    ///
    /// # Errors
    /// The catalog cannot be read.
    fn refresh(&self) -> Result<Arc<Registry>>;

    /// What the engine knows about names. `registry` is the current snapshot.
    fn names<'a>(&'a self, registry: &'a Registry) -> Box<dyn EngineNames + 'a>;

    /// Whether no transaction is open.
    fn is_autocommit(&self) -> bool;

    /// Whether a writing statement is in the middle of its execution.
    fn is_writing(&self) -> bool;

    /// Whether a statement of the engine's surrounds what runs, and undoes all of it if it fails. Then no transaction
    /// and no savepoint can be opened, and no index can be dropped.
    fn is_within_statement(&self) -> bool {
        false
    }

    /// Runs one of our own statements to its end.
    ///
    /// # Errors
    /// The engine's error.
    fn execute(&self, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()>;

    /// Tells an engine that has its own types about an extension's types. `before` are those that it declared so
    /// far, `after` those that it declares from now on. Runs after the catalog was written, or before an
    /// extension is dropped. An engine without types does nothing, and SQL uses the types' functions instead.
    ///
    /// # Errors
    /// The engine refuses, for example because a column has a type that would go.
    fn change_types(&self, _before: &[Type], _after: &[Type]) -> Result<()> {
        Ok(())
    }

    /// The reader of the connection.
    fn reader(&self) -> Box<dyn CatalogReader + '_>;

    /// Runs one of our own SELECTs. Returns whether it has a row. `text` is called with the first column of each
    /// row where that is text.
    ///
    /// # Errors
    /// The engine's error.
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

    /// Rebuilds the dependents of a replaced definition, for CASCADE REINDEX. Afterwards each of them is
    /// consistent with the new version.
    ///
    /// # Errors
    /// The engine refuses, for example because a UNIQUE index would have equal keys.
    fn rebuild(&self, dependents: &[Dependent]) -> Result<()> {
        dependents.iter().try_for_each(|dependent| {
            self.execute(&format!("REINDEX {}", qualified(dependent)), &[])
        })
    }

    /// Fills `into` with random bytes of the operating system. The engine's are not used because they are the
    /// same in two processes forked from one.
    ///
    /// # Errors
    /// The system has none.
    fn random(&self, into: &mut [u8]) -> Result<(), String>;

    /// Makes a name for a new state of the catalog.
    ///
    /// # Errors
    /// Like [`CatalogAccess::random`].
    fn new_generation(&self) -> Result<Generation> {
        let mut generation = Generation::default();
        self.random(&mut generation).map_err(|error| Error::new(ErrorKind::Engine, error))?;
        Ok(generation)
    }

    /// Rowid of the last INSERT.
    fn last_insert_rowid(&self) -> i64;

    /// Sets the result of [`CatalogAccess::last_insert_rowid`], because our writes are not INSERTs of the user.
    fn set_last_insert_rowid(&self, rowid: i64);
}

pub(super) fn qualified(dependent: &Dependent) -> String {
    let (schema, name) = (&dependent.schema, &dependent.name);
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}
