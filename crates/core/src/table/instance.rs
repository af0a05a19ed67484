//! The instance of a table: the execution that owns it, and calls of its methods.

use std::sync::Arc;
use std::time::Duration;

use super::Access;
use crate::error::Result;
use crate::guest::{Arguments, CallError, CallResult, Callee, Fetched, Guest, Image, Sink};
use crate::manifest::{Signature, TableMethod};
use crate::registry::TableEntry;
use crate::runtime::{FunctionId, StatementBudget};
use crate::session::{Binding, Entered, Execution, InstanceId, Session};
use crate::value::ValueRef;

/// The only slot of a table's execution.
const SLOT: usize = 0;

/// Time limit of a call that frees something.
const CLEANUP_TIME: Duration = Duration::from_millis(100);

const ANY: Signature = Signature::ANY;

/// The instance of a table. Return it with [`TableInstance::end`].
pub(super) struct TableInstance {
    pub(super) entry: Arc<TableEntry>,
    execution: Execution,
    /// For each method, the index of its export in the binding.
    exports: [Option<u8>; TableMethod::ALL.len()],
}

impl TableInstance {
    pub(super) fn new(entry: Arc<TableEntry>, execution: Execution) -> Self {
        let mut exports = [None; TableMethod::ALL.len()];
        for (export, method) in (0..).zip(entry.table.methods.keys()) {
            exports[*method as usize] = Some(export);
        }
        Self { entry, execution, exports }
    }

    pub(super) fn end(self, session: &Session) {
        session.end(self.execution);
    }

    /// Compiles the module, unless it is compiled.
    pub(super) fn load(&mut self, access: Access<'_>) -> Result<()> {
        let read = |sha256: &[u8; 32]| (access.read)(sha256);
        access.session.compiled(&mut self.execution, &self.entry.callable, read).map(drop)
    }

    /// Takes an instance if there is none. Returns its id.
    pub(super) fn bind(&mut self, access: Access<'_>) -> Result<InstanceId> {
        loop {
            if let Some(instance) = self.execution.instance(SLOT) {
                return Ok(instance);
            }
            let binding = Binding {
                callable: Arc::clone(&self.entry.callable),
                exports: self.entry.table.methods.values().cloned().collect(),
                signature: Arc::new(self.entry.table.signature()),
                subtype: false,
                validates: false,
            };
            let read = |sha256: &[u8; 32]| (access.read)(sha256);
            let module = access.session.compiled(&mut self.execution, &binding.callable, read)?;
            access.session.bind(&mut self.execution, SLOT, binding, &module)?;
        }
    }

    /// Whether this is the current instance, not a lost one.
    pub(super) fn lives(&self, instance: InstanceId) -> bool {
        self.execution.instance(SLOT) == Some(instance)
    }

    /// The instance, for reading its answers.
    #[inline]
    pub(super) fn guest(&mut self, instance: InstanceId) -> Option<&mut Guest> {
        self.execution.guest(instance)
    }

    /// Whether the table has this method.
    pub(super) fn has(&self, method: TableMethod) -> bool {
        self.exports[method as usize].is_some()
    }

    /// Calls a method with these arguments.
    pub(super) fn call<R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        arguments: &[ValueRef<'_>],
        sink: impl FnOnce(ValueRef<'_>) -> CallResult<R>,
    ) -> Result<R> {
        self.call_any(session, method, arguments, sink)
    }

    /// Calls a method with any arguments.
    pub(super) fn call_any<A: Arguments + ?Sized, R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        arguments: &A,
        sink: impl FnOnce(ValueRef<'_>) -> CallResult<R>,
    ) -> Result<R> {
        self.enter(session, method, |method_call| method_call.call(arguments, false, sink))
    }

    /// Calls a method that is a scalar function in SQL.
    pub(super) fn call_scalar<A: Arguments + ?Sized, R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        arguments: &A,
        sink: impl Sink<R>,
    ) -> Result<R> {
        self.enter(session, method, |MethodCall { entered, function }| {
            let callee = Callee {
                function,
                signature: &ANY,
                subtype: true,
                result_bytes_max: entered.limits.result_bytes_max,
            };
            entered.guest.call_scalar(callee, arguments, entered.budget, sink)
        })
    }

    /// Calls a method with the table function's arguments, which are checked.
    pub(super) fn call_checked<A: Arguments + ?Sized, R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        arguments: &A,
        sink: impl FnOnce(ValueRef<'_>) -> CallResult<R>,
    ) -> Result<R> {
        self.enter(session, method, |method_call| method_call.call(arguments, true, sink))
    }

