//! Which threads are not SQLite's own.
//!
//! SQLite's sorter starts threads (`PRAGMA threads`), on which it only compares. What belongs to the
//! connection must not be touched there, because the thread that has the connection may use it at the same
//! time. SQLite tells nobody which thread it is on, and its current limit of threads says nothing of a sort
//! that began under another.
//!
//! So a thread is known not to be the sorter's once something happened on it that never happens there: a
//! connection was opened, a statement began, a function was called. Any other thread is taken for one of
//! the sorter. Comparisons there use the definition that is known and look for no newer one.

use std::cell::Cell;

thread_local! {
    static IS_KNOWN: Cell<bool> = const { Cell::new(false) };
}

/// Notes that the running thread does what the sorter's threads never do.
#[inline]
pub(crate) fn is_not_the_sorters() {
    IS_KNOWN.set(true);
}

/// Whether the running thread may be one of the sorter.
#[inline]
pub(crate) fn may_be_the_sorters() -> bool {
    !IS_KNOWN.get()
}
