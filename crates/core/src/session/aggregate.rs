//! States of aggregates. A state is made in a guest when a group's first row arrives and gets the rows in
//! batches. It is freed exactly once, by `finalize` or by `drop`, while its instance lives.
//!
//! This module does not know how an engine groups rows or when it wants a result.

use std::sync::Arc;

use super::{Binding, Entered, Execution, InstanceId, Session, failure, not_bound};
use crate::error::{Error, ErrorKind, Result};
use crate::guest::{Appended, Arguments, Batch, CallError, CallResult, Callee, Sink};
use crate::limits::Capability;
use crate::manifest::{AggregateMethod, FunctionBody, FunctionKey, Signature};
use crate::registry::{Callable, FunctionEntry};
use crate::value::{StorageClass, ValueRef};

/// The exports of an aggregate's binding. The last two exist only if the aggregate has them.
const EXPORTS: [AggregateMethod; 6] = [
    AggregateMethod::Init,
    AggregateMethod::Step,
    AggregateMethod::Finalize,
    AggregateMethod::Drop,
    AggregateMethod::Value,
    AggregateMethod::Inverse,
];

/// The signature of calls without a result.
static ANY: Signature = Signature::ANY;

impl Binding {
    /// The binding of an aggregate; `None` if the function is not one.
    fn of_aggregate(entry: &FunctionEntry) -> Option<Self> {
        let FunctionBody::Aggregate(methods) = &entry.body else { return None };
        Some(Self {
            callable: Arc::clone(&entry.callable),
            exports: EXPORTS.iter().map_while(|method| methods.get(method).cloned()).collect(),
            signature: Arc::clone(&entry.signature),
            subtype: entry.subtype,
            validates: false,
        })
    }
}

/// Whether rows enter or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// They enter: `step`.
    In,
    /// They leave a window, oldest first: `inverse`.
    Out,
}

/// A state of an aggregate in a guest. Return it with [`Session::finalize`] or [`Session::discard_state`].
pub struct AggregateState {
    slot: usize,
    instance: InstanceId,
    handle: i64,
    callable: Arc<Callable>,
    signature: Arc<Signature>,
    subtype: bool,
    batch: Batch,
    /// Whether the rows in the batch enter or leave.
    rows: Rows,
}

impl AggregateState {
    /// Adds a row of integers and text to the batch. Returns false if the row must take the slow path. Never
    /// panics.
    #[inline(always)]
    pub fn append_plain<A: Arguments + ?Sized>(&mut self, rows: Rows, arguments: &A) -> bool {
        self.rows == rows && self.batch.append_plain(arguments)
    }

    /// Adds a row to the batch. That is enough for most rows. If the result is not [`Done`](Appended::Done), call
    /// [`Session::pass_rows`].
    ///
    /// # Errors
    /// An argument does not fit its parameter; [`Session::fail_state`] turns this into an error for SQL users.
    #[inline]
    pub fn append<A: Arguments + ?Sized>(
        &mut self,
        rows: Rows,
        arguments: &A,
    ) -> CallResult<Appended> {
        if self.rows != rows {
            return Ok(Appended::Full);
        }
        self.batch.append(&self.signature, self.subtype, arguments)
    }

    /// The signature of a method that takes only the state.
    fn signature(&self, method: AggregateMethod) -> Signature {
        let returns = match method {
            AggregateMethod::Finalize | AggregateMethod::Value => self.signature.returns,
            _ => None,
        };
        Signature { returns, ..Signature::ANY }
    }
}

impl Entered<'_> {
    fn callee<'s>(
        &self,
        method: AggregateMethod,
        signature: &'s Signature,
    ) -> CallResult<Callee<'s>> {
        let function = EXPORTS.iter().position(|export| *export == method);
        let function = function.and_then(|function| self.functions.get(function));
        Ok(Callee {
            function: *function.ok_or_else(|| missing(method))?,
            signature,
            subtype: self.binding.subtype,
            result_bytes_max: self.limits.result_bytes_max,
        })
    }
}

#[cold]
fn missing(method: AggregateMethod) -> CallError {
    CallError::Argument(match method {
        AggregateMethod::Inverse => {
            "it has no inverse, so that it works in windows whose frames only grow, such as ROWS \
             UNBOUNDED PRECEDING"
                .to_owned()
        }
        method => format!("it has no {}", method.field()),
    })
}

#[cold]
fn no_handle(class: StorageClass) -> CallError {
    let class = if class == StorageClass::Null { "NULL".to_owned() } else { class.to_string() };
    CallError::Protocol(format!("its init has to give a handle, an integer, but gave {class}"))
}

