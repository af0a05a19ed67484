//! The side of the calls in the table of running calls: see `running.rs`.
#![expect(unsafe_code, reason = "the ticker gets an address, and a slot goes back to the table")]

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{Ordering, compiler_fence};
use std::thread;
use std::time::Duration;

use commensal_core::fault::Fault;
use commensal_core::host::HostServices;
use commensal_core::runtime::StatementBudget;

use crate::running::Shared;
use crate::ticker;

/// An instance's slot. Dropping it gives it back.
pub(crate) struct Slot {
    shared: &'static Shared,
    /// The number of the last call.
    call: u64,
    /// The process that it belongs to.
    process: u32,
}

impl Slot {
    /// A slot for an instance with these services. `None` if all are taken, or if no other thread may ask the services.
    pub(crate) fn take(services: &Arc<dyn HostServices>, timeout: Duration) -> Option<Self> {
        services.interrupted_elsewhere()?;
        let shared = Shared::take(services, timeout)?;
        let mut slot = Self { shared, call: shared.last.load(Ordering::Relaxed), process: 0 };
        slot.adopt();
        Some(slot)
    }

    /// Tells where the page is. Until then nothing can stop the guest.
    ///
    /// # Safety
    /// It is a stop page, and is mapped until the slot is dropped or no call runs in it any more.
    pub(crate) unsafe fn set_page(&self, page: *mut u8) {
        self.shared.page.store(page, Ordering::Release);
    }

    /// Begins a call.
    ///
    /// # Errors
    /// There is no ticker, and none could be started.
    #[inline]
    pub(crate) fn begin(&mut self, budget: StatementBudget) -> io::Result<()> {
        self.call += 1;
        self.shared.budget.store(budget.to_word(), Ordering::Relaxed);
        self.shared.running.store(self.call, Ordering::Release);
        compiler_fence(Ordering::SeqCst);
        self.watch()
    }

    /// Makes sure that a ticker runs, once the guest can run.
    ///
    /// # Errors
    /// There is none, and none could be started.
    #[inline]
    pub(crate) fn watch(&mut self) -> io::Result<()> {
        if ticker::runs_in(self.process) { Ok(()) } else { self.start_ticker() }
    }

    #[cold]
    fn start_ticker(&mut self) -> io::Result<()> {
        // A guest that is being instantiated runs nothing before its page is known.
        if self.shared.page.load(Ordering::Relaxed).is_null() {
            return Ok(());
        }
        self.adopt();
        ticker::start_again()
    }

    /// Ends the call. Returns why the ticker has stopped it, if it has.
    #[inline]
    pub(crate) fn end(&mut self) -> Option<Fault> {
        self.shared.running.store(0, Ordering::Release);
        compiler_fence(Ordering::SeqCst);
        // What the ticker read of the slot before it let the call go comes before what is done with it from here on.
        if self.shared.held.load(Ordering::Acquire) == 0 { None } else { self.wait() }
    }

    /// Waits until the ticker has decided about the call.
    #[cold]
    fn wait(&self) -> Option<Fault> {
        for turn in 0_u32.. {
            if self.shared.held.load(Ordering::Acquire) == 0 {
                return None;
            }
            if let Some(fault) = self.shared.fault() {
                return Some(fault);
            }
            if self.process != process::id() {
                // The ticker was copied while it decided, and will not continue here.
                break;
            }
            // A thread of real time would never let the ticker run.
            if turn < 100 { thread::yield_now() } else { thread::sleep(Duration::from_micros(50)) }
        }
        self.shared.held.store(0, Ordering::Relaxed);
        Some(Fault::Interrupted)
    }

    /// Makes the slot one of this process, which may be the child of a fork.
    pub(crate) fn adopt(&mut self) {
        let process = process::id();
        if self.process == process {
            return;
        }
        self.process = process;
        // What the ticker of a parent held is not held here. The one of this process looks at the slot only then.
        self.shared.held.store(0, Ordering::Relaxed);
        self.shared.process.store(process, Ordering::Release);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // A call that panicked has not ended.
        self.end();
        self.shared.last.store(self.call, Ordering::Relaxed);
        // SAFETY: `take` took it. No call runs, and the ticker has decided about the last one.
        unsafe { self.shared.give_back() };
    }
}
