//! How long a call may run, and how much of that its statement is charged.
//!
//! A call costs two loads of the ticker's count. Clocks are read only in the epoch callback, once a tick.
//! So the figures mean this:
//!
//! - `call_timeout` counts from a call's first callback, at most a tick after its beginning.
//! - A statement is charged by sampling: a tick that falls into a call costs one tick, however short
//!   the call, and a tick between calls costs nothing. Over many calls that is the time spent in them.
//!   From a call's second callback on, the clock tells how much has passed.

use std::time::{Duration, Instant};

use commensal_core::fault::Fault;
use commensal_core::host::HostState;
use commensal_core::runtime::StatementBudget;

use crate::ticker::{self, TICK, Watch};

/// The time of an instance's running call.
pub(crate) struct CallTime {
    timeout: Duration,
    budget: StatementBudget,
    /// The ticker's count when the call began.
    began: u64,
    /// Set by the call's first callback.
    watched: Option<Watched>,
}

struct Watched {
    watch: Watch,
    started: Instant,
    checked: Instant,
}

impl CallTime {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, budget: StatementBudget::new(Duration::MAX), began: 0, watched: None }
    }

    /// Begins a call of a statement with this budget.
    #[inline]
    pub(crate) fn begin(&mut self, budget: StatementBudget) {
        self.budget = budget;
        self.began = ticker::ticks();
    }

    /// Ends the call. Returns what is left of the statement's budget.
    #[inline]
    pub(crate) fn end(&mut self) -> StatementBudget {
        if self.watched.is_some() {
            self.watched = None;
        } else if ticker::ticks() != self.began {
            self.budget.charge(TICK);
        }
        self.budget
    }

    /// The epoch callback: whether the call may continue.
    pub(crate) fn check(&mut self, host: &HostState) -> Result<(), Fault> {
        let now = Instant::now();
        let (spent, elapsed) = match &mut self.watched {
            Some(watched) => {
                watched.watch.renew().map_err(no_ticker)?;
                let spent = now.duration_since(watched.checked);
                watched.checked = now;
                (spent, now.duration_since(watched.started))
            }
            None => {
                let watch = Watch::new().map_err(no_ticker)?;
                self.watched = Some(Watched { watch, started: now, checked: now });
                let ticked = ticker::ticks() != self.began;
                (if ticked { TICK } else { Duration::ZERO }, Duration::ZERO)
            }
        };
        if self.budget.is_interruptible() && host.services.interrupted() {
            Err(Fault::Interrupted)
        } else if !self.budget.charge(spent) {
            Err(Fault::StatementTimeout)
        } else if elapsed >= self.timeout {
            Err(Fault::CallTimeout)
        } else {
            Ok(())
        }
    }
}

#[cold]
fn no_ticker(error: std::io::Error) -> Fault {
    Fault::Runtime(format!("no thread could be started to limit the call's time: {error}"))
}