#[cold]
fn live_already(handle: i64) -> CallError {
    CallError::Protocol(format!("its init gave the handle {handle}, which another live state has"))
}

#[cold]
fn gone() -> CallError {
    CallError::Argument("its state is gone: the instance was dropped after a fault".to_owned())
}

impl Session {
    /// Binds a slot to the aggregate of this key if `check` agrees, as [`Session::bind_key`] does for a scalar
    /// function.
    ///
    /// # Errors
    /// Like [`Session::bind_key`]; also if it is no aggregate, or `check` fails.
    #[cold]
    pub fn bind_aggregate(
        &self,
        execution: &mut Execution,
        slot: usize,
        key: &FunctionKey,
        check: impl FnOnce(&FunctionEntry) -> Result<()>,
        read_module: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let entry = Arc::clone(execution.find(key)?);
        check(&entry)?;
        let binding = Binding::of_aggregate(&entry).ok_or_else(|| {
            let message = format!("{}() is no longer an aggregate", key.0);
            Error::new(ErrorKind::NotFound, message)
        })?;
        self.bind_compiled(execution, slot, binding, read_module)
    }

    /// Makes a state of the aggregate in a bound slot.
    ///
    /// # Errors
    /// The guest's error, or a result that is no handle or that of another live state.
    pub fn open_state(&self, execution: &mut Execution, slot: usize) -> Result<AggregateState> {
        let opened = execution.enter(&self.environment, slot, |entered| {
            let callee = entered.callee(AggregateMethod::Init, &ANY)?;
            let handle = |value: ValueRef<'_>, _: u8| match value {
                ValueRef::Integer(handle) => Ok(handle),
                other => Err(other.class()),
            };
            let none: &[ValueRef<'_>] = &[];
            Ok(entered.guest.call(callee, none, entered.budget, handle)?.map_err(no_handle)?)
        });
        let opened = opened.and_then(|handle| {
            let target = execution.targets.get_mut(slot).and_then(Option::as_mut);
            let target = target.ok_or_else(not_bound)?;
            if !target.states.insert(handle) {
                return Err(live_already(handle).into());
            }
            Ok((handle, target))
        });
        let (handle, target) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.fail(execution, slot, *error)),
        };
        let binding = &target.binding;
        let granted = binding.callable.object.policy.granted;
        // With these capabilities a guest could observe when it gets a row.
        let ordered = [Capability::Clock, Capability::Random, Capability::SqlRead]
            .into_iter()
            .any(|capability| granted.contains(capability));
        Ok(AggregateState {
            slot,
            instance: execution.bound[target.instance].id,
            handle,
            callable: Arc::clone(&binding.callable),
            signature: Arc::clone(&binding.signature),
            subtype: binding.subtype,
            batch: execution.batches.take(ordered),
            rows: Rows::In,
        })
    }

    /// Does the rest of the work for a row that [`AggregateState::append`] left.
    ///
    /// # Errors
    /// An argument does not fit its parameter, or the guest reports an error for this row or an earlier one.
    #[cold]
    pub fn pass_rows<A: Arguments + ?Sized>(
        &self,
        execution: &mut Execution,
        state: &mut AggregateState,
        rows: Rows,
        arguments: &A,
        appended: Appended,
    ) -> Result<()> {
        self.flush(execution, state)?;
        if appended != Appended::Full {
            return Ok(());
        }
        if state.rows == rows {
            // The batch was too small. The next row may be as large as this one.
            execution.batches.grow(&mut state.batch);
        }
        state.rows = rows;
        match state.append(rows, arguments) {
            Ok(Appended::Done) => Ok(()),
            Ok(Appended::Due) => self.flush(execution, state),
            Ok(Appended::Full) => self.pass_large(execution, state, arguments),
            Err(error) => Err(self.fail_state(execution, state, *error)),
        }
    }

    /// Hands over a row that fits into no batch.
    fn pass_large<A: Arguments + ?Sized>(
        &self,
        execution: &mut Execution,
        state: &mut AggregateState,
        arguments: &A,
    ) -> Result<()> {
        self.within(execution, state, |state, entered| {
            let callee = entered.callee(method(state.rows), &state.signature)?;
            entered.guest.hand_over_large(arguments, callee, state.handle, entered.budget)
        })
    }

    /// Hands over the rows that the guest has not seen.
    fn flush(&self, execution: &mut Execution, state: &mut AggregateState) -> Result<()> {
        if state.batch.is_empty() {
            return Ok(());
        }
        self.within(execution, state, |state, entered| {
            let callee = entered.callee(method(state.rows), &ANY)?;
            let function = callee.function;
            entered.guest.hand_over(&mut state.batch, function, state.handle, entered.budget)
        })
    }

    /// Passes the state's current result to `sink`.
    ///
    /// # Errors
    /// The guest's error, for this call or for rows that it had not seen.
    pub fn value<R>(
        &self,
        execution: &mut Execution,
        state: &mut AggregateState,
        sink: impl Sink<R>,
    ) -> Result<R> {
        self.flush(execution, state)?;
        self.call_state(execution, state, AggregateMethod::Value, sink)
    }

    /// Passes the state's final result to `sink` and ends the state.
    ///
    /// # Errors
    /// Like [`Session::value`]. The state ends even then.
    pub fn finalize<R>(
        &self,
        execution: &mut Execution,
        mut state: AggregateState,
        sink: impl Sink<R>,
    ) -> Result<R> {
        if let Err(error) = self.flush(execution, &mut state) {
            self.discard_state(execution, state);
            return Err(error);
        }
        let result = self.call_state(execution, &mut state, AggregateMethod::Finalize, sink);
        self.forget(execution, state);
        result
    }

    /// Ends a state whose result is not needed. It has its own time budget and cannot be interrupted.
    pub fn discard_state(&self, execution: &mut Execution, state: AggregateState) {
        let (slot, instance) = (state.slot, state.instance);
        let bound =
            execution.targets.get(slot).and_then(Option::as_ref).map(|target| target.instance);
        if let Some(bound) = bound
            && execution.bound[bound].id == instance
        {
            let mut budget = execution.cleanup;
            if budget.remaining().is_zero() {
                self.discard(execution, bound);
            } else {
                let dropped = execution.enter(&self.environment, slot, |entered| {
                    let callee = entered.callee(AggregateMethod::Drop, &ANY)?;
                    let handle = [ValueRef::Integer(state.handle)];
                    entered.guest.without_sql(|guest| {
                        guest.call(callee, &handle[..], &mut budget, |_: ValueRef<'_>, _: u8| ())
                    })
                });
                execution.cleanup = budget;
                if let Err(error) = dropped {
                    // This only counts the error, because the statement ends for another reason.
                    self.fail(execution, slot, *error);
                }
            }
        }
        self.forget(execution, state);
    }

    fn forget(&self, execution: &mut Execution, state: AggregateState) {
        if execution.instance(state.slot) == Some(state.instance)
            && let Some(Some(target)) = execution.targets.get_mut(state.slot)
        {
            target.states.remove(&state.handle);
        }
        execution.batches.put(state.batch);
    }

    fn call_state<R>(
        &self,
        execution: &mut Execution,
        state: &mut AggregateState,
        method: AggregateMethod,
        sink: impl Sink<R>,
    ) -> Result<R> {
        self.within(execution, state, |state, entered| {
            let signature = state.signature(method);
            let callee = entered.callee(method, &signature)?;
            let handle = [ValueRef::Integer(state.handle)];
            entered.guest.call(callee, &handle[..], entered.budget, sink)
        })
    }

    /// Enters the state's instance, if that still exists.
    fn within<R>(
        &self,
        execution: &mut Execution,
        state: &mut AggregateState,
        body: impl FnOnce(&mut AggregateState, Entered<'_>) -> CallResult<R>,
    ) -> Result<R> {
        let slot = state.slot;
        let result = match execution.instance(slot) == Some(state.instance) {
            true => execution.enter(&self.environment, slot, |entered| body(state, entered)),
            false => Err(gone().into()),
        };
        result.map_err(|error| self.fail_state(execution, state, *error))
    }

    /// The error that SQL users see for a failed call with a state.
    #[cold]
    pub fn fail_state(
        &self,
        execution: &mut Execution,
        state: &AggregateState,
        error: CallError,
    ) -> Error {
        if execution.instance(state.slot) == Some(state.instance) {
            return self.fail(execution, state.slot, error);
        }
        let policy = &state.callable.object.policy;
        failure::call(&*state.callable, policy, &self.environment.settings.limits, error)
    }
}

/// The method that rows are passed to.
fn method(rows: Rows) -> AggregateMethod {
    match rows {
        Rows::In => AggregateMethod::Step,
        Rows::Out => AggregateMethod::Inverse,
    }
}
