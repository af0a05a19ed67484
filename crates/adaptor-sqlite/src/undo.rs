//! Undoes a failed statement where SQLite would not.
//!
//! Within a transaction SQLite can undo a single statement only if it has kept a journal for it. It does so
//! for statements that it believes can fail after their first write. Reading a virtual table does not
//! count: `INSERT … SELECT` from one leaves the rows that it wrote before the table failed. So a statement
//! that writes and reads a guest's table runs in a savepoint.
//!
//! If something else ends a statement, it is for SQLite to undo it or not: `INSERT OR FAIL` and
//! `RAISE(FAIL)` keep the rows before the one that failed.

use commensal_core::Result;

use crate::state::ConnectionState;

/// The savepoint around one execution of a statement.
#[derive(Default)]
pub(crate) struct Undo {
    /// How often tables of guests had failed when the savepoint was set.
    open: Option<u64>,
}

impl Undo {
    /// Sets the savepoint, if a transaction is open. It cannot be set while another statement writes.
    pub(crate) fn begin(&mut self, state: &ConnectionState) {
        if !state.handle.is_autocommit() {
            let set = state.handle.execute("SAVEPOINT commensal_statement", &[]).is_ok();
            self.open = set.then(|| state.table_failures.get());
        }
    }

    /// Ends the savepoint, because the execution has ended with this result.
    pub(crate) fn end<T, E>(&mut self, state: &ConnectionState, result: &Result<T, E>) {
        let handle = state.handle;
        let Some(failures) = self.open.take() else { return };
        // An error that ended the transaction has also ended the savepoint.
        if handle.is_autocommit() {
            return;
        }
        if result.is_err() && failures != state.table_failures.get() {
            let _ = handle.execute("ROLLBACK TO commensal_statement", &[]);
        }
        // The first failure is reported; another one here changes nothing about that.
        let _ = handle.execute("RELEASE commensal_statement", &[]);
    }
}
