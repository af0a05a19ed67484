//! The facade as a target, used as an application in Rust uses it.

use std::path::{Path, PathBuf};

use commensal::core::engine::SqlText;
use commensal::{Feature, FileAccess, Result, Statement};

use crate::Options;
use crate::target::{Answer, Connection, Database, Labels, Target};
use crate::walk::Driver;

impl Target for Options {
    fn engine_name(&self) -> &str {
        self.engine.name()
    }

    fn runtime_name(&self) -> Option<&str> {
        self.runtime.as_ref().map(|runtime| runtime.name())
    }

    fn lacks(&self) -> Labels {
        let has = self.engine.features();
        Feature::ALL.iter().copied().filter(|feature| !has.contains(feature)).collect()
    }

    fn open<'t>(&'t self, database: &Path, folder: &Path) -> Result<Box<dyn Database + 't>> {
        Ok(Box::new(self.open_database(database, folder)?))
    }
}

impl Options {
    /// The file, opened with these options.
    pub(crate) fn open_database(
        &self,
        database: &Path,
        folder: &Path,
    ) -> Result<commensal::Database> {
        let base = Some(folder.to_owned()).filter(|base| *base != PathBuf::new());
        let mut options = commensal::Options::new()
            .engine(self.engine)
            .limits(self.limits.clone())
            .grant(self.capabilities)
            .guard_pages(self.guard_pages)
            .file_access(FileAccess::Any { base });
        if let Some(runtime) = &self.runtime {
            options = options.runtime(runtime.clone());
        }
        commensal::Database::open(database, options)
    }
}

impl Database for commensal::Database {
    fn connect(&self) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.connect()?))
    }
}

impl Connection for commensal::Connection {
    fn run(&mut self, sql: &str) -> Result<Answer> {
        let text = SqlText::new(sql)?;
        let mut answer = None;
        let mut offset = 0;
        while offset < sql.len() {
            let (statement, end) = self.prepare_at(&text, offset)?;
            offset = end;
            if let Some(mut statement) = statement
                && let Some(rows) = run(&mut statement)?
            {
                answer = Some(rows);
            }
        }
        Ok(answer.unwrap_or_else(|| Answer::Changes(self.changes())))
    }
}

impl Driver for commensal::Connection {
    type Prepared<'c> = Statement<'c>;

    fn execute(&self, sql: &str) -> Result<()> {
        self.execute(sql, ()).map(drop)
    }

    fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        self.prepare(sql)
    }

    fn integer(prepared: &mut Statement<'_>) -> Result<i64> {
        let mut rows = prepared.query(())?;
        rows.next()?.map_or(Ok(i64::MIN), |row| row.get(0))
    }
}

/// Runs a statement to its end, and returns the rows if it has columns.
fn run(statement: &mut Statement<'_>) -> Result<Option<Answer>> {
    let columns = statement.column_count();
    let mut rows = Vec::new();
    while statement.step()? {
        let row: Result<_> = (0..columns)
            .map(|column| statement.column(column).map(|value| value.to_owned()))
            .collect();
        rows.push(row?);
    }
    Ok((columns > 0).then_some(Answer::Rows { columns, rows }))
}
