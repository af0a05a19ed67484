//! One table of a connection, whatever kind it is.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::ddl::quote_identifier;
use commensal_core::manifest::Column;
use commensal_core::registry::{Registry, TableEntry};

use crate::state::ConnectionState;

/// What SQLite keeps for a registered module.
pub(super) struct TableSlot {
    pub(super) state: Rc<ConnectionState>,
    pub(super) number: usize,
    /// In ASCII lower case.
    pub(super) key: String,
}

pub(super) fn usable<'r>(registry: &'r Registry, key: &str) -> Option<&'r Arc<TableEntry>> {
    registry.table(key).filter(|entry| !entry.shadowed)
}

/// The definition of a column for `sqlite3_declare_vtab`.
pub(super) fn column_definition(column: &Column) -> String {
    let ty = column.class.map(|class| format!(" {class}")).unwrap_or_default();
    let hidden = if column.hidden { " HIDDEN" } else { "" };
    format!("{}{ty}{hidden}", quote_identifier(&column.name))
}
