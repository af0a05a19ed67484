//! A safe prepared statement of the C API. The catalog, DDL and the facade run SQL with it.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::slice;

use commensal_core::ddl::quote_identifier;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, Destructor, sqlite3, sqlite3_stmt};

/// `SQLITE_TRANSIENT`: SQLite copies the bytes at once.
pub(crate) fn transient() -> Destructor {
    // SAFETY: SQLite defines the value -1 of the destructor argument, which it never calls.
    unsafe { std::mem::transmute::<isize, Destructor>(-1) }
}

/// A connection as the C API sees it, without ownership.
#[derive(Clone, Copy)]
pub(crate) struct Handle {
    pub(crate) api: &'static Api,
    db: *mut sqlite3,
}

impl Handle {
    /// A handle of an open connection.
    ///
    /// # Safety
    /// `db` belongs to the library of `api` and stays open as long as the handle is used, by one
    /// thread at a time.
    pub(crate) unsafe fn new(api: &'static Api, db: *mut sqlite3) -> Self {
        Self { api, db }
    }

    pub(crate) fn db(self) -> *mut sqlite3 {
        self.db
    }

    /// The last error of the connection, for the result code that was just returned.
    #[cold]
    pub(crate) fn error(self, code: c_int) -> Error {
        // SAFETY: the connection is open; SQLite gives a text that is valid until the next call.
        let message = unsafe {
            let message = (self.api.sqlite3_errmsg)(self.db);
            if message.is_null() {
                String::new()
            } else {
                CStr::from_ptr(message).to_string_lossy().into_owned()
            }
        };
        // SAFETY: the connection is open.
        let extended = unsafe { (self.api.sqlite3_extended_errcode)(self.db) };
        let code = if extended & 0xff == code & 0xff { extended } else { code };
        Error::new(kind_of(code), message).with_engine_code(code)
    }

    /// The offset of the token that the last error is about, in the text that was prepared.
    pub(crate) fn error_offset(self) -> Option<usize> {
        let offset = self.api.sqlite3_error_offset?;
        // SAFETY: the connection is open.
        let offset = unsafe { offset(self.db) };
        usize::try_from(offset).ok()
    }

    /// Checks a result code.
    pub(crate) fn check(self, code: c_int) -> Result<()> {
        if code == SQLITE_OK { Ok(()) } else { Err(self.error(code)) }
    }

    /// Whether no transaction is open.
    pub(crate) fn is_autocommit(self) -> bool {
        // SAFETY: the connection is open.
        unsafe { (self.api.sqlite3_get_autocommit)(self.db) != 0 }
    }

    /// Rowid of the last INSERT.
    pub(crate) fn last_insert_rowid(self) -> i64 {
        // SAFETY: the connection is open.
        unsafe { (self.api.sqlite3_last_insert_rowid)(self.db) }
    }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    pub(crate) fn changes(self) -> i64 {
        // SAFETY: the connection is open.
        unsafe {
            match self.api.sqlite3_changes64 {
                Some(changes) => changes(self.db),
                None => (self.api.sqlite3_changes)(self.db).into(),
            }
        }
    }

    /// Runs `body`, in which SQLite does not wait for locks of others.
    pub(crate) fn without_waiting<T>(self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut timeout = 0;
        self.query("PRAGMA busy_timeout", &[], &mut |row| {
            if let ValueRef::Integer(milliseconds) = row.column(0)? {
                timeout = milliseconds;
            }
            Ok(())
        })?;
        let Some(timeout) = c_int::try_from(timeout).ok().filter(|timeout| *timeout > 0) else {
            return body();
        };
        // SAFETY: the connection is open.
        let set = |timeout| unsafe { (self.api.sqlite3_busy_timeout)(self.db, timeout) };
        set(0);
        let result = body();
        set(timeout);
        result
    }

    /// Whether no statement is in the middle of its execution.
    pub(crate) fn is_idle(self) -> bool {
        !self.runs(|_| true)
    }

