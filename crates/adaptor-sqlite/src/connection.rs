//! A connection of our own. One text can have SQLite's statements and Commensal's, errors have
//! positions, and functions appear as soon as they can be seen.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use commensal_core::catalog::{self, TABLE_PREFIX};
use commensal_core::ddl::lexer::Lexer;
use commensal_core::ddl::{self, quote_identifier};
use commensal_core::engine::{EngineConnection, EngineStatement, Interrupt, Prepared, SqlText};
use commensal_core::environment::Environment;
use commensal_core::execute::OwnStatement;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3};
use crate::catalog::Access;
use crate::codes::{code_of, is_code, is_transient};
use crate::state::ConnectionState;
use crate::statement::{Handle, Statement};
use crate::undo::Undo;
use crate::{attached, elsewhere, install};

/// How to open a connection.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Refuse all writes.
    pub read_only: bool,
    /// Make the file if it is missing.
    pub create: bool,
    /// The [VFS](https://www.sqlite.org/vfs.html), or `None` for SQLite's default.
    pub vfs: Option<&'static CStr>,
    /// How long to wait for the locks of others.
    pub busy_timeout: Duration,
}

/// An open connection with Commensal in it.
pub struct SqliteConnection {
    handle: Handle,
    state: Rc<ConnectionState>,
    interrupt: Arc<InterruptHandle>,
    /// Rows changed by the last statement that could write. SQLite's own number also counts the rows
    /// that CREATE FUNCTION writes.
    changes: Cell<u64>,
}

// SAFETY: everything that the connection, its slots and its virtual tables share is reached through
// this value alone or from within calls made through it, so it moves between threads as a whole.
// SQLite's own rule for SQLITE_OPEN_NOMUTEX is the same: one thread at a time.
unsafe impl Send for SqliteConnection {}

