//! SQL on the connection that called the guest, within its transaction.
//!
//! Needs the capability `sql_read`, and `sql_write` for statements that write. The definition asks for
//! them (`WITH (allow = 'sql_read,sql_write')`), and the host grants them. A function that runs SQL is not
//! deterministic. Guests cannot attach databases, control transactions or change settings; on Turso, they
//!
//! ```
//! /// How many rows a table has.
//! #[commensal_sdk::function]
//! fn row_count(table: &str) -> Result<i64, commensal_sdk::sql::Error> {
//!     let name = table.replace('"', "\"\"");
//!     let mut statement = commensal_sdk::sql::Statement::prepare(&format!("SELECT count(*) FROM \"{name}\""))?;
//!     match statement.step()? {
//!         true => match statement.column(0)? {
//!             commensal_sdk::Value::Integer(count) => Ok(count),
//!             _ => Ok(0),
//!         },
//!         false => Ok(0),
//!     }
//! }
//! # // Natively there is no database.
//! # assert!(row_count("t").is_err());
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use commensal_abi::{Record, Tag};

use crate::{Value, ValueRef};

/// Why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The engine's [result code](https://www.sqlite.org/rescode.html), which may be an extended one.
    pub code: i32,
    /// The engine's message.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

/// The result of a call, with this module's error.
pub type Result<T, E = Error> = core::result::Result<T, E>;

const ROW: i32 = 100;
const DONE: i32 = 101;

/// The buffer for text and blobs of a column, in bytes. A longer value is read again.
const BUFFER_BYTES: usize = 256;

/// A prepared statement, which is finalized when dropped. A guest can have 64.
#[derive(Debug)]
pub struct Statement {
    number: i32,
}

impl Statement {
    /// Compiles the first statement of `sql`.
    ///
    /// # Errors
    /// The engine rejects the text, guests may not run the statement, or there is none.
    pub fn prepare(sql: &str) -> Result<Self> {
        let prepared = imports::prepare(sql);
        if prepared < 0 {
            return Err(error(i32::try_from(-prepared).unwrap_or(1)));
        }
        match prepared as i32 {
            0 => Err(Error { code: 21, message: String::from("an empty statement") }),
            number => Ok(Self { number }),
        }
    }

    /// Binds a value to the parameter at `index`, from 1.
    ///
    /// # Errors
    /// No parameter has this index.
    pub fn bind(&mut self, index: usize, value: ValueRef<'_>) -> Result<()> {
        let bytes = |tag, bytes: &[u8]| {
            Record::bytes(tag, bytes.as_ptr() as usize as u32, bytes.len() as u32)
        };
        let record = match value {
            ValueRef::Null => Record::NULL,
            ValueRef::Integer(integer) => Record::integer(integer),
            ValueRef::Real(real) => Record::real(real),
            ValueRef::Text(text) => bytes(Tag::Text, text.as_bytes()),
            ValueRef::Blob(blob) => bytes(Tag::Blob, blob),
        };
        check(imports::bind(self.number, number(index), &RecordBuffer(record.to_bytes())))
    }

    /// Runs to the next row. Returns false at the end.
    ///
    /// # Errors
    /// The engine, or a function that the statement calls, reports an error.
    pub fn step(&mut self) -> Result<bool> {
        match imports::step(self.number) {
            ROW => Ok(true),
            DONE => Ok(false),
            code => Err(error(code)),
        }
    }

    /// Ends the execution. The parameters keep their values.
    pub fn reset(&mut self) {
        imports::reset(self.number);
    }

    /// The number of columns of a row.
    pub fn column_count(&self) -> usize {
        usize::try_from(imports::column_count(self.number)).unwrap_or_default()
    }

    /// The value of a column of the current row, from 0. Text that is not UTF-8 becomes a blob.
    ///
    /// # Errors
    /// No column has this index.
    pub fn column(&self, column: usize) -> Result<Value> {
        let mut place = RecordBuffer(Record::NULL.to_bytes());
        let mut buffer = Vec::from([0; BUFFER_BYTES]);
        check(imports::column(self.number, number(column), &mut place, &mut buffer))?;
        let mut record = Record::from_bytes(&place.0).unwrap_or(Record::NULL);
        if record.tag.is_bytes() && record.len as usize > buffer.len() {
            buffer.resize(record.len as usize, 0);
            check(imports::column(self.number, number(column), &mut place, &mut buffer))?;
            record = Record::from_bytes(&place.0).unwrap_or(Record::NULL);
        }
        buffer.truncate(record.len as usize);
        Ok(match record.tag {
            Tag::Integer => Value::Integer(record.payload as i64),
            Tag::Real => Value::Real(f64::from_bits(record.payload)),
            Tag::Text => Value::Text(String::from_utf8(buffer).unwrap_or_default()),
            Tag::Blob => Value::Blob(buffer),
            Tag::Null | Tag::Error => Value::Null,
        })
    }

    /// Whether the statement writes nothing.
    pub fn is_readonly(&self) -> bool {
        imports::readonly(self.number) != 0
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        imports::finalize(self.number);
    }
}

