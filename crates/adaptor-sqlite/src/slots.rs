//! The functions that are registered with SQLite.

use std::collections::HashSet;

use commensal_core::manifest::FunctionKey;

use crate::form::Form;
use crate::registered::Registered;

/// The functions that are registered with SQLite.
#[derive(Default)]
pub(crate) struct FunctionSlots {
    /// Number and form of each.
    pub(crate) registered: Registered<FunctionKey, (usize, Form)>,
    /// Numbers given so far.
    pub(crate) count: usize,
    /// Numbers of slots that were destroyed. SQLite destroys none while a statement runs, so no
    /// statement has one of these bound.
    pub(crate) free: Vec<usize>,
    /// Functions of a fixed number of arguments that were deleted. SQLite keeps their places, and finds
    /// those rather than a variadic function of the name.
    pub(crate) deleted: HashSet<FunctionKey>,
}

impl FunctionSlots {
    /// A slot was destroyed.
    pub(crate) fn destroyed(&mut self, number: usize, key: &FunctionKey) {
        self.free.push(number);
        self.registered.destroyed(key, |(slot, _)| *slot == number);
    }
}
