//! The modules of tables that are registered with SQLite.

use std::sync::Arc;

use commensal_core::registry::TableEntry;

use crate::registered::Registered;

/// The modules that are registered.
#[derive(Default)]
pub(crate) struct TableSlots {
    /// The number of each slot, and the table that it was made for.
    pub(crate) registered: Registered<String, (usize, Arc<TableEntry>)>,
    /// How many numbers were given so far.
    pub(super) count: usize,
}
