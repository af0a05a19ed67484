//! The connection as a program drives it. It tells statements of ours from the engine's.
//!
//! The dialect does not do that. It would have to return an engine's statement for each of ours, and ours
//! would then write within a function, which must not happen.

use std::sync::{Arc, Weak};

use commensal_core::engine::{EngineConnection, Interrupt, Prepared, SqlText};
use commensal_core::execute::OwnStatement;
use commensal_core::{Error, Result, ddl};
use turso_core::Connection;

use crate::connection::TursoConnection;
use crate::refusal;
use crate::statement::TursoStatement;

/// Stops a connection from other threads.
struct InterruptHandle(Weak<Connection>);

impl Interrupt for InterruptHandle {
    fn interrupt(&self) {
        if let Some(connection) = self.0.upgrade() {
            connection.interrupt();
        }
    }
}

impl EngineConnection for TursoConnection {
    fn prepare<'c>(&'c self, sql: &SqlText, offset: usize) -> Result<Prepared<'c>> {
        self.check_usable()?;
        let text = &sql.as_str()[offset..];
        let shift = |error: Error| error.shifted(offset);
        if let Some(parsed) = ddl::parse(text).map_err(shift)? {
            let next = offset + parsed.consumed;
            let statement = OwnStatement::new(Box::new(self), parsed, offset);
            return Ok((Some(Box::new(statement)), next));
        }
        let prepared = self.prepare_engine(text);
        let prepared =
            prepared.map_err(|error| refusal::explain(text, &self.state.registry(), error));
        match prepared.map_err(shift)? {
            Some((statement, consumed, running)) => {
                let statement = TursoStatement::new(self, statement, running);
                Ok((Some(Box::new(statement)), offset + consumed))
            }
            None => Ok((None, offset + text.len())),
        }
    }

    fn is_autocommit(&self) -> bool {
        self.state.connection.get_auto_commit()
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn last_insert_rowid(&self) -> i64 {
        self.rowid()
    }

    fn interrupt_handle(&self) -> Arc<dyn Interrupt> {
        Arc::new(InterruptHandle(Arc::downgrade(&self.state.connection)))
    }
}
