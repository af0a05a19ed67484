//! A connection as sqllogictest sees it.

use commensal::{Error, StorageClass};
use sqllogictest::{DB, DBOutput};

use crate::target::{Answer, Connection};
use crate::value::{Type, text};

pub(crate) struct Session {
    connection: Box<dyn Connection>,
    engine: String,
}

impl Session {
    pub(crate) fn new(connection: Box<dyn Connection>, engine: &str) -> Self {
        Self { connection, engine: engine.to_owned() }
    }
}

impl DB for Session {
    type Error = Error;
    type ColumnType = Type;

    fn run(&mut self, sql: &str) -> Result<DBOutput<Type>, Error> {
        let (columns, values) = match self.connection.run(sql)? {
            Answer::Changes(changes) => return Ok(DBOutput::StatementComplete(changes)),
            Answer::Rows { columns, rows } => (columns, rows),
        };
        let mut types = vec![Type::Class(StorageClass::Null); columns];
        let mut rows = Vec::with_capacity(values.len());
        for values in values {
            for (kind, value) in types.iter_mut().zip(&values) {
                *kind = kind.with(value.as_ref());
            }
            rows.push(values.iter().map(|value| text(value.as_ref())).collect());
        }
        Ok(DBOutput::Rows { types, rows })
    }

    fn engine_name(&self) -> &str {
        &self.engine
    }
}
