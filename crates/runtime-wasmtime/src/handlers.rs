//! Whether Wasmtime still gets the signals of guests' traps.
//!
//! Handlers belong to the process. Whoever installs one later gets guests' traps first, and may end the process
//! instead of passing them on, as Python's faulthandler does. A thread can also block the signals, and then the
//! system ends the process. So before a statement the system is asked. Two or three questions cost less than a
//! microsecond.
#![expect(
    unsafe_code,
    reason = "the system is asked, and the standard library has no way to do that"
)]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

/// The signals that traps of guests can cause.
const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGILL, libc::SIGFPE, libc::SIGBUS];

/// The address of Wasmtime's handler, and for which of [`SIGNALS`] it was installed.
static INSTALLED: OnceLock<(usize, [bool; SIGNALS.len()])> = OnceLock::new();

/// Remembers Wasmtime's handler. To be called when Wasmtime has just installed it.
pub(crate) fn remember() {
    INSTALLED.get_or_init(|| {
        let handlers = SIGNALS.map(handler);
        (handlers[0], handlers.map(|handler| handler == handlers[0]))
    });
}

/// Whether a trap of a guest on this thread would reach Wasmtime first.
pub(crate) fn get_traps() -> bool {
    let blocked = blocked();
    all_of_guests(|signal, ours| handler(signal) == ours && !is_member(&blocked, signal))
}

/// Whether the handlers are still Wasmtime's.
pub(crate) fn are_ours() -> bool {
    all_of_guests(|signal, ours| handler(signal) == ours)
}

/// Whether something is true of each signal that Wasmtime has installed its handler for, and of that handler's address.
fn all_of_guests(is_true: impl Fn(c_int, usize) -> bool) -> bool {
    // Nobody has taken a signal that was not installed yet.
    let Some((ours, installed)) = INSTALLED.get() else { return true };
    let mut of_guests = SIGNALS.iter().zip(installed).filter(|(_, installed)| **installed);
    of_guests.all(|(&signal, _)| is_true(signal, *ours))
}

/// The address of a signal's handler.
fn handler(signal: c_int) -> usize {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action, sigaction only writes the current one to the place that it gets.
    unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: it was zeroed, which is a value of the type, or written since.
    unsafe { action.assume_init() }.sa_sigaction
}

/// The signals that this thread blocks.
fn blocked() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: without a new set, pthread_sigmask only writes the current one to the place that it gets.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr()) };
    // SAFETY: it was zeroed, which is a value of the type, or written since.
    unsafe { set.assume_init() }
}

fn is_member(set: &libc::sigset_t, signal: c_int) -> bool {
    // SAFETY: the set is one, and the signal is one of SIGNALS.
    unsafe { libc::sigismember(set, signal) == 1 }
}
