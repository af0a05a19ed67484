//! The place in a statement where a scalar function is called, and what an engine keeps there for a guest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What an instance is to be told of, in the order in which it went.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<VecDeque<i64>>);

impl Waiting {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that is kept for an instance. It goes when this is dropped.
#[derive(Debug)]
pub struct Auxiliary {
    pub(super) number: i64,
    pub(super) instance: Arc<Waiting>,
}

impl Auxiliary {
    /// What an instance is told that asks for it.
    pub fn sent(&self) -> SentAuxiliary {
        SentAuxiliary { number: self.number, instance: Arc::as_ptr(&self.instance).addr() }
    }
}

impl Drop for Auxiliary {
    fn drop(&mut self) {
        self.instance.lock().push_back(self.number);
    }
}

/// A number on its way to a guest: nothing to all instances but the one that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAuxiliary {
    pub(super) number: i64,
    pub(super) instance: usize,
}

/// The place in a statement where a scalar function is called. Used while the call runs, on its thread.
pub trait CallSite {
    /// What is kept for an argument, from 0.
    fn get(&self, argument: i32) -> Option<SentAuxiliary>;

    /// Keeps this for an argument in place of what there was, or drops it at once.
    fn set(&self, argument: i32, auxiliary: Option<Auxiliary>);
}
