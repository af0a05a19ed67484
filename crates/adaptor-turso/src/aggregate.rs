//! The aggregate functions behind definitions.
//!
//! The engine knows only the aggregates that it was opened with, by their names. So it is opened with a
//! number of them without a meaning. A statement gives them one: the first aggregate of a definition that
//! it uses is the first of these (`rewrite.rs`).
//!
//! Per row: the engine's accumulator has the state, whose batch takes the arguments; see `session` of the
//! core.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use commensal_core::guest::{Appended, Arguments, CallResult, Unreadable};
use commensal_core::manifest::FunctionKey;
use commensal_core::session::{AggregateState, Rows};
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::native_ext::{
    Aggregate, AggregateFunction, FunctionArity, ScalarCall, ScalarFunction,
};
use turso_core::types::IOResultOr;
use turso_core::{Connection, ExternalFunc, IOResult, LimboError, OpenOptions, Register, Value};

use crate::error;
use crate::error::{no_statement, panicked};
use crate::meaning::{AGGREGATES_MAX, Meaning, PLAIN, name};
use crate::row::Row;
use crate::running::{self, Running};
use crate::value::{borrowed, owned, subtype};

/// What the engine is to call if it finds an aggregate in place of a scalar function, because it would
/// panic. `None` if the name is not that of such an aggregate.
pub(crate) fn misused(name: &str) -> turso_core::Result<Option<ExternalFunc>> {
    let number = name.strip_prefix(PLAIN).and_then(|number| number.parse().ok());
    let misused = |number| {
        ExternalFunc::new_native_scalar(
            name.to_owned(),
            FunctionArity::Variadic,
            // If it were deterministic, the engine would take a call with constants for a constant.
            false,
            Misused(number),
        )
    };
    number.map(misused).transpose()
}

/// The scalar function that fails.
#[derive(Debug, Clone, Copy)]
struct Misused(usize);

impl ScalarFunction for Misused {
    type Call = Self;

    fn create_call(&self) -> turso_core::Result<Self> {
        Ok(*self)
    }
}

impl ScalarCall for Misused {
    fn step(&mut self, _: &Arc<Connection>, _: &[Register]) -> IOResultOr<Value> {
        within(|running| {
            let key = running.aggregates.get(self.0);
            let key = key.and_then(|meaning| running.state.key_of_slot(meaning.slot));
            let message = match key {
                Some(key) => format!("misuse of aggregate function {}()", key.0),
                None => "misuse of an aggregate function".to_owned(),
            };
            Err(Error::new(ErrorKind::Engine, message))
        })
    }
}

/// Adds the aggregates.
pub(crate) fn register(options: OpenOptions) -> OpenOptions {
    let names = (0..AGGREGATES_MAX).flat_map(|number| [(number, true), (number, false)]);
    names.fold(options, |options, (number, is_plain)| {
        let name = name(number, is_plain);
        match ExternalFunc::new_native_aggregate(name, 1, Numbered(number)) {
            Ok(function) => options.extension_function(function),
            // Only a negative number of arguments would be refused.
            Err(_) => options,
        }
    })
}

/// An aggregate of a statement, by its number there.
#[derive(Debug)]
struct Numbered(usize);

impl AggregateFunction for Numbered {
    type Accumulator = Accumulator;

    fn create_accumulator(&self) -> turso_core::Result<Accumulator> {
        Ok(Accumulator { number: self.0, group: None })
    }
}

/// What the engine keeps for a group of rows.
struct Accumulator {
    number: usize,
    /// Made by the first row.
    group: Option<Group>,
}

/// A group of rows that is being aggregated.
struct Group {
    state: AggregateState,
    /// The execution that the state is part of.
    execution_number: u64,
    packed: bool,
}

