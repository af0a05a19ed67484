//! Pointers of guests: NULLs in SQL that stand for objects which a guest keeps
//! ([`sqlite3_result_pointer`](https://www.sqlite.org/c3ref/result_blob.html)).
//!
//! SQL may drop a pointer at any time, even while its instance runs. That is recorded, and the guest is told
//! later (`pointers.rs`).

use std::sync::{Arc, Mutex, PoisonError};

use crate::runtime::{FunctionId, StatementBudget};

/// A guest's name for a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) ty: u32,
    pub(super) payload: u64,
}

/// The pointers that SQL has dropped.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Vec<Name>>);

impl Waiting {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Name>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pointer of an instance that SQL holds. Dropping this means that SQL no longer uses it.
#[derive(Debug)]
pub struct Pointer {
    pub(super) name: Name,
    pub(super) instance: Arc<Waiting>,
}

impl Pointer {
    /// The pointer as an argument.
    pub fn sent(&self) -> SentPointer {
        SentPointer { name: self.name, instance: Arc::as_ptr(&self.instance).addr() }
    }
}

impl Drop for Pointer {
    fn drop(&mut self) {
        self.instance.lock().push(self.name);
    }
}

/// A pointer on its way to an instance, during a call. It is NULL to all instances but its own.
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

/// The state of an instance's pointers, once it has made one.
pub(super) struct Pointers {
    pub(super) waiting: Arc<Waiting>,
    /// `commensal_pointer_drop`, if the guest has it.
    pub(super) drop: Option<FunctionId>,
    pub(super) budget: StatementBudget,
}
