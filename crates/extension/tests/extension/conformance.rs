//! The shared cases through the extension. `docs/extension.md` says how a driver runs them.

use std::path::{Path, PathBuf};

use commensal::core::ddl;
use commensal::{Error, Result, Value, ValueRef};
use commensal_conformance::{Answer, Database, Target, run_on};

use crate::build::{extension, tree};
use crate::connection::{Connection, Statement};
use crate::library::{Library, libraries};

struct Extension(&'static Library);

impl Target for Extension {
    fn engine_name(&self) -> &str {
        "sqlite"
    }

    fn runtime_name(&self) -> Option<&str> {
        Some("wasmtime")
    }

    fn open<'t>(&'t self, database: &Path, folder: &Path) -> Result<Box<dyn Database + 't>> {
        Ok(Box::new(File(self.0, database.to_owned(), folder.to_owned())))
    }
}

/// A file, with the folder of its cases.
struct File(&'static Library, PathBuf, PathBuf);

impl Database for File {
    fn connect(&self) -> Result<Box<dyn commensal_conformance::Connection>> {
        let connection = Connection::bare(self.0, &self.1);
        connection.load(extension(), Some("sqlite3_commensal_config_init")).unwrap();
        let sql = "SELECT wasm_config('file_base', ?), \
                   wasm_config('allow', 'sql_read,sql_write'), wasm_config('locked', 1)";
        connection.query(sql, &[ValueRef::Text(self.2.to_str().unwrap())])?;
        Ok(Box::new(connection))
    }
}

impl commensal_conformance::Connection for Connection {
    fn run(&mut self, sql: &str) -> Result<Answer> {
        self.run_all(sql).map_err(|error| match error.engine_code() {
            Some(SQLITE_INTERRUPT) => self.explain(error),
            _ => error,
        })
    }
}

const SQLITE_INTERRUPT: i32 = 9;

impl Connection {
    /// The error of the collation that interrupted a statement.
    fn explain(&self, error: Error) -> Error {
        match self.value("SELECT wasm_error()") {
            Ok(Value::Text(message)) => Error::new(error.kind(), message),
            _ => error,
        }
    }

    fn run_all(&mut self, mut sql: &str) -> Result<Answer> {
        let mut answer = None;
        while !sql.is_empty() {
            let rest = match ddl::parse(sql) {
                Ok(Some(parsed)) if parsed.statement == ddl::Statement::CacheSize(None) => {
                    let names = "SELECT wasm_config('cache_bytes_used') AS used, \
                                 wasm_config('cache_bytes_max') AS maximum";
                    answer = Some(Answer::Rows { columns: 2, rows: self.query(names, &[])? });
                    &sql[parsed.consumed..]
                }
                Ok(None) => self.run_first(sql, &mut answer)?,
                ours => {
                    let end = ours.map_or(sql.len(), |parsed| parsed.unwrap().consumed);
                    self.exec(&sql[..end], &[])?;
                    // Between statements, SQLite can be told what no longer exists.
                    self.query("SELECT 1 FROM wasm_functions LIMIT 0", &[])?;
                    &sql[end..]
                }
            };
            sql = rest;
        }
        Ok(answer.unwrap_or_else(|| Answer::Changes(self.changes().unsigned_abs())))
    }

    /// Runs the first statement of a text, which is SQLite's. Returns the rest of the text.
    fn run_first<'s>(&self, sql: &'s str, answer: &mut Option<Answer>) -> Result<&'s str> {
        let prepared = match self.prepare_first(sql) {
            Err(error) if is_about_a_name(&error) => {
                self.query("SELECT wasm_refresh()", &[])?;
                self.prepare_first(sql)
            }
            prepared => prepared,
        };
        let (statement, rest) = prepared?;
        if let Some(mut statement) = statement {
            let columns = statement.column_count();
            let rows = if self.is_autocommit() || statement.is_readonly() {
                all_rows(&mut statement)?
            } else {
                self.undone_on_failure(|| all_rows(&mut statement))?
            };
            if columns > 0 {
                *answer = Some(Answer::Rows { columns: columns.unsigned_abs() as usize, rows });
            }
        }
        Ok(rest)
    }

    /// Within a transaction, SQLite does not undo every statement that a table fails.
    fn undone_on_failure<T>(&self, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.batch("SAVEPOINT driver")?;
        let result = run();
        let end = match &result {
            Ok(_) => "RELEASE driver",
            Err(_) => "ROLLBACK TO driver; RELEASE driver",
        };
        // The failure may have ended the transaction, and the savepoint with it.
        let ended = self.batch(end);
        result.and_then(|value| ended.map(|()| value))
    }
}

/// Runs a statement to its end.
fn all_rows(statement: &mut Statement<'_>) -> Result<Vec<Vec<Value>>> {
    let columns = statement.column_count();
    let mut rows = Vec::new();
    while statement.step()? {
        rows.push((0..columns).map(|i| statement.column(i)).collect());
    }
    Ok(rows)
}

fn is_about_a_name(error: &Error) -> bool {
    [
        "no such function",
        "wrong number of arguments to function",
        "no such table",
        "no such collation sequence",
    ]
    .iter()
    .any(|text| error.message().starts_with(text))
}

#[test]
fn the_shared_cases() {
    let folder = std::fs::read_dir(tree().join("conformance")).unwrap();
    let mut files: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "slt"))
        .collect();
    files.sort();
    assert!(files.len() > 30, "{files:?}");
    let mut failed = String::new();
    for library in libraries() {
        let mut report = Vec::new();
        let summary = run_on(&files, &Extension(library), true, &mut report).unwrap();
        println!("SQLite {}: {summary:?}", library.version());
        assert!(summary.passed > 1000, "{summary:?}");
        if summary.failed > 0 {
            failed += &format!("{}\n{}", library.version(), String::from_utf8_lossy(&report));
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
