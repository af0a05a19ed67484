//! Calls of guests that have a stop page, as the ticker sees them, and how it stops them.
//!
//! Such a guest never asks whether it may continue. It reads its page, and when the page is gone it traps. So the ticker
//! asks in its place, and takes the page away. An instance whose page is gone is not used again.
//!
//! Each instance has a slot of a static table. A call writes its number into the slot, and 0 when it ends. These are
//! ordinary stores without a barrier, because they are paid for in each call.
//!
//! # Why the ticker stops only calls that run
//!
//! The ticker must not take a page that is unmapped already, ask a connection that is closed, or stop the call after the
//! one that was too slow.
//!
//! - It writes the number of a call that it has seen into `held`, and has the system put a barrier into each thread of the
//!   process ([`pages::barrier`]). Then it looks at the call's number again.
//! - A call's end writes 0, and then reads `held`. If it finds something there, it waits until the ticker has decided.
//! - If the ticker still sees the number after the barrier, the end's write comes after the barrier, and so does its read:
//!   it finds `held`, and waits. Until the ticker has written `held` or `stopped` again, nothing of the instance goes.
//! - Otherwise the call has ended, the ticker touches nothing, and takes `held` back.
//!
//! In the same way, a call begins by writing its number and then reads whether a ticker runs. A ticker that ends says so
//! first, has a barrier put, and then looks for numbers.
//!
//! This file has the table and the ticker's side, `slot.rs` that of the calls.
#![expect(unsafe_code, reason = "threads share what a slot points to")]

use std::cell::UnsafeCell;
use std::process;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
use std::thread;
use std::time::{Duration, Instant};

use commensal_core::fault::Fault;
use commensal_core::host::HostServices;
use commensal_core::runtime::StatementBudget;

use crate::pages;
use crate::reservation::{RESERVATIONS_MAX, traps_arrive_anywhere};

/// What the ticker sees of an instance. No two threads write to the same line of the processor's cache.
#[repr(align(128))]
pub(crate) struct Shared {
    is_taken: AtomicBool,
    /// The process whose instance it is. The child of a fork has copies of its parent's slots.
    pub(crate) process: AtomicU32,
    /// The number of the running call; 0 between calls.
    pub(crate) running: AtomicU64,
    /// The number of the call that the ticker looks at; 0 if it looks at none.
    pub(crate) held: AtomicU64,
    /// Why the call was stopped, as a [`Reason`]; 0 if it was not.
    stopped: AtomicU8,
    /// What the call's statement may still spend.
    pub(crate) budget: AtomicU64,
    /// The page; null until it is known.
    pub(crate) page: AtomicPtr<u8>,
    /// What belongs to the instance. Written while no call runs, read by the ticker while one is held.
    host: UnsafeCell<Option<Host>>,
    /// The number of the last call, for the next instance that gets the slot.
    pub(crate) last: AtomicU64,
}

/// What the ticker asks.
struct Host {
    services: Arc<dyn HostServices>,
    timeout: Duration,
}

// SAFETY: everything is atomic but `host`. Whoever has taken the slot writes it while no call runs, and only the ticker
// reads it otherwise, while it holds a call, which does not end meanwhile (see above). Services are `Sync`.
unsafe impl Sync for Shared {}

impl Shared {
    const fn new() -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            process: AtomicU32::new(0),
            running: AtomicU64::new(0),
            held: AtomicU64::new(0),
            stopped: AtomicU8::new(0),
            budget: AtomicU64::new(0),
            page: AtomicPtr::new(ptr::null_mut()),
            host: UnsafeCell::new(None),
            last: AtomicU64::new(0),
        }
    }

    /// Takes a slot for an instance with these services. `None` if all are taken.
    pub(crate) fn take(
        services: &Arc<dyn HostServices>,
        timeout: Duration,
    ) -> Option<&'static Self> {
        let take = |shared: &Self| {
            !shared.is_taken.load(Ordering::Relaxed)
                && !shared.is_taken.swap(true, Ordering::Acquire)
        };
        let index = SLOTS.iter().position(take)?;
        USED.fetch_max(index + 1, Ordering::Relaxed);
        let shared = &SLOTS[index];
        shared.stopped.store(0, Ordering::Relaxed);
        // SAFETY: the slot was just taken, so nobody else writes, and no call runs in it.
        unsafe { *shared.host.get() = Some(Host { services: Arc::clone(services), timeout }) };
        Some(shared)
    }

    /// Gives the slot back.
    ///
    /// # Safety
    /// The caller has taken it, no call runs in it, and the ticker holds none.
    pub(crate) unsafe fn give_back(&self) {
        self.page.store(ptr::null_mut(), Ordering::Relaxed);
        self.held.store(0, Ordering::Relaxed);
        // SAFETY: the caller's promise: nobody reads or writes it now.
        drop(unsafe { (*self.host.get()).take() });
        self.is_taken.store(false, Ordering::Release);
    }

    /// Why the ticker stopped the call, if it did.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self.stopped.load(Ordering::Acquire) {
            0 => None,
            code if code == Reason::StatementTimeout as u8 => Some(Fault::StatementTimeout),
            code if code == Reason::CallTimeout as u8 => Some(Fault::CallTimeout),
            _ => Some(Fault::Interrupted),
        }
    }
}

