//! A connection as sqllogictest sees it.

use commensal::core::engine::SqlText;
use commensal::{Connection, Engine, Error, Statement, StorageClass};
use sqllogictest::{DB, DBOutput};

use crate::value::{Type, text};

pub(crate) struct Session {
    connection: Connection,
    engine: Engine,
}

impl Session {
    pub(crate) fn new(connection: Connection, engine: Engine) -> Self {
        Self { connection, engine }
    }
}

impl DB for Session {
    type Error = Error;
    type ColumnType = Type;

    fn run(&mut self, sql: &str) -> Result<DBOutput<Type>, Error> {
        let text = SqlText::new(sql)?;
        let mut output = None;
        let mut offset = 0;
        while offset < sql.len() {
            let (statement, end) = self.connection.prepare_at(&text, offset)?;
            offset = end;
            if let Some(mut statement) = statement
                && let Some(rows) = run(&mut statement)?
            {
                output = Some(rows);
            }
        }
        Ok(output.unwrap_or_else(|| DBOutput::StatementComplete(self.connection.changes())))
    }

    fn engine_name(&self) -> &str {
        self.engine.name()
    }
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
