//! A flag that is up while something runs, and goes back at its end, even after a panic: a flag left up
//! would affect every later statement.

use std::cell::Cell;

/// Puts the flag back when it is dropped. It is up or down, or has one of several values.
pub(crate) struct Raised<'a, T: Copy = bool> {
    flag: &'a Cell<T>,
    before: T,
}

impl<'a> Raised<'a> {
    pub(crate) fn new(flag: &'a Cell<bool>) -> Self {
        Self::to(flag, true)
    }

    /// Whether the flag was up before.
    pub(crate) fn was_up(&self) -> bool {
        self.before
    }
}

impl<'a, T: Copy> Raised<'a, T> {
    /// Sets the flag to this value.
    pub(crate) fn to(flag: &'a Cell<T>, value: T) -> Self {
        Self { flag, before: flag.replace(value) }
    }
}

impl<T: Copy> Drop for Raised<'_, T> {
    fn drop(&mut self) {
        self.flag.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_panic_lowers_it() {
        let flag = Cell::new(false);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let raised = Raised::new(&flag);
            assert!(flag.get() && !raised.was_up());
            let within = Raised::new(&flag);
            assert!(within.was_up());
            drop(within);
            assert!(flag.get());
            panic!("meant");
        }));
        assert!(panicked.is_err() && !flag.get());
    }
}
