//! Which threads are not SQLite's own.
//!
//! SQLite's sorter starts threads (`PRAGMA threads`), on which it compares and does nothing else. What
//! belongs to the connection must not be touched there: the thread that has the connection may use it
//! at the same time. SQLite tells nobody which thread it is on, and its current limit of threads says
//! nothing of a sort that began under another.
//!
//! So a thread is known not to be the sorter's once something happened on it that never happens there:
//! a connection was opened, a statement began, a function was called. A thread on which nothing of
//! that kind ever happened is taken for one of the sorter: comparisons there use the definition that
//! is known, and look for no newer one.

use std::cell::Cell;

thread_local! {
    static IS_KNOWN: Cell<bool> = const { Cell::new(false) };
}

/// The running thread does what the sorter's threads never do.
#[inline]
pub(crate) fn is_not_the_sorters() {
    IS_KNOWN.set(true);
}

/// Whether the running thread may be one of the sorter.
#[inline]
pub(crate) fn may_be_the_sorters() -> bool {
    !IS_KNOWN.get()
}