    /// Whether a statement that writes is in the middle of its execution.
    pub(crate) fn is_writing(self) -> bool {
        self.runs(|statement| {
            // SAFETY: `runs` gives a statement of this connection.
            unsafe { (self.api.sqlite3_stmt_readonly)(statement) == 0 }
        })
    }

    /// How many statements that write are in the middle of their execution.
    pub(crate) fn count_writing(self) -> usize {
        let mut count = 0;
        self.runs(|statement| {
            // SAFETY: `runs` gives a statement of this connection.
            let is_readonly = unsafe { (self.api.sqlite3_stmt_readonly)(statement) } != 0;
            count += usize::from(!is_readonly);
            false
        });
        count
    }

    /// Calls `each` with the text of every statement that writes and is in the middle of its execution.
    ///
    /// # Errors
    /// Those of `each`.
    pub(crate) fn for_each_writing(self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.for_each(|is_readonly, sql| if is_readonly { Ok(()) } else { each(sql) })
    }

    /// Calls `each` with the text of every statement that is in the middle of its execution.
    ///
    /// # Errors
    /// Those of `each`.
    pub(crate) fn for_each_running(self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.for_each(|_, sql| each(sql))
    }

    fn for_each(self, mut each: impl FnMut(bool, &[u8]) -> Result<()>) -> Result<()> {
        let mut result = Ok(());
        self.runs(|statement| {
            // SAFETY: `runs` gives a statement of this connection.
            let (is_readonly, sql) = unsafe {
                ((self.api.sqlite3_stmt_readonly)(statement), (self.api.sqlite3_sql)(statement))
            };
            // SAFETY: SQLite keeps the text, which ends with a NUL, as long as the statement, which runs.
            let sql = (!sql.is_null()).then(|| unsafe { CStr::from_ptr(sql) }.to_bytes());
            result = each(is_readonly != 0, sql.unwrap_or_default());
            result.is_err()
        });
        result
    }

    /// Whether one statement alone is in the middle of its execution.
    pub(crate) fn runs_one(self) -> bool {
        let mut running = 0;
        let several = self.runs(|_| {
            running += 1;
            running > 1
        });
        !several && running == 1
    }

    /// Whether what can be read now is committed: no transaction is open, not even one that a statement in
    /// the middle of its execution opened for itself.
    pub(crate) fn sees_committed(self) -> bool {
        self.is_autocommit() && !self.is_writing()
    }

    /// Whether a transaction of this schema reads one state of the file. False if SQLite cannot tell.
    pub(crate) fn has_snapshot(self, schema: &CStr) -> bool {
        // SAFETY: the connection is open, and the name ends with a NUL.
        let state =
            |state: unsafe extern "C" fn(_, _) -> c_int| unsafe { state(self.db, schema.as_ptr()) };
        self.api.sqlite3_txn_state.is_some_and(|of| state(of) > 0)
    }

    /// Whether some statement of this kind is in the middle of its execution.
    fn runs(self, mut kind: impl FnMut(*mut sqlite3_stmt) -> bool) -> bool {
        let mut statement = std::ptr::null_mut();
        loop {
            // SAFETY: the connection is open, and `statement` is NULL or one of its statements.
            statement = unsafe { (self.api.sqlite3_next_stmt)(self.db, statement) };
            if statement.is_null() {
                return false;
            }
            // SAFETY: SQLite just gave this statement.
            if unsafe { (self.api.sqlite3_stmt_busy)(statement) } != 0 && kind(statement) {
                return true;
            }
        }
    }

