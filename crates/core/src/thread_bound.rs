//! Values that never leave the thread that made them, with handles that can.
//!
//! Some engines work on one thread only: V8 through N-API, the `WebAssembly` object of a browser. Their values
//! may not even be dropped elsewhere. But a connection moves between threads, and a thread that makes room in a
//! cache drops instances of others. So such values stay with their thread, and only a handle moves. On its own
//! thread the handle gives access to the value, on any other it returns an error. A handle that is dropped
//! elsewhere leaves a note. The thread drops the value when it next makes or drops one, or when it ends.
//!
//! An access costs a look-up of the thread's values, an index and a type check.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::fault::Fault;

/// The values of one thread.
struct Here {
    thread: Arc<Thread>,
    values: RefCell<Values>,
}

#[derive(Default)]
struct Values {
    by_index: Vec<Option<Rc<dyn Any>>>,
    vacant: Vec<usize>,
}

/// The part of a thread that other threads know. Its address is its identity.
#[derive(Default)]
struct Thread {
    /// Values whose handles were dropped on other threads.
    given_up: Mutex<Vec<usize>>,
}

thread_local! {
    static HERE: Here = Here { thread: Arc::default(), values: RefCell::default() };
}

impl Here {
    /// Drops the values whose handles were dropped on other threads.
    fn tidy(&self) {
        let given_up = std::mem::take(
            &mut *self.thread.given_up.lock().unwrap_or_else(PoisonError::into_inner),
        );
        for index in given_up {
            self.forget(index);
        }
    }

    fn keep(&self, value: Rc<dyn Any>) -> usize {
        let mut values = self.values.borrow_mut();
        match values.vacant.pop() {
            Some(index) => {
                values.by_index[index] = Some(value);
                index
            }
            None => {
                values.by_index.push(Some(value));
                values.by_index.len() - 1
            }
        }
    }

    fn forget(&self, index: usize) {
        let value = {
            let mut values = self.values.borrow_mut();
            values.vacant.push(index);
            values.by_index[index].take()
        };
        // Dropped while nothing is borrowed, because it may own handles itself.
        drop(value);
    }

    fn find(&self, index: usize) -> Option<Rc<dyn Any>> {
        self.values.borrow().by_index.get(index)?.clone()
    }
}

/// A handle of a value that stays on the thread that made it.
pub struct ThreadBound<T> {
    thread: Arc<Thread>,
    index: usize,
    /// The value is not in here, so it does not matter whether it could move.
    value: PhantomData<fn() -> T>,
}

impl<T: 'static> ThreadBound<T> {
    /// Binds a value to the current thread.
    pub fn new(value: T) -> Self {
        HERE.with(|here| {
            here.tidy();
            let index = here.keep(Rc::new(value));
            Self { thread: Arc::clone(&here.thread), index, value: PhantomData }
        })
    }

    /// Lends the value to `body`, which may use other values of the thread and this one again.
    ///
    /// # Errors
    /// The current thread is another one.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(&T) -> R) -> Result<R, OtherThread> {
        let value = HERE.try_with(|here| match Arc::ptr_eq(&self.thread, &here.thread) {
            true => here.find(self.index),
            false => None,
        });
        let value = value.ok().flatten().and_then(|value| value.downcast::<T>().ok());
        Ok(body(&*value.ok_or(OtherThread)?))
    }
}

impl<T> ThreadBound<T> {
    /// Whether the value belongs to the current thread.
    pub fn is_here(&self) -> bool {
        HERE.try_with(|here| Arc::ptr_eq(&self.thread, &here.thread)).unwrap_or(false)
    }
}

impl<T> Drop for ThreadBound<T> {
    fn drop(&mut self) {
        let dropped = HERE.try_with(|here| {
            if !Arc::ptr_eq(&self.thread, &here.thread) {
                return false;
            }
            here.forget(self.index);
            here.tidy();
            true
        });
        if !dropped.unwrap_or(false) {
            self.thread.given_up.lock().unwrap_or_else(PoisonError::into_inner).push(self.index);
        }
    }
}

impl<T> fmt::Debug for ThreadBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadBound").field("index", &self.index).finish_non_exhaustive()
    }
}

/// The error that a value is bound to another thread than the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherThread;

impl From<OtherThread> for Fault {
    fn from(_: OtherThread) -> Self {
        Self::OtherThread
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::thread;

    use super::*;

    /// Counts its drops on the thread that made it. No other thread could.
    struct Counted(Rc<Cell<u32>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn a_value_is_reached_and_dropped_on_its_own_thread_alone() {
        let dropped = Rc::new(Cell::new(0));
        let make = || ThreadBound::new(Counted(Rc::clone(&dropped)));
        let (one, other) = (make(), make());
        assert_eq!(one.with(|value| value.0.get()), Ok(0));
        let one = thread::spawn(move || {
            assert!(!one.is_here());
            assert_eq!(one.with(|_| ()), Err(OtherThread));
            drop(other);
            one
        });
        let one = one.join().unwrap();
        assert!(one.is_here());
        assert_eq!(dropped.get(), 0, "nobody has looked since");
        let third = make();
        assert_eq!(dropped.get(), 1);
        drop(one);
        assert_eq!(dropped.get(), 2);
        // A free slot is reused for another value.
        let fourth = ThreadBound::new(4);
        assert_eq!((third.with(|value| value.0.get()), fourth.with(|&four| four)), (Ok(2), Ok(4)));
    }

    #[test]
    fn values_go_with_their_thread() {
        let values = Arc::new(());
        let seen = Arc::clone(&values);
        let bound = thread::spawn(move || ThreadBound::new((values, Rc::new(())))).join().unwrap();
        assert_eq!(Arc::strong_count(&seen), 1);
        assert_eq!(bound.with(|_| ()), Err(OtherThread));
    }

    #[test]
    fn a_value_may_hold_others_and_be_reached_from_within() {
        let dropped = Rc::new(Cell::new(0));
        let inner = ThreadBound::new(Counted(Rc::clone(&dropped)));
        let outer = Rc::new(ThreadBound::new(inner));
        let both = outer.with(|inner| {
            inner.with(|value| outer.with(|again| again.with(|same| Rc::ptr_eq(&same.0, &value.0))))
        });
        assert_eq!(both, Ok(Ok(Ok(Ok(true)))));
        drop(outer);
        assert_eq!(dropped.get(), 1);
    }
}
