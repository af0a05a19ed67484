//! The connection as the core reads the catalog from it.
//!
//! The engine reads a whole row, with all its values, before it looks at one. So a row as large as the file
//! takes as much memory, whatever is asked of it. What is copied out of it is limited.

use commensal_core::catalog::{CatalogReader, TableColumn, Values};
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::{Connection, NamespaceId};

use crate::state::ConnectionState;

/// See the module's description.
pub(crate) struct Reader<'a>(pub(crate) &'a ConnectionState);

impl CatalogReader for Reader<'_> {
    fn query(
        &self,
        sql: &str,
        parameters: &[ValueRef<'_>],
        row: &mut dyn FnMut(Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        self.0.query(sql, parameters, row)
    }

    fn columns(&self, schema: &str, table: &str) -> Result<Vec<TableColumn>> {
        if schema != "main" {
            let message = format!("Turso does not tell the columns of the schema {schema}");
            return Err(Error::new(ErrorKind::Engine, message));
        }
        // The statement that found the table brought the schema up to date.
        let schema = self.0.connection.current_schema();
        let Some(table) = schema.get_btree_table(NamespaceId::ROOT, table) else {
            let message = format!("the table {table} is not in the engine's schema");
            return Err(Error::new(ErrorKind::Engine, message));
        };
        let column = |column: &turso_core::schema::Column| TableColumn {
            name: column.name.clone().unwrap_or_default(),
            ordinary: table.has_rowid && !column.is_generated(),
        };
        Ok(table.columns().iter().map(column).collect())
    }
}

/// Whether the connection's schema in memory has the catalog's tables, as tables.
pub(crate) fn has_tables(connection: &Connection) -> bool {
    const TABLES: [&str; 3] = ["commensal_meta", "commensal_module", "commensal_object"];
    let schema = connection.current_schema();
    TABLES.iter().all(|table| schema.get_btree_table(NamespaceId::ROOT, table).is_some())
}
