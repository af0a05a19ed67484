//! A driver, as a program with its own SQLite has one.

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;

use commensal::{Error, ErrorKind, Result, Value, ValueRef};

use crate::build::extension;
use crate::library::{Authorizer, Library, Raw};

const SQLITE_ROW: c_int = 100;
const SQLITE_DONE: c_int = 101;
const SQLITE_TRANSIENT: isize = -1;

/// A connection, closed when dropped.
pub(crate) struct Connection {
    pub(crate) library: &'static Library,
    db: Raw,
}

// SAFETY: SQLite's connections are serialized.
unsafe impl Send for Connection {}

impl Connection {
    /// A connection without the extension.
    pub(crate) fn bare(library: &'static Library, path: &Path) -> Self {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        let mut db = std::ptr::null_mut();
        // SAFETY: the path ends with a NUL.
        let code = unsafe { (library.sqlite3_open)(path.as_ptr(), &raw mut db) };
        assert_eq!(code, 0, "the database can be opened");
        // SAFETY: the connection is open.
        unsafe { (library.sqlite3_busy_timeout)(db, 5000) };
        let connection = Self { library, db };
        // No test is about a power failure.
        connection.batch("PRAGMA synchronous = OFF").unwrap();
        connection
    }

    /// A connection with the extension.
    pub(crate) fn open(library: &'static Library, path: &Path) -> Self {
        let connection = Self::bare(library, path);
        connection.load(extension(), None).unwrap();
        connection
    }

    /// Loads an extension, by this entry point or by the one that SQLite finds.
    pub(crate) fn load(&self, file: &Path, entry: Option<&str>) -> Result<(), String> {
        let file = CString::new(file.to_str().unwrap()).unwrap();
        let entry = entry.map(|entry| CString::new(entry).unwrap());
        let entry = entry.as_ref().map_or(std::ptr::null(), |entry| entry.as_ptr());
        let mut message = std::ptr::null_mut();
        // SAFETY: the connection is open, the names end with a NUL.
        unsafe {
            (self.library.sqlite3_enable_load_extension)(self.db, 1);
            let code = (self.library.sqlite3_load_extension)(
                self.db,
                file.as_ptr(),
                entry,
                &raw mut message,
            );
            (self.library.sqlite3_enable_load_extension)(self.db, 0);
            if code == 0 {
                return Ok(());
            }
            let text = CStr::from_ptr(message).to_str().unwrap().to_owned();
            (self.library.sqlite3_free)(message);
            Err(text)
        }
    }

    /// Closes the connection. Returns whether nothing kept it open.
    pub(crate) fn close(mut self) -> bool {
        let db = std::mem::replace(&mut self.db, std::ptr::null_mut());
        // SAFETY: the connection is open.
        unsafe { (self.library.sqlite3_close)(db) == 0 }
    }

    fn error(&self, code: c_int) -> Error {
        // SAFETY: the connection is open.
        let message = unsafe { CStr::from_ptr((self.library.sqlite3_errmsg)(self.db)) };
        Error::new(ErrorKind::Engine, message.to_string_lossy()).with_engine_code(code)
    }

