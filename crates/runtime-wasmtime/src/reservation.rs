//! Address space for memories with guard pages: who may have it, and how much of it is taken.
//!
//! A memory with guard pages reserves 4 GiB of addresses, whatever it uses of them. Addresses are plenty, but not
//! without end, and a process can be limited. So an instance that gets none runs code that checks instead.

use std::sync::atomic::{AtomicUsize, Ordering};

use commensal_core::runtime::RuntimeError;

/// Most instances with reservations. Each has two of 4 GiB, for its memory and its stop page: together 32 TiB, a quarter of
/// the addresses that Linux gives a process on x86-64.
pub(crate) const RESERVATIONS_MAX: usize = 4096;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Permission to reserve addresses for one memory. Dropping it gives it back.
pub(crate) struct Reservation(());

impl Reservation {
    pub(crate) fn take() -> Option<Self> {
        let more = |taken: usize| (taken < RESERVATIONS_MAX).then_some(taken + 1);
        TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(()))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether this process can have memories with guard pages.
#[cfg(all(unix, target_pointer_width = "64"))]
pub(crate) fn are_possible() -> Result<bool, RuntimeError> {
    use rustix::process::{Resource, getrlimit};

    if let Some(bytes) = getrlimit(Resource::As).current {
        return Err(RuntimeError(format!(
            "guard pages need 8 GiB of address space for each instance, and the process is limited to \
             {bytes} bytes (ulimit -v)"
        )));
    }
    if !traps_arrive() {
        return Err(RuntimeError(
            "the process has handled or blocked the signals of traps since guests began to use guard pages"
                .to_owned(),
        ));
    }
    Ok(true)
}

/// Addresses of 32 bits are too few, and Windows has no signals.
#[cfg(not(all(unix, target_pointer_width = "64")))]
pub(crate) fn are_possible() -> Result<bool, RuntimeError> {
    Ok(false)
}

/// Whether the traps of guests with guard pages reach Wasmtime on this thread.
pub(crate) fn traps_arrive() -> bool {
    #[cfg(all(unix, target_pointer_width = "64"))]
    return crate::handlers::get_traps();
    #[cfg(not(all(unix, target_pointer_width = "64")))]
    return false;
}

/// Whether the handlers of the process are Wasmtime's, whatever a thread blocks.
pub(crate) fn traps_arrive_anywhere() -> bool {
    #[cfg(all(unix, target_pointer_width = "64"))]
    return crate::handlers::are_ours();
    #[cfg(not(all(unix, target_pointer_width = "64")))]
    return false;
}
