//! Commensal in a [`rusqlite::Connection`] that the application already has.
//!
//! The application keeps its own driver and can call the functions of the file. [`Commensal::execute`] runs
//! CREATE and DROP of functions and extensions.

use std::sync::Arc;

use commensal_adaptor_sqlite::Installed;
use commensal_adaptor_sqlite::api::sqlite3;
use commensal_core::environment::Environment;
use commensal_core::settings::Settings;
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use rusqlite::Connection;

use crate::sqlite;

/// Commensal in a connection of `rusqlite`.
///
/// Functions stay until the connection is closed, even if this value is dropped before. New functions of
/// other connections appear after [`Commensal::refresh`], and changed ones at the next statement.
pub struct Commensal<'c> {
    installed: Installed,
    /// Keeps the connection open, and on this thread.
    connection: &'c Connection,
}

impl std::fmt::Debug for Commensal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commensal").field("connection", self.connection).finish_non_exhaustive()
    }
}

/// Puts Commensal into a connection: registers the introspection tables and the functions that the
/// file's catalog holds.
///
/// # Errors
/// Commensal is in the connection already; SQLite refuses.
pub fn install(connection: &Connection, settings: Settings) -> Result<Commensal<'_>> {
    // SAFETY: `rusqlite` and this crate link the same SQLite, there is only one `libsqlite3-sys` in a
    // build. The connection is open as long as it is borrowed, and the borrow keeps it on its thread.
    let installed = unsafe {
        let db = connection.handle().cast::<sqlite3>();
        Installed::new(&sqlite::API, db, Arc::new(Environment::new(settings)))
    }?;
    Ok(Commensal { installed, connection })
}

impl Commensal<'_> {
    /// Runs CREATE FUNCTION, CREATE EXTENSION, DROP FUNCTION or DROP EXTENSION, inside the open
    /// transaction. `source` is the value for a parameter in the statement.
    ///
    /// The rowid of the last INSERT does not change; [`Connection::changes`] counts the rows that the
    /// definition wrote.
    ///
    /// # Errors
    /// An error of the statement, or it is none of these four ([`ErrorKind::Syntax`]).
    pub fn execute(&self, sql: &str, source: Option<ValueRef<'_>>) -> Result<()> {
        if self.installed.execute(sql, source)? {
            return Ok(());
        }
        let message = "not a statement of Commensal's: rusqlite runs all others";
        Err(Error::new(ErrorKind::Syntax, message).at(0))
    }

    /// Reads the catalog again, so that functions of other connections and processes appear.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn refresh(&self) -> Result<()> {
        self.installed.refresh()
    }
}
