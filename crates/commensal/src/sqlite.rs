//! The embedded SQLite: its functions, for the adaptor, and how it opens a database.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};

use commensal_adaptor_sqlite::SqliteConnection;
use commensal_adaptor_sqlite::api::Api;
use commensal_core::Result;
use commensal_core::database::{Engine, Feature, OpenDatabase, OpenOptions};
use commensal_core::engine::EngineConnection;
use commensal_core::environment::Environment;

use crate::memory;

/// The functions of the SQLite that this build embeds.
pub(crate) static API: Api = {
    // SAFETY: `libsqlite3_sys` declares the functions of one SQLite library, the one it links; the one
    // that is declared here is of the same library.
    unsafe { commensal_adaptor_sqlite::api_from!(ffi) }
};

/// `libsqlite3_sys`, and functions that it lacks.
mod ffi {
    use std::ffi::{c_char, c_int};

    pub(super) use libsqlite3_sys::*;

    unsafe extern "C" {
        /// Prepares a statement that fails once the schema has changed.
        pub(super) fn sqlite3_prepare(
            db: *mut sqlite3,
            sql: *const c_char,
            bytes: c_int,
            statement: *mut *mut sqlite3_stmt,
            tail: *mut *const c_char,
        ) -> c_int;
    }
}

/// [SQLite](https://www.sqlite.org), embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sqlite;

impl Engine for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn features(&self) -> &'static [Feature] {
        Feature::ALL
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn OpenDatabase>> {
        Ok(Box::new(SqliteDatabase { path: path.to_owned(), options: *options, anchor: None }))
    }

    fn open_in_memory(
        &self,
        options: &OpenOptions,
        environment: &Arc<Environment>,
    ) -> Result<Box<dyn OpenDatabase>> {
        let path = PathBuf::from(memory::new_name()?);
        let anchor = connect(&path, options, true, Arc::clone(environment))?;
        Ok(Box::new(SqliteDatabase { path, options: *options, anchor: Some(Mutex::new(anchor)) }))
    }
}

struct SqliteDatabase {
    path: PathBuf,
    options: OpenOptions,
    /// Keeps a database in memory alive between connections. The path is its name.
    anchor: Option<Mutex<SqliteConnection>>,
}

impl OpenDatabase for SqliteDatabase {
    fn connect(&self, environment: Arc<Environment>) -> Result<Box<dyn EngineConnection>> {
        let in_memory = self.anchor.is_some();
        Ok(Box::new(connect(&self.path, &self.options, in_memory, environment)?))
    }
}

fn connect(
    path: &Path,
    options: &OpenOptions,
    in_memory: bool,
    environment: Arc<Environment>,
) -> Result<SqliteConnection> {
    // SQLite does so itself, but then a second thread that opens a connection may read what the first has just written.
    static INITIALIZED: Once = Once::new();
    // SAFETY: it may be called at any time. An error comes again when a connection is opened.
    INITIALIZED.call_once(|| _ = unsafe { ffi::sqlite3_initialize() });
    let options = commensal_adaptor_sqlite::OpenOptions {
        read_only: options.read_only,
        create: options.create,
        vfs: in_memory.then_some(memory::NAME),
        busy_timeout: options.busy_timeout,
    };
    SqliteConnection::open(&API, path, &options, environment)
}
