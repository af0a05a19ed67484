//! Undoing a failed statement where SQLite would not.
//!
//! Within a transaction SQLite can undo a single statement only if it has kept a journal for it, which
//! it does for statements that it believes can fail after their first write. Reading a virtual table is
//! not among the reasons: `INSERT … SELECT` from one leaves the rows that it wrote before the table
//! failed. So a statement that writes and reads a guest's table runs in a savepoint.
//!
//! What else ends a statement is SQLite's to undo, or not: `INSERT OR FAIL` and `RAISE(FAIL)` keep the
//! rows before the one that failed.

use commensal_core::Result;

use crate::state::ConnectionState;

/// The savepoint around one execution of a statement.
#[derive(Default)]
pub(crate) struct Undo {
    /// With the savepoint set: how often tables of guests had failed before.
    open: Option<u64>,
}

impl Undo {
    /// Sets the savepoint, if a transaction is open. Another statement that writes at the same time
    /// keeps it from being set.
    pub(crate) fn begin(&mut self, state: &ConnectionState) {
        if !state.handle.is_autocommit() {
            let set = state.handle.execute("SAVEPOINT commensal_statement", &[]).is_ok();
            self.open = set.then(|| state.table_failures.get());
        }
    }

    /// The execution has ended, in this way.
    pub(crate) fn end<T, E>(&mut self, state: &ConnectionState, result: &Result<T, E>) {
        let handle = state.handle;
        let Some(failures) = self.open.take() else { return };
        // An error that ended the transaction has ended the savepoint.
        if handle.is_autocommit() {
            return;
        }
        if result.is_err() && failures != state.table_failures.get() {
            let _ = handle.execute("ROLLBACK TO commensal_statement", &[]);
        }
        // What failed is reported; another failure here changes nothing about that.
        let _ = handle.execute("RELEASE commensal_statement", &[]);
    }
}
