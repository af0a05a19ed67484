//! How long a call may run, and how much of that its statement is charged.
//!
//! A call costs two loads of the ticker's clock. Other clocks are read only at ticks, so the figures mean this:
//!
//! - `call_timeout` counts from the first tick that finds the call running, at most a tick after its beginning.
//! - A statement is charged by sampling: a tick that falls into a call costs the time since the tick before, however short
//!   the call, and a tick between calls costs nothing. Over many calls that is the time spent in them.
//!
//! A call asks in its epoch callback whether it may continue. With a stop page the ticker asks, and ends it.

use std::time::{Duration, Instant};

use commensal_core::fault::Fault;
use commensal_core::host::HostState;
use commensal_core::runtime::StatementBudget;

use crate::slot::Slot;
use crate::ticker::{self, Watch};

/// The time of an instance's running call.
pub(crate) struct CallTime {
    timeout: Duration,
    budget: StatementBudget,
    /// The ticker's clock when the call began, or when its last callback did.
    checked: Duration,
    /// Set by the call's first callback.
    watched: Option<Watched>,
    /// For a guest with a stop page.
    slot: Option<Slot>,
}

struct Watched {
    watch: Watch,
    started: Instant,
}

impl CallTime {
    pub(crate) fn new(timeout: Duration, slot: Option<Slot>) -> Self {
        let budget = StatementBudget::new(Duration::MAX);
        Self { timeout, budget, checked: Duration::ZERO, watched: None, slot }
    }

    /// The slot, if the guest has a stop page.
    pub(crate) fn slot(&mut self) -> Option<&mut Slot> {
        self.slot.as_mut()
    }

    /// Begins a call of a statement with this budget.
    ///
    /// # Errors
    /// Nothing would end the call.
    #[inline]
    pub(crate) fn begin(&mut self, budget: StatementBudget) -> Result<(), Fault> {
        self.budget = budget;
        self.checked = ticker::clock();
        match &mut self.slot {
            Some(slot) => slot.begin(budget).map_err(no_ticker),
            None => Ok(()),
        }
    }

    /// Ends the call. Returns what is left of the statement's budget, and why the call was too long, if it was.
    #[inline]
    pub(crate) fn end(&mut self, host: &HostState) -> (StatementBudget, Option<Fault>) {
        self.watched = None;
        let stopped = self.slot.as_mut().and_then(Slot::end);
        if ticker::clock() == self.checked && stopped.is_none() {
            return (self.budget, None);
        }
        let too_long = self.settle(host, stopped);
        (self.budget, too_long)
    }

    /// Charges a call into which a tick fell. Of a guest that does not ask, also says whether another call may follow.
    #[cold]
    fn settle(&mut self, host: &HostState, stopped: Option<Fault>) -> Option<Fault> {
        let has_left = self.charge();
        if self.slot.is_none() || stopped.is_some() {
            return stopped;
        }
        self.may_continue(host, has_left).err()
    }

    /// Charges the statement. Returns false if nothing is left.
    fn charge(&mut self) -> bool {
        let now = ticker::clock();
        let spent = now.saturating_sub(std::mem::replace(&mut self.checked, now));
        self.budget.charge(spent)
    }

    fn may_continue(&self, host: &HostState, has_left: bool) -> Result<(), Fault> {
        if self.budget.is_interruptible() && host.services.interrupted() {
            Err(Fault::Interrupted)
        } else if !has_left {
            Err(Fault::StatementTimeout)
        } else {
            Ok(())
        }
    }

    /// The epoch callback: whether the call may continue.
    pub(crate) fn check(&mut self, host: &HostState) -> Result<(), Fault> {
        let elapsed = match &mut self.watched {
            Some(watched) => {
                watched.watch.renew().map_err(no_ticker)?;
                watched.started.elapsed()
            }
            None => {
                let watch = Watch::new().map_err(no_ticker)?;
                self.watched = Some(Watched { watch, started: Instant::now() });
                Duration::ZERO
            }
        };
        let has_left = self.charge();
        self.may_continue(host, has_left)?;
        if elapsed >= self.timeout { Err(Fault::CallTimeout) } else { Ok(()) }
    }
}

#[cold]
pub(crate) fn no_ticker(error: std::io::Error) -> Fault {
    Fault::Runtime(format!("no thread could be started to limit the call's time: {error}"))
}