    /// Prepares the first statement of `sql`, which ends with a NUL. Returns the statement, or `None` if
    /// there are only comments, and the bytes consumed.
    pub(crate) fn prepare_first(
        self,
        sql_with_nul: &[u8],
        flags: c_uint,
    ) -> Result<(Option<Statement>, usize)> {
        assert_eq!(sql_with_nul.last(), Some(&0), "SQL text for SQLite ends with a NUL");
        let start = sql_with_nul.as_ptr().cast::<c_char>();
        let (mut raw, mut tail) = (std::ptr::null_mut(), std::ptr::null());
        // SAFETY: the connection is open, the text ends with a NUL, the two results are ours.
        let code = unsafe {
            (self.api.sqlite3_prepare_v3)(self.db, start, -1, flags, &raw mut raw, &raw mut tail)
        };
        if code != SQLITE_OK {
            let error = self.error(code);
            return Err(match self.error_offset() {
                Some(offset) => error.at(offset),
                None => error,
            });
        }
        // SAFETY: on success SQLite sets `tail` to a place within the text or to its end.
        let consumed = unsafe { tail.offset_from(start) };
        let statement = (!raw.is_null()).then_some(Statement { handle: self, raw });
        Ok((statement, usize::try_from(consumed).unwrap_or(sql_with_nul.len() - 1)))
    }

    /// As [`Handle::prepare_first`], but SQLite does not recompile the statement when the schema has
    /// changed. A step then fails with SQLITE_SCHEMA. What was examined is what runs.
    pub(crate) fn prepare_once(self, sql_with_nul: &[u8]) -> Result<(Option<Statement>, usize)> {
        assert_eq!(sql_with_nul.last(), Some(&0), "SQL text for SQLite ends with a NUL");
        let start = sql_with_nul.as_ptr().cast::<c_char>();
        let (mut raw, mut tail) = (std::ptr::null_mut(), std::ptr::null());
        // SAFETY: the connection is open, the text ends with a NUL, the two results are ours.
        let code =
            unsafe { (self.api.sqlite3_prepare)(self.db, start, -1, &raw mut raw, &raw mut tail) };
        self.check(code)?;
        // SAFETY: on success SQLite sets `tail` to a place within the text or to its end.
        let consumed = unsafe { tail.offset_from(start) };
        let statement = (!raw.is_null()).then_some(Statement { handle: self, raw });
        Ok((statement, usize::try_from(consumed).unwrap_or(sql_with_nul.len() - 1)))
    }

    /// Sets a limit of the connection and gives the one before. A negative number changes nothing.
    pub(crate) fn limit(self, which: c_int, limit: c_int) -> c_int {
        // SAFETY: the connection is open.
        unsafe { (self.api.sqlite3_limit)(self.db, which, limit) }
    }

