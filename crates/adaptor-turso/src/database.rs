//! A file opened by the engine, or a database in memory, which connections are made from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use commensal_core::environment::Environment;
use commensal_core::{Error, ErrorKind, Result};
use turso_core::{ConnectOpts, Database, DatabaseOpts, LimboError, OpenFlags};

use crate::connection::TursoConnection;
use crate::dialect::Dialect;
use crate::error;

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// Refuse all writes.
    pub read_only: bool,
    /// Make the file if it is missing.
    pub create: bool,
    /// How long to wait for locks of others.
    pub busy_timeout: Duration,
    /// Make types of definitions types of the engine.
    pub types: bool,
}

impl OpenOptions {
    fn engine(self) -> turso_core::OpenOptions {
        let options = DatabaseOpts::new().with_custom_types(self.types);
        turso_core::OpenOptions::new(Arc::new(Dialect)).db_opts(options)
    }
}

/// A database of the engine. While it is there, no other process can open the file.
pub struct TursoDatabase {
    database: Arc<Database>,
    options: OpenOptions,
}

impl TursoDatabase {
    /// Opens a file.
    ///
    /// # Errors
    /// The engine cannot open it, or must not: another program left a journal beside it, which it
    /// would not see.
    pub fn open(path: &Path, options: OpenOptions) -> Result<Self> {
        let cannot = |kind, reason: &dyn std::fmt::Display| {
            Error::new(kind, format!("cannot open \"{}\": {reason}", path.display()))
        };
        let text = path.to_str().ok_or_else(|| cannot(ErrorKind::Io, &"the path is not UTF-8"))?;
        if text.contains('\0') {
            return Err(cannot(ErrorKind::Io, &"the path contains a NUL character"));
        }
        if turso_core::is_memory_like(text) {
            return Err(cannot(ErrorKind::Io, &"Turso takes this name for a database in memory"));
        }
        if !options.create && !path.exists() {
            return Err(cannot(ErrorKind::Engine, &"there is no such file"));
        }
        check_journal(path).map_err(|e| cannot(e.kind(), &e))?;
        let flags = match (options.read_only, options.create) {
            (true, _) => OpenFlags::ReadOnly,
            (false, true) => OpenFlags::Create,
            (false, false) => OpenFlags::None,
        };
        let open = options.engine().flags(flags);
        let database = guard(|| {
            let io = Database::io_for_path(text)?;
            Database::open(io, text, open)
        });
        let database = database.map_err(|e| {
            let code = e.engine_code();
            let error = cannot(e.kind(), &e);
            code.into_iter().fold(error, Error::with_engine_code)
        })?;
        Ok(Self { database, options })
    }

    /// Makes a database in memory.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn in_memory(options: OpenOptions) -> Result<Self> {
        const PATH: &str = ":memory:";
        let open = options.engine();
        let database = guard(|| Database::open(Database::io_for_path(PATH)?, PATH, open))?;
        Ok(Self { database, options })
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// The engine refuses.
    pub fn connect(&self, environment: Arc<Environment>) -> Result<TursoConnection> {
        let connection = guard(|| self.database.connect(ConnectOpts::new()))?;
        connection.set_busy_timeout(self.options.busy_timeout);
        Ok(TursoConnection::new(connection, environment))
    }
}

/// What SQLite left in its rollback journal is not committed, and has to be undone before anybody
/// reads the file. The engine does not look for it.
fn check_journal(path: &Path) -> Result<()> {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    let journal = PathBuf::from(journal);
    match journal.metadata() {
        Ok(metadata) if metadata.len() > 0 => Err(Error::new(
            ErrorKind::Engine,
            format!(
                "\"{}\" is there: SQLite is writing the file, or was stopped while it did; open the \
                 file with SQLite once, which completes or undoes that",
                journal.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// Runs the engine. What it takes for impossible, in a file that was tampered with, say, it answers
/// with a panic.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T, LimboError>) -> Result<T> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(error::of_engine),
        Err(panic) => Err(error::of_panic(&*panic)),
    }
}