/// Runs a statement to its end. Returns the number of rows that an INSERT, UPDATE or DELETE changed.
///
/// # Errors
/// As [`Statement::prepare`], [`Statement::bind`] and [`Statement::step`].
pub fn execute(sql: &str, parameters: &[Value]) -> Result<i64> {
    let mut statement = Statement::prepare(sql)?;
    for (i, parameter) in parameters.iter().enumerate() {
        statement.bind(i + 1, parameter.as_ref())?;
    }
    while statement.step()? {}
    Ok(imports::changes())
}

/// An index as the host takes it. One that does not fit becomes an index that does not exist.
fn number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(-1)
}

fn check(code: i32) -> Result<()> {
    if code == 0 { Ok(()) } else { Err(error(code)) }
}

#[cold]
fn error(code: i32) -> Error {
    let mut message = Vec::from([0; BUFFER_BYTES]);
    loop {
        let len = usize::try_from(imports::errmsg(&mut message)).unwrap_or_default();
        if len <= message.len() {
            message.truncate(len);
            let message = String::from_utf8_lossy(&message).into_owned();
            return Error { code, message };
        }
        message.resize(len, 0);
    }
}

/// A record in guest memory.
#[repr(C, align(8))]
struct RecordBuffer([u8; Record::SIZE]);

#[cfg(target_arch = "wasm32")]
mod imports {
    #![expect(unsafe_code, reason = "imports of the host module are foreign functions")]

    use super::RecordBuffer;

    mod host {
        use super::RecordBuffer;

        #[link(wasm_import_module = "commensal")]
        unsafe extern "C" {
            pub(in crate::sql) fn sql_prepare(sql: *const u8, len: usize) -> i64;
            pub(in crate::sql) fn sql_bind(
                statement: i32,
                index: i32,
                record: *const RecordBuffer,
            ) -> i32;
            pub(in crate::sql) safe fn sql_step(statement: i32) -> i32;
            pub(in crate::sql) safe fn sql_reset(statement: i32) -> i32;
            pub(in crate::sql) safe fn sql_finalize(statement: i32) -> i32;
            pub(in crate::sql) safe fn sql_column_count(statement: i32) -> i32;
            pub(in crate::sql) fn sql_column(
                statement: i32,
                column: i32,
                record: *mut RecordBuffer,
                buffer: *mut u8,
                len: usize,
            ) -> i32;
            pub(in crate::sql) safe fn sql_readonly(statement: i32) -> i32;
            pub(in crate::sql) fn sql_errmsg(buffer: *mut u8, len: usize) -> i32;
            pub(in crate::sql) safe fn sql_changes() -> i64;
        }
    }

    pub(super) use host::{
        sql_changes as changes, sql_column_count as column_count, sql_finalize as finalize,
        sql_readonly as readonly, sql_reset as reset, sql_step as step,
    };

    pub(super) fn prepare(sql: &str) -> i64 {
        // SAFETY: the host reads these bytes only during the call.
        unsafe { host::sql_prepare(sql.as_ptr(), sql.len()) }
    }

    pub(super) fn bind(statement: i32, index: i32, record: &RecordBuffer) -> i32 {
        // SAFETY: the host reads the record, and the bytes it points to, only during the call.
        unsafe { host::sql_bind(statement, index, record) }
    }

    pub(super) fn column(
        statement: i32,
        column: i32,
        record: &mut RecordBuffer,
        buffer: &mut [u8],
    ) -> i32 {
        // SAFETY: the host writes the record and the buffer only during the call.
        unsafe { host::sql_column(statement, column, record, buffer.as_mut_ptr(), buffer.len()) }
    }

    pub(super) fn errmsg(buffer: &mut [u8]) -> i32 {
        // SAFETY: the host writes these bytes only during the call.
        unsafe { host::sql_errmsg(buffer.as_mut_ptr(), buffer.len()) }
    }
}

/// A native build has no database: `prepare` fails, so nothing reaches the other functions.
#[cfg(not(target_arch = "wasm32"))]
mod imports {
    use super::RecordBuffer;

    const MESSAGE: &[u8] = b"there is no database outside of WebAssembly";
    const ERROR: i32 = 1;

    pub(super) fn prepare(_: &str) -> i64 {
        (-ERROR).into()
    }

    pub(super) fn bind(_: i32, _: i32, _: &RecordBuffer) -> i32 {
        ERROR
    }

    pub(super) fn column(_: i32, _: i32, _: &mut RecordBuffer, _: &mut [u8]) -> i32 {
        ERROR
    }

    pub(super) fn step(_: i32) -> i32 {
        ERROR
    }

    pub(super) fn reset(_: i32) -> i32 {
        ERROR
    }

    pub(super) fn finalize(_: i32) -> i32 {
        ERROR
    }

    pub(super) fn column_count(_: i32) -> i32 {
        0
    }

    pub(super) fn readonly(_: i32) -> i32 {
        1
    }

    pub(super) fn changes() -> i64 {
        0
    }

    pub(super) fn errmsg(buffer: &mut [u8]) -> i32 {
        buffer[..MESSAGE.len()].copy_from_slice(MESSAGE);
        MESSAGE.len() as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natively_there_is_no_database() {
        let error = execute("SELECT 1", &[]).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (1, "there is no database outside of WebAssembly")
        );
    }
}