    /// Whether a schema has all these tables, and nothing else by their names. A row of the schema can call a view a
    /// table, and SQLite then expands the view, however large, as soon as it is asked for its columns.
    pub(crate) fn has_tables(self, schema: &str, names: &[&str]) -> Result<bool> {
        let schema = quote_identifier(schema);
        let sql = format!(
            "SELECT type = 'table' AND rootpage > 0 AND substr(sql, 1, 13) = 'create table ' COLLATE NOCASE \
             FROM {schema}.sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE"
        );
        for name in names {
            let (mut found, mut are_tables) = (false, true);
            self.query(&sql, &[ValueRef::Text(name)], &mut |row| {
                found = true;
                are_tables &= row.column(0)? == ValueRef::Integer(1);
                Ok(())
            })?;
            if !found || !are_tables {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Prepares one statement of our own.
    pub(crate) fn prepare(self, sql: &str) -> Result<Statement> {
        let text = format!("{sql}\0");
        let (statement, _) = self.prepare_first(text.as_bytes(), SQLITE_PREPARE_PERSISTENT)?;
        statement.ok_or_else(|| Error::new(ErrorKind::Syntax, "an empty statement"))
    }

    /// As [`Handle::prepare_once`], for one statement of our own, whose names cannot come to mean something
    /// else.
    pub(crate) fn prepare_own_once(self, sql: &str) -> Result<Statement> {
        let text = format!("{sql}\0");
        let (statement, _) = self.prepare_once(text.as_bytes())?;
        statement.ok_or_else(|| Error::new(ErrorKind::Syntax, "an empty statement"))
    }

    /// Runs one statement of our own to its end.
    pub(crate) fn execute(self, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()> {
        self.query(sql, parameters, &mut |_| Ok(()))
    }

    /// Runs one statement of our own and passes on its rows.
    pub(crate) fn query(
        self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(&Statement) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.prepare(sql)?;
        for (i, value) in parameters.iter().enumerate() {
            statement.bind(i + 1, *value)?;
        }
        while statement.step()? {
            row(&statement)?;
        }
        Ok(())
    }
}

/// The kind of error that a result code of the engine means.
fn kind_of(code: c_int) -> ErrorKind {
    match code & 0xff {
        SQLITE_INTERRUPT => ErrorKind::Interrupted,
        _ => ErrorKind::Engine,
    }
}

/// How open a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    /// Whether BEGIN or a savepoint opened it.
    begun: bool,
    /// Whether something is written in it, perhaps only by one statement. SQLite before 3.34 does not tell.
    writes: bool,
}

impl Transaction {
    /// Whether it has ended by `now`, while a statement within it ran.
    pub(crate) fn has_ended(self, now: Self) -> bool {
        self.begun && !now.begun || self.writes && !now.writes
    }
}

/// A prepared statement; finalized when dropped.
pub(crate) struct Statement {
    handle: Handle,
    raw: *mut sqlite3_stmt,
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is ours and was not finalized.
        unsafe { (self.handle.api.sqlite3_finalize)(self.raw) };
    }
}

impl Statement {
    fn api(&self) -> &'static Api {
        self.handle.api
    }

    pub(crate) fn parameter_count(&self) -> usize {
        // SAFETY: the statement is not finalized.
        let count = unsafe { (self.api().sqlite3_bind_parameter_count)(self.raw) };
        usize::try_from(count).unwrap_or_default()
    }

    pub(crate) fn parameter_index(&self, name: &str) -> Option<usize> {
        let name = std::ffi::CString::new(name).ok()?;
        // SAFETY: the statement is not finalized; the name ends with a NUL.
        let index = unsafe { (self.api().sqlite3_bind_parameter_index)(self.raw, name.as_ptr()) };
        usize::try_from(index).ok().filter(|&index| index > 0)
    }

    pub(crate) fn parameter_name(&self, index: usize) -> Option<String> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the statement is not finalized; SQLite gives NULL, or a text that it keeps.
        let name = unsafe {
            let name = (self.api().sqlite3_bind_parameter_name)(self.raw, index);
            (!name.is_null()).then(|| CStr::from_ptr(name))
        };
        name.map(|name| name.to_string_lossy().into_owned())
    }

    pub(crate) fn bind_zeroblob(&mut self, index: usize, len: u32) -> Result<()> {
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        // SAFETY: the statement is not finalized; SQLite checks the index.
        let code = unsafe { (self.api().sqlite3_bind_zeroblob64)(self.raw, index, u64::from(len)) };
        self.handle.check(code)
    }

    pub(crate) fn clear_bindings(&mut self) {
        // SAFETY: the statement is not finalized.
        unsafe { (self.api().sqlite3_clear_bindings)(self.raw) };
    }