impl SqliteConnection {
    /// Opens a connection.
    ///
    /// # Errors
    /// SQLite cannot open the file; a database with definitions cannot be read.
    pub fn open(
        api: &'static Api,
        path: &Path,
        options: &OpenOptions,
        environment: Arc<Environment>,
    ) -> Result<Self> {
        let text = path.to_str().ok_or_else(|| {
            Error::new(ErrorKind::Io, format!("the path \"{}\" is not UTF-8", path.display()))
        })?;
        let text = CString::new(text)
            .map_err(|_| Error::new(ErrorKind::Io, "the path contains a NUL character"))?;
        let flags = SQLITE_OPEN_NOMUTEX;
        let flags = flags
            | match (options.read_only, options.create) {
                (true, _) => SQLITE_OPEN_READONLY,
                (false, true) => SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                (false, false) => SQLITE_OPEN_READWRITE,
            };
        let vfs = options.vfs.map_or(std::ptr::null(), CStr::as_ptr);
        let mut db = std::ptr::null_mut();
        // SAFETY: the path ends with a NUL, as does the VFS's name, and the result is ours.
        let code = unsafe { (api.sqlite3_open_v2)(text.as_ptr(), &raw mut db, flags, vfs) };
        if db.is_null() {
            return Err(Error::new(ErrorKind::Engine, "out of memory"));
        }
        // SAFETY: SQLite gives a connection also when opening failed; it is closed below or with us.
        let handle = unsafe { Handle::new(api, db) };
        let closer = Closer(handle);
        if code != SQLITE_OK {
            let error = handle.error(code);
            let message = format!("cannot open \"{}\": {error}", path.display());
            return Err(Error::new(ErrorKind::Engine, message).with_engine_code(code));
        }
        let timeout = c_int::try_from(options.busy_timeout.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the connection is open.
        unsafe {
            (api.sqlite3_extended_result_codes)(db, 1);
            (api.sqlite3_busy_timeout)(db, timeout);
        }
        let state = install::into(handle, environment, true)?;
        std::mem::forget(closer);
        let interrupt = Arc::new(InterruptHandle(Mutex::new(Some(Raw(handle)))));
        Ok(Self { handle, state, interrupt, changes: Cell::new(0) })
    }

    /// The connection's pointer, for calls of the C API that Commensal does not offer.
    pub fn as_ptr(&self) -> *mut sqlite3 {
        self.handle.db()
    }

    fn prepare_engine(&self, sql: &[u8]) -> Result<(Option<Statement>, usize)> {
        if self.handle.is_autocommit() {
            // A call of a function reports a catalog that cannot be read; a statement that calls none
            // runs all the same. Within a transaction nothing is read here, because that would take a
            // lock or a snapshot before the statement runs. A first statement that writes would then no
            // longer wait for the locks of others.
            let _ = self.state.current();
        }
        self.state.tidy()?;
        match self.handle.prepare_first(sql, 0) {
            Err(error) if is_code(&error, SQLITE_ERROR) => {
                // It may name a function or a table that is in the catalog but not registered yet:
                // within a transaction, or when the catalog's tables were filled by hand, for example
                // by restoring a dump.
                match self.state.refresh() {
                    Ok(registry) if !registry.objects().is_empty() => {
                        self.handle.prepare_first(sql, 0).map_err(|error| registry.explain(error))
                    }
                    Err(reason) if is_about_name(&error) => {
                        let both = Error::new(reason.kind(), format!("{error}: {reason}"));
                        let both =
                            reason.engine_code().into_iter().fold(both, Error::with_engine_code);
                        Err(error.offset().into_iter().fold(both, Error::at))
                    }
                    _ => Err(error),
                }
            }
            result => result,
        }
    }

    /// Detaches a file that was written with other definitions and cannot be used with those of `main`.
    fn check_attached(&self) -> Result<()> {
        self.state.attached.note();
        self.state.attached.forget();
        if self.state.current()?.objects().is_empty() {
            return Ok(());
        }
        let found = attached::conflict(&self.state).and_then(|problem| match problem {
            None => elsewhere::attached(&self.state),
            problem => Ok(problem),
        });
        let (schema, error) = match found {
            Ok(None) => return Ok(()),
            Ok(Some(problem)) => problem,
            // The file that was attached last cannot be looked at.
            Err(error) => match attached::last(&self.state)? {
                Some(schema) => (schema, error),
                None => return Err(error),
            },
        };
        let detached = self.handle.execute(&format!("DETACH {}", quote_identifier(&schema)), &[]);
        // Within a transaction the file stays attached. What could use it fails until it is detached.
        if detached.is_err() {
            self.state.attached.keep(schema, error.clone());
        }
        Err(error)
    }

    /// Makes sure that what is registered is what the catalog says, before a statement puts names into a schema. Within a
    /// transaction that is not known: a ROLLBACK TO may have undone a definition, or another program may have changed
    /// one since the transaction was opened. A schema with names that it cannot have could no longer be read.
    fn check_names(&self) -> Result<()> {
        if self.handle.is_autocommit() {
            return Ok(());
        }
        if !self.handle.has_snapshot(c"main") && self.state.registry().generation.is_some() {
            // It waits for others here, as it would in its own first step. Nothing may change from here on.
            match self.handle.execute(catalog::LOCK, &[]) {
                Err(error) if is_transient(&error) => return Err(error),
                // A file that cannot be written can still be read.
                _ => {}
            }
        }
        self.state.current()?;
        self.state.tidy()
    }

    fn count_changes(&self) {
        self.changes.set(u64::try_from(self.handle.changes()).unwrap_or_default());
    }
}

/// Whether SQLite did not find a function or a table when it compiled a statement.
fn is_about_name(error: &Error) -> bool {
    const MESSAGES: [&str; 4] = [
        "no such function",
        "wrong number of arguments to function",
        "no such table",
        "no such module",
    ];
    is_code(error, SQLITE_ERROR) && MESSAGES.iter().any(|text| error.message().starts_with(text))
}

/// Closes a connection that could not be opened well.
struct Closer(Handle);

impl Drop for Closer {
    fn drop(&mut self) {
        // SAFETY: nothing uses the connection any longer.
        unsafe { (self.0.api.sqlite3_close)(self.0.db()) };
    }
}

impl Drop for SqliteConnection {
    fn drop(&mut self) {
        // After this no handle can reach the connection.
        *self.interrupt.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.state.finalize_cached();
        // SAFETY: statements borrow the connection, so none is left; slots and virtual tables are
        // destroyed by SQLite within this call.
        unsafe { (self.handle.api.sqlite3_close)(self.handle.db()) };
    }
}

/// The handle of a connection that other threads may interrupt.
struct Raw(Handle);

// SAFETY: only `sqlite3_interrupt` is called through it, which may be called from any thread while
// the connection is open; the mutex around it keeps it open.
unsafe impl Send for Raw {}

struct InterruptHandle(Mutex<Option<Raw>>);

impl Interrupt for InterruptHandle {
    fn interrupt(&self) {
        let raw = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Raw(handle)) = raw.as_ref() {
            // SAFETY: see `Raw`.
            unsafe { (handle.api.sqlite3_interrupt)(handle.db()) };
        }
    }
}

