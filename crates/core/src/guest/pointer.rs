//! Pointers of guests: NULLs of SQL, behind each of which a guest keeps something of its own
//! ([`sqlite3_result_pointer`](https://www.sqlite.org/c3ref/result_blob.html)).
//!
//! SQL may be done with one at any time, also while its instance runs. So that is noted, and the guest
//! is told later (`pointers.rs`).

use std::sync::{Arc, Mutex, PoisonError};

use crate::runtime::{FunctionId, StatementBudget};

/// What a guest calls a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) ty: u32,
    pub(super) payload: u64,
}

/// What SQL is done with.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Vec<Name>>);

impl Waiting {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Name>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pointer of an instance that SQL holds. SQL is done with it when this is dropped.
#[derive(Debug)]
pub struct Pointer {
    pub(super) name: Name,
    pub(super) instance: Arc<Waiting>,
}

impl Pointer {
    /// What it is as an argument.
    pub fn sent(&self) -> SentPointer {
        SentPointer { name: self.name, instance: Arc::as_ptr(&self.instance).addr() }
    }
}

impl Drop for Pointer {
    fn drop(&mut self) {
        self.instance.lock().push(self.name);
    }
}

/// A pointer on its way to an instance, during a call: NULL to all but the one that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentPointer {
    name: Name,
    instance: usize,
}

impl SentPointer {
    /// Type and number, if it comes from this instance.
    pub(super) fn received(self, instance: usize) -> Option<(u32, u64)> {
        (self.instance == instance).then_some((self.name.ty, self.name.payload))
    }
}

/// What an instance has to do with pointers, once it has made one.
pub(super) struct Pointers {
    pub(super) waiting: Arc<Waiting>,
    /// `commensal_pointer_drop`, if the guest has it.
    pub(super) drop: Option<FunctionId>,
    pub(super) budget: StatementBudget,
}