    pub(crate) fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let (api, raw) = (self.api(), self.raw);
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        // SAFETY: the statement is not finalized; SQLite checks the index and copies the bytes.
        let code = unsafe {
            match value {
                ValueRef::Null => (api.sqlite3_bind_null)(raw, index),
                ValueRef::Integer(i) => (api.sqlite3_bind_int64)(raw, index, i),
                ValueRef::Real(r) => (api.sqlite3_bind_double)(raw, index, r),
                ValueRef::Text(t) => (api.sqlite3_bind_text64)(
                    raw,
                    index,
                    t.as_ptr().cast(),
                    t.len() as u64,
                    transient(),
                    SQLITE_UTF8 as u8,
                ),
                // A NULL pointer would bind NULL, and an empty slice may have any pointer.
                ValueRef::Blob([]) => (api.sqlite3_bind_zeroblob64)(raw, index, 0),
                ValueRef::Blob(b) => (api.sqlite3_bind_blob64)(
                    raw,
                    index,
                    b.as_ptr().cast(),
                    b.len() as u64,
                    transient(),
                ),
            }
        };
        self.handle.check(code)
    }

    /// Runs to the next row.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<bool> {
        // SAFETY: the statement is not finalized.
        match unsafe { (self.api().sqlite3_step)(self.raw) } {
            SQLITE_ROW => Ok(true),
            SQLITE_DONE => Ok(false),
            code => Err(self.handle.error(code)),
        }
    }

    /// As [`Statement::step`], for a statement from [`Handle::prepare_once`]. SQLite gives the reason of a
    /// failure only when the execution ends.
    pub(crate) fn step_once(&mut self) -> Result<bool> {
        // SAFETY: the statement is not finalized.
        let stepped = unsafe { (self.api().sqlite3_step)(self.raw) };
        match stepped {
            SQLITE_ROW => return Ok(true),
            SQLITE_DONE => return Ok(false),
            _ => {}
        }
        // SAFETY: as above.
        let code = unsafe { (self.api().sqlite3_reset)(self.raw) };
        Err(self.handle.error(if code == SQLITE_OK { stepped } else { code }))
    }

    /// How open the transaction of its connection is.
    pub(crate) fn transaction(&self) -> Transaction {
        let Handle { api, db } = self.handle;
        // SAFETY: the connection is open, and the name ends with a NUL.
        let state =
            |state: unsafe extern "C" fn(_, _) -> c_int| unsafe { state(db, c"main".as_ptr()) };
        let writes = api.sqlite3_txn_state.map(state) == Some(SQLITE_TXN_WRITE);
        Transaction { begun: !self.handle.is_autocommit(), writes }
    }

    /// Whether it explains a statement instead of running it.
    pub(crate) fn is_explain(&self) -> bool {
        // SAFETY: the statement is not finalized.
        unsafe { (self.api().sqlite3_stmt_isexplain)(self.raw) != 0 }
    }

    /// Memory that SQLite holds for it, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        // SAFETY: the statement is not finalized.
        let bytes =
            unsafe { (self.api().sqlite3_stmt_status)(self.raw, SQLITE_STMTSTATUS_MEMUSED, 0) };
        u64::try_from(bytes).unwrap_or(0)
    }

    /// Bytes of text and blobs in the current row. Nothing of the row may be lent, because SQLite may convert text.
    pub(crate) fn row_bytes(&self) -> u64 {
        let (api, mut bytes) = (self.api(), 0);
        for column in 0..c_int::try_from(self.column_count()).unwrap_or(c_int::MAX) {
            // SAFETY: the statement is not finalized, and has this column. SQLite counts the zeros of a blob without
            // making them.
            let len = unsafe {
                match (api.sqlite3_column_type)(self.raw, column) {
                    SQLITE_TEXT | SQLITE_BLOB => (api.sqlite3_column_bytes)(self.raw, column),
                    _ => 0,
                }
            };
            bytes += u64::try_from(len).unwrap_or(0);
        }
        bytes
    }

    /// Takes over the bindings of another statement with the same parameters.
    pub(crate) fn take_bindings(&mut self, from: &Self) -> bool {
        let Some(transfer) = self.api().sqlite3_transfer_bindings else { return false };
        // SAFETY: both statements belong to this connection and are not finalized.
        unsafe { transfer(from.raw, self.raw) == SQLITE_OK }
    }

    /// Ends the execution. An error of the last step was reported already.
    pub(crate) fn reset(&mut self) {
        // SAFETY: the statement is not finalized.
        unsafe { (self.api().sqlite3_reset)(self.raw) };
    }

    pub(crate) fn column_count(&self) -> usize {
        // SAFETY: the statement is not finalized.
        let count = unsafe { (self.api().sqlite3_column_count)(self.raw) };
        usize::try_from(count).unwrap_or_default()
    }

    pub(crate) fn column_name(&self, column: usize) -> &str {
        let column = c_int::try_from(column).unwrap_or(c_int::MAX);
        // SAFETY: the statement is not finalized; the name is valid until it is finalized or
        // prepared anew by a step, for which a mutable borrow is needed.
        unsafe {
            let name = (self.api().sqlite3_column_name)(self.raw, column);
            if name.is_null() { "" } else { CStr::from_ptr(name).to_str().unwrap_or_default() }
        }
    }

    /// The declared type of the table's column that a column of the result is, if it is one.
    pub(crate) fn column_decltype(&self, column: usize) -> Option<String> {
        let declared = self.api().sqlite3_column_decltype?;
        let column = c_int::try_from(column).unwrap_or(c_int::MAX);
        // SAFETY: the statement is not finalized; the text is valid until it is finalized or prepared anew,
        // and is copied before that.
        unsafe {
            let text = declared(self.raw, column);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }

    /// A value of the current row.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> Result<ValueRef<'_>> {
        let (api, raw) = (self.api(), self.raw);
        let index = c_int::try_from(column).unwrap_or(c_int::MAX);
        // SAFETY: the statement is not finalized, and SQLite checks the column. The bytes are valid
        // until the next step or reset, for which a mutable borrow is needed; the length is asked
        // after the pointer, as the C API demands.
        unsafe {
            Ok(match (api.sqlite3_column_type)(raw, index) {
                SQLITE_INTEGER => ValueRef::Integer((api.sqlite3_column_int64)(raw, index)),
                SQLITE_FLOAT => ValueRef::Real((api.sqlite3_column_double)(raw, index)),
                SQLITE_TEXT => {
                    let text = self.text(column).ok_or_else(no_memory)?;
                    ValueRef::Text(std::str::from_utf8(text).map_err(|_| self.invalid(column))?)
                }
                SQLITE_BLOB => {
                    let blob = (api.sqlite3_column_blob)(raw, index).cast::<u8>();
                    let len = (api.sqlite3_column_bytes)(raw, index);
                    if blob.is_null() && len > 0 {
                        return Err(no_memory());
                    }
                    ValueRef::Blob(bytes(blob, len))
                }
                _ => ValueRef::Null,
            })
        }
    }

    /// The bytes of a text of the current row, which may not be UTF-8. `None` if there is no memory, and
    /// for any other value, which SQLite would convert in place, under what [`column`](Self::column) lent.
    #[inline]
    pub(crate) fn text(&self, column: usize) -> Option<&[u8]> {
        let (api, raw) = (self.api(), self.raw);
        let index = c_int::try_from(column).unwrap_or(c_int::MAX);
        // SAFETY: as for `column`. Text is converted to UTF-8 when it is first asked for, and stays
        // where it is from then on.
        unsafe {
            if (api.sqlite3_column_type)(raw, index) != SQLITE_TEXT {
                return None;
            }
            let text = (api.sqlite3_column_text)(raw, index);
            (!text.is_null()).then(|| bytes(text, (api.sqlite3_column_bytes)(raw, index)))
        }
    }

    #[cold]
    fn invalid(&self, column: usize) -> Error {
        Error::new(
            ErrorKind::Argument,
            format!(
                "column {} is text that is not valid UTF-8; CAST(… AS BLOB) gives its bytes",
                self.column_name(column)
            ),
        )
    }

    pub(crate) fn is_readonly(&self) -> bool {
        // SAFETY: the statement is not finalized.
        unsafe { (self.api().sqlite3_stmt_readonly)(self.raw) != 0 }
    }
}

#[cold]
fn no_memory() -> Error {
    Error::new(ErrorKind::Engine, "out of memory").with_engine_code(SQLITE_NOMEM)
}

/// The bytes that SQLite points to.
///
/// # Safety
/// `pointer` is NULL, or points to `len` bytes that live as long as `'a`.
#[inline]
pub(crate) unsafe fn bytes<'a>(pointer: *const u8, len: c_int) -> &'a [u8] {
    match usize::try_from(len) {
        // SAFETY: not NULL; the length is the caller's promise.
        Ok(len) if len > 0 && !pointer.is_null() => unsafe { slice::from_raw_parts(pointer, len) },
        _ => &[],
    }
}
