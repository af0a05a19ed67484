//! The scalar function behind every slot: from the engine's call to the guest and back.
//!
//! Per row: what the thread works on is taken from its place, an index gives the bound function, the
//! arguments go from the engine's registers into guest memory and the result from there to the engine.
//! Nothing is allocated, hashed, locked or looked up by name.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use commensal_core::guest::{Arguments, Unreadable};
use commensal_core::manifest::{FunctionBody, FunctionKey};
use commensal_core::registry::FunctionEntry;
use commensal_core::{Error, ErrorKind, Result, ValueRef};
use turso_core::native_ext::{FunctionArity, ScalarCall, ScalarFunction};
use turso_core::types::IOResultOr;
use turso_core::{Connection, ExternalFunc, IOResult, Numeric, Register, Value};

use crate::error::{self, no_statement, panicked};
use crate::running::{self, Running};
use crate::state::ConnectionState;
use crate::value::{borrowed, owned, subtype};

/// What the engine keeps for a resolved function.
#[derive(Debug)]
pub(crate) struct FunctionSlot {
    /// Index among the slots of its connection.
    pub(crate) number: usize,
    pub(crate) key: Arc<FunctionKey>,
}

impl FunctionSlot {
    /// The function as the engine wants it.
    pub(crate) fn function(self, entry: &FunctionEntry) -> turso_core::Result<ExternalFunc> {
        let arity = match usize::try_from(entry.arguments) {
            Ok(count) => FunctionArity::Exact(count),
            Err(_) => FunctionArity::Variadic,
        };
        ExternalFunc::new_native_scalar(self.key.0.clone(), arity, entry.deterministic, self)
    }
}

/// The function that a call means, for a statement that is being prepared.
///
/// # Errors
/// The function has another number of arguments.
pub(crate) fn resolve(
    state: &ConnectionState,
    name: &str,
    arguments: usize,
) -> Result<Option<Arc<ExternalFunc>>> {
    let registry = state.registry();
    let Some(entry) = registry.callable(name, arguments) else {
        let is_ours =
            |entry: &Arc<FunctionEntry>| !entry.shadowed && entry.name().eq_ignore_ascii_case(name);
        return match registry.functions().any(is_ours) {
            true => Err(registry.no_such_function(name)),
            false => Ok(None),
        };
    };
    if let FunctionBody::Aggregate(_) = entry.body {
        // Aggregates in the statement itself were replaced before.
        let message = format!(
            "{name}() is an aggregate of a definition: Turso does not use these in triggers and constraints"
        );
        return Err(Error::new(ErrorKind::Engine, message));
    }
    let make = |number, key| FunctionSlot { number, key }.function(entry).map_err(error::of_engine);
    state.function(entry, make).map(Some)
}

thread_local! {
    /// The slot that is called. The engine makes a call for each row and steps it at once. A call that held
    /// its slot's number would be allocated.
    static CALLED: Cell<usize> = const { Cell::new(0) };
}

impl ScalarFunction for FunctionSlot {
    type Call = Call;

    fn create_call(&self) -> turso_core::Result<Call> {
        CALLED.set(self.number);
        Ok(Call)
    }
}

/// One call. It has no size, so boxing it allocates nothing.
pub(crate) struct Call;

impl ScalarCall for Call {
    /// The result is written where the engine wants it, and is not passed on: if a value is written to the
    /// stack in parts and moved from there as a whole, the processor waits each time.
    fn step(&mut self, connection: &Arc<Connection>, args: &[Register]) -> IOResultOr<Value> {
        let number = CALLED.get();
        let mut result = Ok(IOResult::Done(Value::Null));
        let body = || call(connection, number, &Registers(args), &mut result);
        // A panic loses what was bound; it is bound again.
        if catch_unwind(AssertUnwindSafe(body)).is_err() {
            return Err(Box::new(error::of_function(&panicked())));
        }
        result
    }
}

#[inline]
fn call(
    connection: &Arc<Connection>,
    number: usize,
    arguments: &Registers<'_>,
    result: &mut IOResultOr<Value>,
) {
    let Some(mut running) = running::take() else {
        *result = Err(Box::new(error::of_function(&no_statement())));
        return;
    };
    let called = if Arc::ptr_eq(&running.state.connection, connection) {
        run(&mut running, number, arguments, result)
    } else {
        Err(no_statement())
    };
    if let Err(error) = called {
        *result = Err(running.fail(error));
    }
    running::put(running);
}

/// Calls the guest within a statement.
#[inline]
fn run(
    running: &mut Running,
    number: usize,
    arguments: &Registers<'_>,
    result: &mut IOResultOr<Value>,
) -> Result<()> {
    if !running.execution.as_ref().is_some_and(|execution| execution.is_bound(number)) {
        // It was not called before, or a fault took its instance.
        bind(running, number)?;
    }
    let Running { state, execution: Some(execution), .. } = running else {
        return Err(no_statement());
    };
    let (mut integer, mut other) = (0, None);
    let sink = |value: ValueRef<'_>, subtype: u8| match value {
        ValueRef::Integer(value) => integer = value,
        value => other = Some(owned(value, subtype)),
    };
    match execution.call(&state.environment, number, arguments, sink) {
        Ok(()) => {
            *result = Ok(IOResult::Done(match other {
                None => Value::Numeric(Numeric::Integer(integer)),
                Some(value) => value,
            }));
            Ok(())
        }
        Err(error) => Err(state.session.fail(execution, number, *error)),
    }
}

/// Binds the slot to what the statement's snapshot says, and compiles the module if necessary.
#[cold]
fn bind(running: &mut Running, number: usize) -> Result<()> {
    let state = Arc::clone(&running.state);
    let key = state.key_of_slot(number).ok_or_else(no_statement)?;
    running.registry().map_err(|error| error.of_function(&key.0))?;
    let Some(execution) = running.execution.as_mut() else { return Err(no_statement()) };
    state.session.bind_key(execution, number, &key, |sha256| state.read_module(sha256))
}

/// The engine's registers as arguments.
struct Registers<'a>(&'a [Register]);

impl Arguments for Registers<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(borrowed(self.0[position].get_value()))
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        subtype(self.0[position].get_value())
    }
}
