//! The introspection tables as native modules of the engine, in every database that is opened with
//! our dialect. A scan works on rows copied when it starts.

use std::sync::Arc;

use commensal_core::ddl::quote_identifier;
use commensal_core::introspect::{TABLES, Table};
use turso_core::native_ext::{
    ConstraintInfo, ConstraintUsage, IndexInfo, OrderByInfo, VTabKind, VirtualTable,
    VirtualTableCursor, VirtualTableModule,
};
use turso_core::types::IOResultOr;
use turso_core::{Connection, IOResult, LimboError, OpenOptions, Result, Value};

use crate::{running, value};

/// Adds the tables.
pub(crate) fn register(options: OpenOptions) -> OpenOptions {
    TABLES.iter().fold(options, |options, table| {
        options.native_module(table.name, VTabKind::TableValuedFunction, Module(table))
    })
}

/// One of the tables, as module and as table.
#[derive(Clone, Copy)]
struct Module(&'static Table);

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl VirtualTableModule for Module {
    type Table = Self;

    fn schema(&self, _: &[Value]) -> Result<String> {
        let columns: Vec<String> = self
            .0
            .columns
            .iter()
            .map(|(name, ty)| format!("{} {ty}", quote_identifier(name)))
            .collect();
        Ok(format!("CREATE TABLE {}({})", self.0.name, columns.join(", ")))
    }

    fn create(&self, _: &[Value]) -> Result<Self> {
        Ok(*self)
    }

    fn innocuous(&self) -> bool {
        true
    }
}

impl VirtualTable for Module {
    type Cursor = IntrospectionCursor;

    fn open(&self, _: Arc<Connection>) -> Result<IntrospectionCursor> {
        Ok(IntrospectionCursor { table: self.0, rows: Vec::new(), row: 0 })
    }

    fn best_index(
        &self,
        constraints: &[ConstraintInfo],
        _: &[OrderByInfo],
    ) -> Result<IndexInfo, turso_ext::ResultCode> {
        let usage = |_: &ConstraintInfo| ConstraintUsage { argv_index: None, omit: false };
        Ok(IndexInfo {
            idx_num: 0,
            idx_str: None,
            order_by_consumed: false,
            estimated_cost: 1000.0,
            estimated_rows: 100,
            constraint_usages: constraints.iter().map(usage).collect(),
        })
    }
}

struct IntrospectionCursor {
    table: &'static Table,
    rows: Vec<Vec<Value>>,
    row: usize,
}

impl IntrospectionCursor {
    /// The rows now, from the snapshot of the statement that asks.
    fn read(&self) -> Result<Vec<Vec<Value>>, Box<LimboError>> {
        // Without a statement the engine reads for itself, and there is nothing to show.
        let Some(mut running) = running::take() else { return Ok(Vec::new()) };
        let registry = running.registry().map_err(|error| running.fail(error));
        let environment = Arc::clone(&running.state.environment);
        running::put(running);
        let rows = (self.table.rows)(&*registry?, &environment);
        let row = |row: Vec<commensal_core::Value>| {
            row.iter().map(|column| value::owned(column.as_ref(), 0)).collect()
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl VirtualTableCursor for IntrospectionCursor {
    fn filter(&mut self, _: &[Value], _: Option<&str>, _: i32) -> IOResultOr<bool> {
        self.rows = self.read()?;
        self.row = 0;
        Ok(IOResult::Done(!self.rows.is_empty()))
    }

    fn next(&mut self) -> IOResultOr<bool> {
        self.row += 1;
        Ok(IOResult::Done(self.row < self.rows.len()))
    }

    fn column(&mut self, column: usize) -> IOResultOr<Value> {
        let value = self.rows.get(self.row).and_then(|row| row.get(column)).cloned();
        value.map(IOResult::Done).ok_or_else(|| {
            Box::new(LimboError::InternalError("a column that the table has not".to_owned()))
        })
    }

    fn rowid(&self) -> i64 {
        i64::try_from(self.row).unwrap_or(i64::MAX)
    }
}
