//! The extension, compiled for this machine, in the SQLite that the facade embeds.
#![expect(unsafe_code, reason = "a loaded extension can do anything; these are SQLite's own")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use rusqlite::types::{Value as Rusqlite, ValueRef};

use crate::inputs::{Value, shown};
use crate::{Answer, package};

pub(crate) struct Native(Connection);

/// Compiles and loads it.
pub(crate) fn load(
    sources: &[PathBuf],
    options: &[String],
    entry: Option<&str>,
    folder: &Path,
) -> Native {
    let library = folder.join(sources[0].file_stem().unwrap()).with_extension("so");
    let status = Command::new("cc")
        .args(["-O2", "-DNDEBUG", "-fPIC", "-shared", "-w"])
        .args(options)
        .arg("-I")
        // The headers of the embedded SQLite.
        .arg(package("libsqlite3-sys").join("sqlite3"))
        .args(sources)
        .arg("-o")
        .arg(&library)
        .arg("-lm")
        .status()
        .unwrap();
    assert!(status.success(), "{sources:?} cannot be compiled natively");
    let connection = Connection::open_in_memory().unwrap();
    // SAFETY: the library is an extension for SQLite that was just built against this very SQLite.
    unsafe {
        connection.load_extension_enable().unwrap();
        connection.load_extension(&library, entry).unwrap();
    }
    Native(connection)
}

impl Native {
    pub(crate) fn ask(&self, sql: &str, values: &[Value]) -> Answer {
        self.rows(sql, values).map_err(|error| match error {
            rusqlite::Error::SqliteFailure(_, Some(message))
            | rusqlite::Error::SqlInputError { msg: message, .. } => message,
            error => error.to_string(),
        })
    }

    fn rows(&self, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let values = values.iter().map(|value| match value.clone() {
            Value::Null => Rusqlite::Null,
            Value::Integer(integer) => Rusqlite::Integer(integer),
            Value::Real(real) => Rusqlite::Real(real),
            Value::Text(text) => Rusqlite::Text(text),
            Value::Blob(blob) => Rusqlite::Blob(blob),
        });
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                answer.push(match row.get_ref(column)? {
                    ValueRef::Null => shown(&Value::Null),
                    ValueRef::Integer(integer) => shown(&Value::Integer(integer)),
                    ValueRef::Real(real) => shown(&Value::Real(real)),
                    ValueRef::Text(text) => {
                        shown(&Value::Text(String::from_utf8_lossy(text).into_owned()))
                    }
                    ValueRef::Blob(blob) => shown(&Value::Blob(blob.to_owned())),
                });
            }
        }
        Ok(answer)
    }
}
