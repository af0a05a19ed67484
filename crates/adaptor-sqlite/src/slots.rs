//! The functions that are registered with SQLite.

use std::collections::HashSet;

use commensal_core::manifest::FunctionKey;

use crate::form::Form;
use crate::registered::Registered;
use crate::replaced::Replaced;

/// The functions that are registered with SQLite.
#[derive(Default)]
pub(crate) struct FunctionSlots {
    /// Number and form of each.
    pub(crate) registered: Registered<FunctionKey, (usize, Form)>,
    /// How many numbers were given so far.
    pub(crate) count: usize,
    /// Numbers of slots that were destroyed. SQLite destroys none while a statement runs, so no
    /// statement has one of these bound.
    pub(crate) free: Vec<usize>,
    /// Deleted functions with a fixed number of arguments. SQLite keeps their places, and finds those
    /// before a variadic function of the same name.
    pub(crate) deleted: HashSet<FunctionKey>,
    /// Built-in functions that definitions replace.
    pub(crate) replaced: Replaced,
}

impl FunctionSlots {
    /// The names that are ours.
    pub(crate) fn names(&self) -> HashSet<String> {
        self.registered.names().into_iter().chain(self.replaced.gone()).collect()
    }

    /// Frees the number of a slot that was destroyed.
    pub(crate) fn destroyed(&mut self, number: usize, key: &FunctionKey) {
        self.free.push(number);
        self.registered.destroyed(key, |(slot, _)| *slot == number);
    }
}
