//! Keeps SQLite's sorter from starting threads, on which collations could not be looked up again.

use std::ffi::c_int;

use crate::api::code::SQLITE_LIMIT_WORKER_THREADS;
use crate::statement::Handle;

/// Sorters that begin while this lives sort on the thread of their statement.
pub(crate) struct SortsAlone {
    handle: Handle,
    /// The limit on threads before.
    before: c_int,
}

impl SortsAlone {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle, before: limit(handle, 0) }
    }
}

impl Drop for SortsAlone {
    fn drop(&mut self) {
        limit(self.handle, self.before);
    }
}

/// Whether the connection's sorters may start threads.
pub(crate) fn may_have_threads(handle: Handle) -> bool {
    limit(handle, -1) > 0
}

/// Sets the limit on threads, unless `value` is negative. Returns the limit before.
fn limit(handle: Handle, value: c_int) -> c_int {
    // SAFETY: the connection is open, and only its own thread gets here.
    unsafe { (handle.api.sqlite3_limit)(handle.db(), SQLITE_LIMIT_WORKER_THREADS, value) }
}