impl EngineConnection for SqliteConnection {
    fn prepare<'c>(&'c self, sql: &SqlText, offset: usize) -> Result<Prepared<'c>> {
        let shift = |error: Error| error.shifted(offset);
        if let Some(parsed) = ddl::parse(&sql.as_str()[offset..]).map_err(shift)? {
            let next = offset + parsed.consumed;
            let access = Box::new(Access::new(&self.state));
            let statement = OwnStatement::new(access, parsed, offset);
            return Ok((Some(Box::new(statement)), next));
        }
        let text = &sql.as_bytes_with_nul()[offset..];
        let plans = self.state.plans.get();
        let (statement, consumed) = self.prepare_engine(text).map_err(shift)?;
        attached::check_creation(&self.state, &sql.as_str()[offset..offset + consumed])
            .map_err(shift)?;
        let reads_tables = self.state.plans.get() != plans;
        let statement = statement.map(|statement| {
            let undo = (reads_tables && !statement.is_readonly()).then(Undo::default);
            let mut lexer = Lexer::new(&sql.as_str()[offset..]);
            let first = lexer.significant();
            let attaches = first.is("ATTACH");
            let settles = !UNSETTLED.iter().any(|word| first.is(word));
            let uses_attached = settles || first.is("REINDEX");
            let makes_schema = first.is("ALTER")
                || first.is("CREATE") && {
                    let next = lexer.significant();
                    !next.is("TEMP") && !next.is("TEMPORARY")
                };
            let is_query = statement.is_readonly()
                && ["SELECT", "WITH", "VALUES"].iter().any(|word| first.is(word));
            let drops = first.is("DROP") && lexer.significant().is("TABLE");
            let defines = !statement.is_readonly()
                && self.state.attached.any.get()
                && sql.as_str()[offset..offset + consumed]
                    .to_ascii_lowercase()
                    .contains(TABLE_PREFIX);
            let fresh = true;
            Box::new(SqliteStatement {
                connection: self,
                statement,
                fresh,
                undo,
                attaches,
                settles,
                uses_attached,
                makes_schema,
                is_query,
                drops,
                defines,
            }) as Box<dyn EngineStatement>
        });
        Ok((statement, offset + consumed))
    }

    fn is_autocommit(&self) -> bool {
        self.handle.is_autocommit()
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn last_insert_rowid(&self) -> i64 {
        self.handle.last_insert_rowid()
    }

    fn interrupt_handle(&self) -> Arc<dyn Interrupt> {
        Arc::clone(&self.interrupt) as Arc<dyn Interrupt>
    }
}

/// A statement that SQLite runs.
struct SqliteStatement<'c> {
    connection: &'c SqliteConnection,
    statement: Statement,
    /// It has not been stepped since it was prepared or reset.
    fresh: bool,
    /// For a statement that writes and also reads a table of a guest.
    undo: Option<Undo>,
    /// It is an ATTACH.
    attaches: bool,
    /// It needs indexes that fit the definitions.
    settles: bool,
    /// It may use an attached file.
    uses_attached: bool,
    /// It puts names of functions and collations into a schema.
    makes_schema: bool,
    /// It is a SELECT.
    is_query: bool,
    /// It is a DROP TABLE.
    drops: bool,
    /// It may write rows of definitions.
    defines: bool,
}

