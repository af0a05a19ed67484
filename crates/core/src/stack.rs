//! Measures how much of the current thread's machine stack is left.
//!
//! A guest may use a fixed share of the stack, and the host's work for it uses more. A thread with less would run
//! into its guard page, and the operating system would end the process. So such a call is refused before it
//! begins. The programs that Commensal is loaded into make threads of any size.
//!
//! # Where the bounds are not known
//!
//! A program may run on stacks that it made itself, such as fibers and coroutines. Nobody can tell their bounds.
//! Calls there are not refused, because most such stacks are large enough and refusing would take all functions
//! from those programs; `docs/limits.md` says how much stack is needed. The same holds for operating systems that
//! `bounds.rs` does not list, and for platforms without threads.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};

mod bounds;

/// Stack that a call into a guest needs besides the guest's own share, in bytes: for host functions that the
/// guest calls, for stopping a call, and for making an error of it.
pub const HOST_STACK_BYTES: usize = 64 << 10;

/// Stack for compiling a module and reading its text, in bytes. If less is left, that happens on another thread.
pub const COMPILE_STACK_BYTES: usize = 1 << 20;

/// Stack of that other thread, in bytes.
const OTHER_THREAD_BYTES: usize = 8 << 20;

thread_local! {
    /// The bounds of this thread's stack, once they are known.
    static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// The current position on the stack, as an approximate address.
#[inline(always)]
fn pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

/// The bounds of the stack that contains this address, if it is the thread's own.
fn bounds_of(place: usize) -> Option<Range<usize>> {
    let is_in = |&(low, high): &(usize, usize)| (low..high).contains(&place);
    if let Some((low, high)) = BOUNDS.get().filter(is_in) {
        return Some(low..high);
    }
    let found = bounds::thread().map(|bounds| (bounds.start, bounds.end)).filter(is_in);
    if found.is_some() {
        BOUNDS.set(found);
    }
    found.map(|(low, high)| low..high)
}

/// Bytes left of the current thread's stack; `None` if unknown.
pub fn left() -> Option<usize> {
    let place = pointer();
    bounds_of(place).map(|bounds| place - bounds.start)
}

/// The error of a stack that is too small. Its text is a predicate: what was to be done precedes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackTooSmall {
    /// Bytes that are needed.
    pub needed: usize,
    /// Bytes that are left.
    pub left: usize,
}

impl fmt::Display for StackTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "needs {} KiB of the thread's stack, and {} KiB are left: run the statement on a thread \
             with a larger one",
            self.needed >> 10,
            self.left >> 10
        )
    }
}

/// Checks that this many bytes are left, as far as that is known.
///
/// # Errors
/// Fewer are left.
pub fn check(needed: usize) -> std::result::Result<(), StackTooSmall> {
    match left() {
        Some(left) if left < needed => Err(StackTooSmall { needed, left }),
        _ => Ok(()),
    }
}

/// A check made for each call. It costs one comparison if the last check was made on the same stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauge {
    needed: usize,
    /// Lowest address from which enough stack is left.
    first: usize,
    /// Length of the range above it that belongs to the same stack.
    len: usize,
}

impl Gauge {
    pub(crate) fn new(needed: usize) -> Self {
        Self { needed, first: 0, len: 0 }
    }

    /// Forgets the stack, because a thread may have ended and another may use part of its space.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.needed);
    }

    /// Checks that enough stack is left.
    ///
    /// # Errors
    /// Too little is left.
    #[inline(always)]
    pub(crate) fn check(&mut self) -> std::result::Result<(), StackTooSmall> {
        match pointer().wrapping_sub(self.first) < self.len {
            true => Ok(()),
            false => self.look(),
        }
    }

    #[cold]
    #[inline(never)]
    fn look(&mut self) -> std::result::Result<(), StackTooSmall> {
        match bounds_of(pointer()) {
            Some(bounds) => {
                self.first = bounds.start.saturating_add(self.needed);
                self.len = bounds.end.saturating_sub(self.first);
            }
            // The answer is kept, so that it is not asked again for each row.
            None => (self.first, self.len) = (0, usize::MAX),
        }
        check(self.needed)
    }
}

/// Runs `body` with a stack of [`COMPILE_STACK_BYTES`]: here, or on another thread if less is left.
///
/// # Errors
/// The thread cannot be started.
pub(crate) fn with_room<R: Send>(body: impl FnOnce() -> R + Send) -> Result<R> {
    if check(COMPILE_STACK_BYTES).is_ok() {
        return Ok(body());
    }
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(OTHER_THREAD_BYTES);
        let thread = builder.name("commensal-compile".to_owned()).spawn_scoped(scope, body);
        let thread = thread.map_err(|error| {
            let message = format!(
                "compiling needs {} KiB of the thread's stack, less is left, and no other thread can \
                 be started: {error}",
                COMPILE_STACK_BYTES >> 10
            );
            Error::new(ErrorKind::Limit, message)
        })?;
        match thread.join() {
            Ok(result) => Ok(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On tested systems, every thread knows its bounds.
    #[test]
    fn what_is_left_is_less_than_the_stack_and_most_of_it() {
        for size in [128 << 10, 1 << 20, 16 << 20] {
            let thread = std::thread::Builder::new().stack_size(size);
            let left = thread.spawn(left).unwrap().join().unwrap();
            if cfg!(any(target_os = "linux", target_os = "macos", windows)) {
                let left = left.expect("the bounds are known");
                // glibc may give a thread the stack of one that has ended, which may be four times as large.
                assert!(left <= 4 * size + (64 << 10) && left > size / 2, "{left} of {size}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_may_be_done_elsewhere() {
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let test = || {
            let mut gauge = Gauge::new(32 << 10);
            let mut large = Gauge::new(512 << 10);
            for _ in 0..3 {
                assert_eq!(gauge.check(), Ok(()));
                assert!(check(512 << 10).is_err());
                assert!(large.check().is_err());
            }
            with_room(|| left().unwrap() > COMPILE_STACK_BYTES).unwrap()
        };
        if left().is_some() {
            assert!(thread.spawn(test).unwrap().join().unwrap());
        }
    }

    /// A gauge that saw a large stack does not mistake a small one for it.
    #[test]
    fn another_thread_has_another_stack() {
        let mut gauge = Gauge::new(1 << 20);
        let large = std::thread::Builder::new().stack_size(8 << 20);
        gauge =
            large.spawn(move || gauge.check().map(|()| gauge)).unwrap().join().unwrap().unwrap();
        gauge.reset();
        let small = std::thread::Builder::new().stack_size(256 << 10);
        let refused = small.spawn(move || left().is_none() || gauge.check().is_err());
        assert!(refused.unwrap().join().unwrap());
    }
}
