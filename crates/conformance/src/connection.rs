//! A connection as sqllogictest sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commensal::core::engine::SqlText;
use commensal::{Connection, Error, Statement, StorageClass};
use sqllogictest::{DB, DBOutput};

use crate::stage::Stage;
use crate::value::{Type, text};

/// One of the connections of a file.
pub(crate) struct Session {
    stage: Arc<Mutex<Stage>>,
    number: usize,
}

impl Session {
    /// Takes a new connection.
    pub(crate) fn new(stage: &Arc<Mutex<Stage>>) -> Result<Self, Error> {
        let number = lock(stage).add()?;
        Ok(Self { stage: Arc::clone(stage), number })
    }
}

pub(crate) fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DB for Session {
    type Error = Error;
    type ColumnType = Type;

    fn run(&mut self, sql: &str) -> Result<DBOutput<Type>, Error> {
        run_all(lock(&self.stage).connection(self.number)?, sql)
    }

    fn engine_name(&self) -> &str {
        // The engines' names are labels of the runner.
        ""
    }
}

fn run_all(connection: &Connection, sql: &str) -> Result<DBOutput<Type>, Error> {
    let text = SqlText::new(sql)?;
    let mut output = None;
    let mut offset = 0;
    while offset < sql.len() {
        let (statement, end) = connection.prepare_at(&text, offset)?;
        offset = end;
        if let Some(mut statement) = statement
            && let Some(rows) = run(&mut statement)?
        {
            output = Some(rows);
        }
    }
    Ok(output.unwrap_or_else(|| DBOutput::StatementComplete(connection.changes())))
}

/// Runs a statement to its end; the rows, if it has columns.
fn run(statement: &mut Statement<'_>) -> Result<Option<DBOutput<Type>>, Error> {
    let columns = statement.column_count();
    let mut types = vec![Type::Class(StorageClass::Null); columns];
    let mut rows = Vec::new();
    while statement.step()? {
        let mut row = Vec::with_capacity(columns);
        for (column, kind) in types.iter_mut().enumerate() {
            let value = statement.column(column)?;
            *kind = kind.with(value);
            row.push(text(value));
        }
        rows.push(row);
    }
    Ok((columns > 0).then_some(DBOutput::Rows { types, rows }))
}