    /// Prepares the first statement of a text. Returns the rest of the text as well.
    pub(crate) fn prepare_first<'s>(
        &self,
        sql: &'s str,
    ) -> Result<(Option<Statement<'_>>, &'s str)> {
        let (mut raw, mut tail) = (std::ptr::null_mut(), std::ptr::null());
        let start = sql.as_ptr().cast::<c_char>();
        let len = c_int::try_from(sql.len()).unwrap();
        // SAFETY: the connection is open; SQLite reads no more than `len` bytes.
        let code = unsafe {
            (self.library.sqlite3_prepare_v2)(self.db, start, len, &raw mut raw, &raw mut tail)
        };
        if code != 0 {
            return Err(self.error(code));
        }
        // SAFETY: SQLite sets `tail` to a place within the text, or to its end.
        let consumed = unsafe { tail.offset_from(start) };
        let statement = (!raw.is_null()).then_some(Statement { connection: self, raw });
        Ok((statement, &sql[usize::try_from(consumed).unwrap()..]))
    }

    pub(crate) fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(self.prepare_first(sql)?.0.expect("a statement"))
    }

    /// Runs one statement with these values for its parameters. Returns its rows.
    pub(crate) fn query(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<Vec<Vec<Value>>> {
        let mut statement = self.prepare(sql)?;
        for (index, value) in (1..).zip(values) {
            statement.bind(index, *value)?;
        }
        let mut rows = Vec::new();
        while statement.step()? {
            rows.push((0..statement.column_count()).map(|i| statement.column(i)).collect());
        }
        Ok(rows)
    }

    /// The only value of the only row.
    pub(crate) fn value(&self, sql: &str) -> Result<Value> {
        let rows = self.query(sql, &[])?;
        assert_eq!(rows.len(), 1, "{sql}");
        Ok(rows[0][0].clone())
    }

    pub(crate) fn integer(&self, sql: &str) -> Result<i64> {
        match self.value(sql)? {
            Value::Integer(integer) => Ok(integer),
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Runs several statements.
    pub(crate) fn batch(&self, mut sql: &str) -> Result<()> {
        while !sql.is_empty() {
            let (statement, rest) = self.prepare_first(sql)?;
            sql = rest;
            if let Some(mut statement) = statement {
                while statement.step()? {}
            }
        }
        Ok(())
    }

    /// `wasm_exec` with these values.
    pub(crate) fn exec(&self, sql: &str, values: &[ValueRef<'_>]) -> Result<bool> {
        let marks = ", ?".repeat(values.len());
        let values: Vec<_> =
            [ValueRef::Text(sql)].into_iter().chain(values.iter().copied()).collect();
        let rows = self.query(&format!("SELECT wasm_exec(?{marks})"), &values)?;
        Ok(rows[0][0] == Value::Integer(1))
    }

    /// CREATE OR REPLACE FUNCTION of the export `f`; `more` follows the source.
    pub(crate) fn create(&self, name: &str, wat: &str, more: &str) -> Result<bool> {
        let sql = format!("CREATE OR REPLACE FUNCTION {name} LANGUAGE wasm AS ? EXPORT f {more}");
        self.exec(&sql, &[ValueRef::Text(wat)])
    }

    /// Whether no transaction is open.
    pub(crate) fn is_autocommit(&self) -> bool {
        // SAFETY: the connection is open.
        unsafe { (self.library.sqlite3_get_autocommit)(self.db) != 0 }
    }

    /// Asks `authorizer` about whatever is prepared from here on. `data` is passed to it.
    pub(crate) fn authorize(&self, authorizer: Authorizer, data: &'static CStr) {
        let data = data.as_ptr().cast_mut().cast();
        // SAFETY: the connection is open; the callback reads a text that lives for ever.
        let code =
            unsafe { (self.library.sqlite3_set_authorizer)(self.db, Some(authorizer), data) };
        assert_eq!(code, 0);
    }

    pub(crate) fn changes(&self) -> i64 {
        // SAFETY: the connection is open.
        unsafe { (self.library.sqlite3_changes)(self.db) }.into()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.db.is_null() {
            // SAFETY: the connection is open.
            let code = unsafe { (self.library.sqlite3_close)(self.db) };
            if !std::thread::panicking() {
                assert_eq!(code, 0, "nothing keeps the connection open");
            }
        }
    }
}

/// A statement, finalized when dropped.
pub(crate) struct Statement<'c> {
    connection: &'c Connection,
    raw: Raw,
}

impl Statement<'_> {
    fn library(&self) -> &'static Library {
        self.connection.library
    }

    pub(crate) fn bind(&mut self, index: c_int, value: ValueRef<'_>) -> Result<()> {
        let (library, raw) = (self.library(), self.raw);
        let len = |bytes: &[u8]| c_int::try_from(bytes.len()).unwrap();
        // SAFETY: the statement is not finalized; SQLite copies the bytes.
        let code = unsafe {
            match value {
                ValueRef::Null => 0,
                ValueRef::Integer(i) => (library.sqlite3_bind_int64)(raw, index, i),
                ValueRef::Real(r) => (library.sqlite3_bind_double)(raw, index, r),
                ValueRef::Text(t) => {
                    let len = len(t.as_bytes());
                    (library.sqlite3_bind_text)(raw, index, t.as_ptr(), len, SQLITE_TRANSIENT)
                }
                ValueRef::Blob(b) => {
                    (library.sqlite3_bind_blob)(raw, index, b.as_ptr(), len(b), SQLITE_TRANSIENT)
                }
            }
        };
        if code == 0 { Ok(()) } else { Err(self.connection.error(code)) }
    }

    pub(crate) fn step(&mut self) -> Result<bool> {
        // SAFETY: the statement is not finalized.
        match unsafe { (self.library().sqlite3_step)(self.raw) } {
            SQLITE_ROW => Ok(true),
            SQLITE_DONE => Ok(false),
            code => Err(self.connection.error(code)),
        }
    }

    pub(crate) fn reset(&mut self) {
        // SAFETY: the statement is not finalized.
        unsafe { (self.library().sqlite3_reset)(self.raw) };
    }

    pub(crate) fn is_readonly(&self) -> bool {
        // SAFETY: the statement is not finalized.
        unsafe { (self.library().sqlite3_stmt_readonly)(self.raw) != 0 }
    }

    pub(crate) fn column_count(&self) -> c_int {
        // SAFETY: the statement is not finalized.
        unsafe { (self.library().sqlite3_column_count)(self.raw) }
    }

    pub(crate) fn column(&self, column: c_int) -> Value {
        let (library, raw) = (self.library(), self.raw);
        // SAFETY: the statement is not finalized and has a row; the bytes are copied before it steps.
        unsafe {
            let bytes = |start: *const u8| {
                let len = usize::try_from((library.sqlite3_column_bytes)(raw, column)).unwrap();
                if len == 0 { &[] } else { std::slice::from_raw_parts(start, len) }
            };
            match (library.sqlite3_column_type)(raw, column) {
                1 => Value::Integer((library.sqlite3_column_int64)(raw, column)),
                2 => Value::Real((library.sqlite3_column_double)(raw, column)),
                // A database in UTF-16 stores other bytes than these.
                3 => {
                    let text = bytes((library.sqlite3_column_text)(raw, column));
                    Value::Text(String::from_utf8(text.to_vec()).unwrap())
                }
                4 => Value::Blob(bytes((library.sqlite3_column_blob)(raw, column)).to_vec()),
                _ => Value::Null,
            }
        }
    }

    /// Runs from the beginning. Returns the first value of the first row.
    pub(crate) fn first(&mut self) -> Result<Value> {
        let stepped = self.step();
        let value = stepped.map(|row| {
            assert!(row, "a row");
            self.column(0)
        });
        self.reset();
        value
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        // SAFETY: the statement is not finalized.
        unsafe { (self.library().sqlite3_finalize)(self.raw) };
    }
}
