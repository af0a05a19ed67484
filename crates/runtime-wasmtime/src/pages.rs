//! What taking a page away needs of the system: Linux has it.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    #![expect(unsafe_code, reason = "the protection of memory is changed")]

    use std::sync::OnceLock;

    use rustix::io::Errno;
    use rustix::mm::{MprotectFlags, mprotect};
    use rustix::thread::{MembarrierCommand, membarrier};

    use crate::stop_page::PAGE_BYTES;

    /// Whether this process may use [`barrier`].
    pub(crate) fn are_possible() -> bool {
        static POSSIBLE: OnceLock<bool> = OnceLock::new();
        *POSSIBLE.get_or_init(|| register().is_ok())
    }

    /// Tells the system that this process will use barriers.
    fn register() -> Result<(), Errno> {
        membarrier(MembarrierCommand::RegisterPrivateExpedited)
    }

    /// Puts a full barrier between what each thread of the process did before and does afterwards.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn barrier() -> Result<(), Errno> {
        let barrier = || membarrier(MembarrierCommand::PrivateExpedited);
        // The child of a fork may have to tell the system again.
        barrier().or_else(|_| register().and_then(|()| barrier()))
    }

    /// Makes a page inaccessible.
    ///
    /// # Safety
    /// `page` is the beginning of a mapped stop page, which nobody but a guest reads.
    ///
    /// # Errors
    /// The system refuses, for example because it has no more mappings for this process.
    pub(crate) unsafe fn take_away(page: *mut u8) -> Result<(), Errno> {
        // SAFETY: the caller's promise. Inaccessible memory can end only the guest that reads it, by a trap.
        unsafe { mprotect(page.cast(), PAGE_BYTES, MprotectFlags::empty()) }
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod linux {
    #![expect(unsafe_code, reason = "the same functions as on Linux")]

    pub(crate) fn are_possible() -> bool {
        false
    }

    pub(crate) fn barrier() -> Result<(), ()> {
        Err(())
    }

    /// # Safety
    /// None: nothing is done.
    pub(crate) unsafe fn take_away(_page: *mut u8) -> Result<(), ()> {
        Err(())
    }
}

pub(crate) use linux::{are_possible, barrier, take_away};
