//! Undoing a failed statement where SQLite would not.
//!
//! Within a transaction SQLite can undo a single statement only if it has kept a journal for it, which
//! it does for statements that it believes can fail after their first write. Reading a virtual table is
//! not among the reasons: `INSERT … SELECT` from one leaves the rows that it wrote before the table
//! failed. So a statement that writes and reads a guest's table runs in a savepoint.

use commensal_core::Result;

use crate::statement::Handle;

/// The savepoint around one execution of a statement.
#[derive(Default)]
pub(crate) struct Undo {
    open: bool,
}

impl Undo {
    /// Sets the savepoint, if a transaction is open. Another statement that writes at the same time
    /// keeps it from being set.
    pub(crate) fn begin(&mut self, handle: Handle) {
        if !handle.is_autocommit() {
            self.open = handle.execute("SAVEPOINT commensal_statement", &[]).is_ok();
        }
    }

    /// The execution has ended, in this way.
    pub(crate) fn end<T, E>(&mut self, handle: Handle, result: &Result<T, E>) {
        // An error that ended the transaction has ended the savepoint.
        if !std::mem::take(&mut self.open) || handle.is_autocommit() {
            return;
        }
        if result.is_err() {
            let _ = handle.execute("ROLLBACK TO commensal_statement", &[]);
        }
        // What failed is reported; another failure here changes nothing about that.
        let _ = handle.execute("RELEASE commensal_statement", &[]);
    }
}