impl std::fmt::Debug for Accumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accumulator").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Aggregate for Accumulator {
    fn step(&mut self, args: &[Value]) -> IOResultOr<()> {
        let group = match &mut self.group {
            Some(group) => group,
            none => none.insert(within(|running| open(running, self.number))?),
        };
        match args {
            [_] if !group.packed => group.take(&Values(args)),
            [Value::Blob(bytes)] => match Row::read(bytes) {
                Some(row) => group.take(&row),
                None => Err(Box::new(error::of_function(&no_statement()))),
            },
            _ => Err(Box::new(error::of_function(&no_statement()))),
        }
        .map(IOResult::Done)
    }

    fn finalize(&mut self) -> IOResultOr<Value> {
        within(|running| {
            let group = match self.group.take() {
                Some(group) => group,
                None => open(running, self.number)?,
            };
            let (session, execution) = running.execution_of(group.execution_number)?;
            session.finalize(execution, group.state, owned)
        })
        .map(IOResult::Done)
    }
}

impl Group {
    /// Takes a row.
    #[inline]
    fn take<A: Arguments>(&mut self, arguments: &A) -> Result<(), Box<LimboError>> {
        if self.state.append_plain(Rows::In, arguments) {
            return Ok(());
        }
        match self.state.append(Rows::In, arguments) {
            Ok(Appended::Done) => Ok(()),
            appended => self.pass(arguments, appended),
        }
    }

    /// Handles a row that completes a batch or could not be appended.
    #[cold]
    fn pass<A: Arguments>(
        &mut self,
        arguments: &A,
        appended: CallResult<Appended>,
    ) -> Result<(), Box<LimboError>> {
        let Self { state, execution_number, .. } = self;
        within(|running| {
            let (session, execution) = running.execution_of(*execution_number)?;
            match appended {
                Ok(appended) => session.pass_rows(execution, state, Rows::In, arguments, appended),
                Err(error) => Err(session.fail_state(execution, state, *error)),
            }
        })
    }
}

impl Drop for Accumulator {
    /// Nobody wants the result. If the execution has ended, its states have ended with it.
    fn drop(&mut self) {
        let Some(group) = self.group.take() else { return };
        let Some(mut running) = running::take() else { return };
        if let Ok((session, execution)) = running.execution_of(group.execution_number) {
            session.discard_state(execution, group.state);
        }
        running::put(running);
    }
}

/// Runs `body` with what this thread works on.
fn within<T>(body: impl FnOnce(&mut Running) -> Result<T>) -> Result<T, Box<LimboError>> {
    let Some(mut running) = running::take() else {
        return Err(Box::new(error::of_function(&no_statement())));
    };
    // A panic loses what was bound; it is bound again.
    match catch_unwind(AssertUnwindSafe(|| body(&mut running))) {
        Ok(result) => {
            let result = result.map_err(|error| running.fail(error));
            running::put(running);
            result
        }
        Err(_) => Err(Box::new(error::of_function(&panicked()))),
    }
}

/// Makes a state. Binds the aggregate to the statement's snapshot first, unless it is bound already.
#[cold]
fn open(running: &mut Running, number: usize) -> Result<Group> {
    let Meaning { slot, packed } = *running.aggregates.get(number).ok_or_else(no_statement)?;
    let state = Arc::clone(&running.state);
    if !running.execution.as_ref().is_some_and(|execution| execution.is_bound(slot)) {
        let key = state.key_of_slot(slot).ok_or_else(no_statement)?;
        bind(running, slot, &key)?;
    }
    let execution_number = running.execution_number;
    let (session, execution) = running.execution_of(execution_number)?;
    Ok(Group { state: session.open_state(execution, slot)?, execution_number, packed })
}

fn bind(running: &mut Running, slot: usize, key: &FunctionKey) -> Result<()> {
    running.registry().map_err(|error| error.of_function(&key.0))?;
    let state = Arc::clone(&running.state);
    let Some(execution) = running.execution.as_mut() else { return Err(no_statement()) };
    let read = |sha256: &[u8; 32]| state.read_module(sha256);
    state.session.bind_aggregate(execution, slot, key, |_| Ok(()), read)
}

/// The engine's values as arguments.
struct Values<'a>(&'a [Value]);

impl Arguments for Values<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(borrowed(&self.0[position]))
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        subtype(&self.0[position])
    }
}
