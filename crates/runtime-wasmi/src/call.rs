//! A call in slices of fuel: what stops it, and what its statement is charged.
//!
//! wasmi's calls end when their fuel does, and can be resumed with more. Between slices, the host is asked
//! whether it wants to end the statement, and the clock is read. A call that ends within its first
//! slice, as nearly all do, does neither. So the figures mean this:
//!
//! - `call_timeout` counts from the end of the first slice.
//! - A statement is charged for first slices by sampling (`sample.rs`), and exactly from then on.

use std::time::Duration;

use commensal_core::fault::Fault;
use commensal_core::runtime::StatementBudget;
use wasmi::{Error, ResumableCall, Store, TypedFunc, TypedResumableCall, WasmParams, WasmResults};
use web_time::Instant;

use crate::fault::fault;
use crate::sample;
use crate::store_data::StoreData;
use crate::words::WordFunction;

/// Fuel of a slice. A unit is of the order of an instruction, so a slice takes tenths of a millisecond. An
/// instruction that copies much at once may get more, because wasmi charges a unit for 64 bytes.
const SLICE: u64 = 50_000;

/// The longest time that counts for a first slice. Beyond it, the thread had to wait for a processor.
const FIRST_SLICE_MAX: Duration = Duration::from_millis(1);

/// A call into a guest, or several calls that share the limits of one.
pub(crate) struct Call<'a> {
    store: &'a mut Store<StoreData>,
    timeout: Duration,
    budget: &'a mut StatementBudget,
    /// Fuel that the call may still be given.
    reserve: u64,
    /// When it began, if it is measured.
    began: Option<Instant>,
    /// The end of the first slice and of the last one.
    slices: Option<(Instant, Instant)>,
}

impl<'a> Call<'a> {
    /// Begins a call with all that `fuel`, `timeout` and `budget` permit. A `sampled` call also pays for
    /// those that are not.
    ///
    /// # Errors
    /// Nothing is left of the budget.
    #[inline]
    pub(crate) fn begin(
        store: &'a mut Store<StoreData>,
        fuel: u64,
        timeout: Duration,
        budget: &'a mut StatementBudget,
        sampled: bool,
    ) -> Result<Self, Fault> {
        if budget.remaining().is_zero() {
            return Err(Fault::StatementTimeout);
        }
        store.data_mut().grants.begin_call();
        let slice = fuel.min(SLICE);
        set_fuel(store, slice)?;
        let began = sampled.then(Instant::now);
        Ok(Self { store, timeout, budget, reserve: fuel - slice, began, slices: None })
    }

    /// Runs a function.
    ///
    /// # Errors
    /// It trapped, or reached a limit.
    #[inline]
    pub(crate) fn run<P, R>(
        &mut self,
        function: &TypedFunc<P, R>,
        parameters: P,
    ) -> Result<R, Fault>
    where
        P: WasmParams,
        R: WasmResults,
    {
        let mut result = function.call_resumable(&mut *self.store, parameters);
        loop {
            match result {
                Ok(TypedResumableCall::Finished(value)) => return Ok(value),
                Ok(TypedResumableCall::OutOfFuel(paused)) => {
                    self.check()?;
                    self.refuel(paused.required_fuel())?;
                    result = paused.resume(&mut *self.store);
                }
                Ok(TypedResumableCall::HostTrap(stopped)) => {
                    return Err(self.fault(stopped.host_error()));
                }
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }

    /// Runs a function of any shape, whose parameters are set, up to its results.
    ///
    /// # Errors
    /// As [`Call::run`].
    pub(crate) fn run_words(&mut self, called: &mut WordFunction) -> Result<(), Fault> {
        let WordFunction { function, values, results, .. } = called;
        let mut result = function.call_resumable(&mut *self.store, values, results);
        loop {
            match result {
                Ok(ResumableCall::Finished) => return Ok(()),
                Ok(ResumableCall::OutOfFuel(paused)) => {
                    self.check()?;
                    self.refuel(paused.required_fuel())?;
                    result = paused.resume(&mut *self.store, results);
                }
                Ok(ResumableCall::HostTrap(stopped)) => {
                    return Err(self.fault(stopped.host_error()));
                }
                Err(error) => return Err(self.fault(&error)),
            }
        }
    }

    /// Ends the call. Returns the fuel that it was not given.
    #[inline]
    pub(crate) fn end(self) -> u64 {
        match (self.slices, self.began) {
            (Some((_, last)), _) => {
                self.budget.charge(last.elapsed());
            }
            (None, Some(began)) => {
                self.budget.charge(sampled(began.elapsed()));
            }
            (None, None) => {}
        }
        self.reserve
    }

    /// Whether the call may continue after a slice.
    #[cold]
    fn check(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        let (first, spent) = match (self.slices, self.began) {
            (Some((first, last)), _) => (first, now.duration_since(last)),
            (None, Some(began)) => (now, sampled(now.duration_since(began))),
            (None, None) => (now, Duration::ZERO),
        };
        self.slices = Some((first, now));
        if self.budget.is_interruptible() && self.store.data().host.services.interrupted() {
            Err(Fault::Interrupted)
        } else if !self.budget.charge(spent) {
            Err(Fault::StatementTimeout)
        } else if now.duration_since(first) >= self.timeout {
            Err(Fault::CallTimeout)
        } else {
            Ok(())
        }
    }

    /// Gives fuel for another slice, whose next instructions need `required`.
    fn refuel(&mut self, required: u64) -> Result<(), Fault> {
        let left = self.store.get_fuel().map_err(|error| self.fault(&error))?;
        let more = SLICE.max(required).saturating_sub(left).min(self.reserve);
        if left + more < required {
            return Err(Fault::FuelExhausted);
        }
        self.reserve -= more;
        set_fuel(self.store, left + more)
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error, self.store.data().grants.refused())
    }
}

/// What a measured first slice costs its statement.
fn sampled(time: Duration) -> Duration {
    time.min(FIRST_SLICE_MAX) * sample::CALLS
}

#[inline]
fn set_fuel(store: &mut Store<StoreData>, fuel: u64) -> Result<(), Fault> {
    store.set_fuel(fuel).map_err(|error| fault(&error, None))
}
