//! The place in a statement where a scalar function is called, and the numbers that an engine keeps there for a
//! guest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The numbers that were dropped and that an instance must be told of, in the order of dropping.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<VecDeque<i64>>);

impl Waiting {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that is kept for an instance. Dropping this drops the number.
#[derive(Debug)]
pub struct Auxiliary {
    pub(super) number: i64,
    pub(super) instance: Arc<Waiting>,
}

impl Auxiliary {
    /// The number as it is sent to an instance that asks for it.
    pub fn sent(&self) -> SentAuxiliary {
        SentAuxiliary { number: self.number, instance: Arc::as_ptr(&self.instance).addr() }
    }
}

impl Drop for Auxiliary {
    fn drop(&mut self) {
        self.instance.lock().push_back(self.number);
    }
}

/// A number on its way to a guest. It means nothing to instances other than the one that set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAuxiliary {
    pub(super) number: i64,
    pub(super) instance: usize,
}

/// The place in a statement where a scalar function is called. Used while the call runs, on its thread.
pub trait CallSite {
    /// The number that is kept for an argument, from 0.
    fn get(&self, argument: i32) -> Option<SentAuxiliary>;

    /// Keeps this for an argument and replaces what was kept, or drops it at once.
    fn set(&self, argument: i32, auxiliary: Option<Auxiliary>);
}