/// All slots. Only what is used of them takes memory.
static SLOTS: [Shared; RESERVATIONS_MAX] = [const { Shared::new() }; RESERVATIONS_MAX];

/// How many slots, from the first on, were ever taken.
static USED: AtomicUsize = AtomicUsize::new(0);

/// Why the ticker stopped a call.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Reason {
    Interrupted = 1,
    StatementTimeout = 2,
    CallTimeout = 3,
}

/// The calls that the ticker has seen in the slots: their numbers, and when it saw them first.
#[derive(Default)]
pub(crate) struct Seen(Vec<(u64, Instant)>);

/// What the ticker found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Found {
    /// No call runs.
    Nothing,
    /// Calls run that did not run before.
    New,
    /// A call runs that ran before.
    Long,
}

impl Seen {
    /// Looks at the running calls, and stops those that have to end. Only the ticker calls it.
    pub(crate) fn look(&mut self, now: Instant) -> Found {
        let slots = &SLOTS[..USED.load(Ordering::Relaxed)];
        self.0.resize(slots.len(), (0, now));
        let process = process::id();
        let mut found = Found::Nothing;
        for (shared, (call, since)) in slots.iter().zip(&mut self.0) {
            let running = shared.running.load(Ordering::Acquire);
            if running == 0 || shared.process.load(Ordering::Acquire) != process {
                continue;
            }
            if *call != running {
                (*call, *since) = (running, now);
                found = found.max(Found::New);
            } else if shared.stopped.load(Ordering::Relaxed) == 0 {
                shared.held.store(running, Ordering::Relaxed);
                found = Found::Long;
            }
        }
        if found == Found::Long {
            order();
            for (shared, (call, since)) in slots.iter().zip(&self.0) {
                if shared.held.load(Ordering::Relaxed) != 0
                    && shared.stopped.load(Ordering::Relaxed) == 0
                {
                    let is_running = shared.running.load(Ordering::Acquire) == *call;
                    if !is_running || !stop(shared, now.duration_since(*since)) {
                        shared.held.store(0, Ordering::Release);
                    }
                }
            }
        }
        found
    }
}

/// Has all threads do what they have begun to write, before what they do next.
fn order() {
    if pages::barrier().is_err() {
        // A sandbox that came later forbids it. Processors write within nanoseconds, and a thread that is not running has
        // written when it was stopped.
        thread::sleep(Duration::from_millis(1));
    }
}

/// Stops a call that is held, if it has to end. Returns whether it did.
fn stop(shared: &Shared, elapsed: Duration) -> bool {
    // SAFETY: the call is held, so its thread does not write.
    let Some(host) = (unsafe { &*shared.host.get() }) else { return false };
    let budget = StatementBudget::from_word(shared.budget.load(Ordering::Relaxed));
    let reason = if budget.is_interruptible() && host.services.interrupted_elsewhere() == Some(true)
    {
        Reason::Interrupted
    } else if elapsed >= budget.remaining() {
        Reason::StatementTimeout
    } else if elapsed >= host.timeout {
        Reason::CallTimeout
    } else {
        return false;
    };
    // Whoever handles this signal now would end the process.
    if !traps_arrive_anywhere() {
        return false;
    }
    let page = shared.page.load(Ordering::Acquire);
    // SAFETY: the page is mapped until the slot is dropped, and the call, which has not ended, has the slot.
    if page.is_null() || unsafe { pages::take_away(page) }.is_err() {
        return false;
    }
    shared.stopped.store(reason as u8, Ordering::Release);
    true
}

/// Whether a call runs. The ticker asks when it has said that it ends; calls that begin later will see that.
pub(crate) fn has_calls() -> bool {
    order();
    let process = process::id();
    SLOTS[..USED.load(Ordering::Relaxed)].iter().any(|shared| {
        shared.running.load(Ordering::Acquire) != 0
            && shared.process.load(Ordering::Relaxed) == process
    })
}