    /// Calls a method that returns rows.
    pub(super) fn batch(
        &mut self,
        session: &Session,
        method: TableMethod,
        arguments: &[ValueRef<'_>],
        columns: Option<u32>,
        rows_max: u32,
    ) -> Result<Option<Fetched>> {
        self.enter(session, method, |MethodCall { entered, function }| {
            entered.guest.fetch(function, arguments, columns, rows_max, entered.budget)
        })
    }

    /// Calls a method that frees something, even if the host wants the statement to end. Errors are ignored,
    /// because nothing depends on them. After a fault the instance is gone, and the fault is counted.
    pub(super) fn clean_up(&mut self, session: &Session, method: TableMethod, handle: i64) {
        let _ = self.enter(session, method, |MethodCall { entered, function }| {
            let mut budget = StatementBudget::for_cleanup(CLEANUP_TIME);
            let handle = [ValueRef::Integer(handle)];
            let Entered { guest, functions, binding, limits, budget: _ } = entered;
            guest.without_sql(|guest| {
                let entered = Entered { guest, functions, binding, limits, budget: &mut budget };
                MethodCall { entered, function }.call(&handle[..], false, |_| Ok(()))
            })
        });
    }

    /// Calls a method with arguments that contain pointers. `answer` gets the instance and the address of the
    /// result record.
    pub(super) fn call_image<R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        image: &mut Image,
        answer: impl FnOnce(&mut Guest, u32) -> CallResult<R>,
    ) -> Result<R> {
        self.enter(session, method, |MethodCall { entered, function }| {
            let pointer = entered.guest.call_image(function, image, entered.budget)?;
            answer(entered.guest, pointer)
        })
    }

    /// Begins another statement in the instance.
    pub(super) fn begin_statement(&mut self, session: &Session) {
        self.execution.renew(session.environment());
    }

    fn enter<R>(
        &mut self,
        session: &Session,
        method: TableMethod,
        body: impl FnOnce(MethodCall<'_>) -> CallResult<R>,
    ) -> Result<R> {
        let export = self.exports[method as usize];
        let result = self.execution.enter(session.environment(), SLOT, |entered| {
            let function = export.and_then(|export| entered.functions.get(usize::from(export)));
            match function {
                Some(&function) => body(MethodCall { entered, function }),
                None => Err(absent(method)),
            }
        });
        result.map_err(|error| self.fail(session, method, *error))
    }

    /// The error of a call or of its result, with the names of table and method.
    #[cold]
    pub(super) fn fail(
        &mut self,
        session: &Session,
        method: TableMethod,
        error: CallError,
    ) -> crate::Error {
        let table = &self.entry.callable.name;
        // SQL users call a table function by its own name, so errors about its arguments use that.
        let name = match method {
            TableMethod::Open if !self.entry.table.is_virtual() => format!("{table}()"),
            method => format!("{table}.{}()", method.field()),
        };
        if self.execution.instance(SLOT).is_none() {
            return session.describe(&self.entry.callable, &name, error);
        }
        session.fail_as(&mut self.execution, SLOT, Some(&name), error)
    }
}

#[cold]
fn absent(method: TableMethod) -> Box<CallError> {
    CallError::Argument(format!("there is no \"{}\"", method.field())).into()
}

/// An instance, for one call of a method.
struct MethodCall<'a> {
    entered: Entered<'a>,
    function: FunctionId,
}

impl MethodCall<'_> {
    fn call<A: Arguments + ?Sized, R>(
        self,
        arguments: &A,
        checked: bool,
        sink: impl FnOnce(ValueRef<'_>) -> CallResult<R>,
    ) -> CallResult<R> {
        let Self { entered, function } = self;
        let callee = Callee {
            function,
            signature: if checked { &entered.binding.signature } else { &ANY },
            // Methods have no declaration that could ask for subtypes.
            subtype: !checked,
            result_bytes_max: entered.limits.result_bytes_max,
        };
        let sink = |value: ValueRef<'_>, _: u8| sink(value);
        entered.guest.call(callee, arguments, entered.budget, sink)?
    }
}

/// The handle that a method returned.
pub(super) fn handle(value: ValueRef<'_>) -> CallResult<i64> {
    match value {
        ValueRef::Integer(handle) => Ok(handle),
        other => Err(no_handle(other).into()),
    }
}

#[cold]
fn no_handle(value: ValueRef<'_>) -> CallError {
    CallError::Protocol(format!(
        "its result has to be a handle, an integer, but is {}",
        value.class()
    ))
}