/// Statements that run although an index outside of `main` does not fit the definitions. A DROP TABLE is one only where
/// no keys refer to rows.
const UNSETTLED: [&str; 10] = [
    "BEGIN",
    "COMMIT",
    "DETACH",
    "DROP",
    "END",
    "PRAGMA",
    "REINDEX",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
];

impl SqliteStatement<'_> {
    fn halted(&mut self, result: &Result<bool>) {
        if let Some(undo) = &mut self.undo {
            undo.end(&self.connection.state, result);
        }
        if !self.statement.is_readonly() {
            self.connection.count_changes();
        }
        if self.defines {
            self.connection.state.attached.forget();
        }
    }

    /// The error of a statement whose collation failed. SQLite was interrupted for it but may notice
    /// some rows later. Those rows are in no order, so nobody may see them.
    #[cold]
    fn collation_error(&mut self, mut result: Result<bool>) -> Error {
        while let Ok(true) = result {
            result = self.statement.step();
        }
        let state = &self.connection.state;
        let reason = state.take_collation_error();
        reason.or(result.err()).unwrap_or_else(|| Error::new(ErrorKind::Interrupted, "interrupted"))
    }

    /// A function's error comes back from SQLite as text. The error itself is kept beside it.
    fn error(&self, error: Error) -> Error {
        // Of a table that could not be destroyed, SQLite knows only the code.
        if let Some(destroyed) = self.connection.state.take_destroy_error()
            && error.engine_code().is_some_and(|code| code == code_of(&destroyed))
        {
            return destroyed;
        }
        match self.connection.state.take_last_error() {
            // Compared, because an error may be left over that SQLite never reported.
            Some(function) if function.message().split('\0').next() == Some(error.message()) => {
                function
            }
            _ => error,
        }
    }
}

impl Drop for SqliteStatement<'_> {
    fn drop(&mut self) {
        if !self.fresh {
            self.connection.state.resetting(|| self.statement.reset());
        }
    }
}

impl EngineStatement for SqliteStatement<'_> {
    fn parameter_count(&self) -> usize {
        self.statement.parameter_count()
    }

    fn parameter_index(&self, name: &str) -> Option<usize> {
        self.statement.parameter_index(name)
    }

    fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        self.statement.bind(index, value)
    }

    fn step(&mut self) -> Result<bool> {
        let fresh = std::mem::replace(&mut self.fresh, false);
        let mut begun = None;
        if fresh {
            if self.makes_schema && !self.statement.is_explain() {
                self.connection.check_names()?;
            }
            begun = Some(self.connection.state.begin_statement(self.is_query)?);
            drop(self.connection.state.take_destroy_error());
            let deletes = self.drops && elsewhere::may_delete_by_keys(&self.connection.state);
            if self.uses_attached || deletes {
                attached::check(&self.connection.state)?;
            }
            if self.settles || deletes {
                elsewhere::settle(&self.connection.state)?;
            }
            if let Some(undo) = &mut self.undo {
                undo.begin(&self.connection.state);
            }
        }
        let mut result = self.statement.step().map_err(|error| self.error(error));
        if fresh
            && let Err(error) = &result
            && is_about_name(error)
            && self.connection.state.refresh().is_ok()
        {
            // SQLite recompiled the statement because something was registered or deleted, and another
            // connection had made the function since.
            self.statement.reset();
            result = self.statement.step().map_err(|error| self.error(error));
        }
        drop(begun);
        if self.connection.state.has_collation_failed() {
            result = Err(self.collation_error(result));
        }
        if !matches!(result, Ok(true)) {
            self.fresh = true;
            self.halted(&result);
            if self.attaches && result.is_ok() {
                self.connection.check_attached()?;
            }
        }
        result
    }

    fn reset(&mut self) {
        self.connection.state.resetting(|| self.statement.reset());
        if !self.fresh {
            self.fresh = true;
            self.halted(&Ok(false));
        }
    }

    fn column_count(&self) -> usize {
        self.statement.column_count()
    }

    fn column_name(&self, column: usize) -> &str {
        self.statement.column_name(column)
    }

    fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        self.statement.column(column)
    }

    fn is_readonly(&self) -> bool {
        self.statement.is_readonly()
    }
}
