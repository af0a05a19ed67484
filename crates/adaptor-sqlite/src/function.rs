//! The scalar function behind every slot: from SQLite's call to the guest and back.
//!
//! Per row: the context of the running statement is found ([`sqlite3_get_auxdata`]), an index gives the
//! bound function, the arguments go from SQLite's values into guest memory and the result from there
//! to SQLite. Nothing is allocated, hashed, locked or looked up by name.
//!
//! [`sqlite3_get_auxdata`]: https://www.sqlite.org/c3ref/get_auxdata.html

use std::ffi::{c_int, c_void};
use std::rc::Rc;

use commensal_core::manifest::FunctionKey;
use commensal_core::registry::FunctionEntry;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::form::Form;
use crate::guard::guard;
use crate::result::{ResultContext, set_result};
use crate::scalar::{Function, scalar_of};
use crate::state::ConnectionState;
use crate::statement::Handle;
use crate::statement_context::StatementContext;
use crate::values::Values;

/// What SQLite keeps for a registered function.
pub(crate) struct FunctionSlot {
    pub(crate) state: Rc<ConnectionState>,
    pub(crate) number: usize,
    pub(crate) key: FunctionKey,
    /// What SQLite was told about it.
    pub(crate) form: Form,
}

/// The destructor of a slot.
pub(crate) unsafe extern "C" fn destroy_slot(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `create_function` gave away, and SQLite destroys it once.
            let slot = unsafe { Box::from_raw(data.cast::<FunctionSlot>()) };
            slot.state.slots.borrow_mut().destroyed(slot.number, &slot.key);
        },
    );
}

/// Makes SQLite recompile every prepared statement before it runs again. SQLite does so when a function
/// is deleted, but not when a module changes. The connection is idle.
pub(crate) fn expire_statements(handle: Handle) -> Result<()> {
    const NAME: &std::ffi::CStr = c"wasm_expire_statements";
    let function = scalar_of::<FunctionSlot>(handle.api)?;
    for function in [Some(function), None] {
        // SAFETY: the connection is open, and the name ends with a NUL. Nothing can call the
        // function before it is deleted.
        let code = unsafe {
            (handle.api.sqlite3_create_function_v2)(
                handle.db(),
                NAME.as_ptr(),
                0,
                SQLITE_UTF8,
                std::ptr::null_mut(),
                function,
                None,
                None,
                None,
            )
        };
        handle.check(code)?;
    }
    Ok(())
}

impl Function for FunctionSlot {
    #[inline]
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function was registered with a slot, which outlives the call.
        let slot = unsafe { &*(api.sqlite3_user_data)(context).cast::<FunctionSlot>() };
        // SAFETY: SQLite gives `argc` values.
        let arguments = unsafe { Values::new(api, argc, argv) };
        // SAFETY: the context is that of this call.
        let statement = unsafe { StatementContext::of(api, context) };
        let result = match statement {
            // SAFETY: as above.
            None => unsafe { first_call(slot, context, &arguments) },
            Some(statement) => slot.run(api, statement, context, &arguments),
        };
        if let Err(error) = result {
            // SAFETY: the context is that of this call.
            unsafe { slot.state.report(context, error) };
        }
    }
}

/// Runs the first call of a statement. This pins what the statement sees.
///
/// # Safety
/// `context` is that of a call.
#[cold]
unsafe fn first_call(
    slot: &FunctionSlot,
    context: *mut sqlite3_context,
    arguments: &Values<'_>,
) -> Result<()> {
    let statement = slot.state.statement();
    // SAFETY: the context is that of a call.
    if !unsafe { statement.attach(context) } {
        // SAFETY: as above.
        unsafe { estimate(slot, &statement, context, arguments) };
        return Ok(());
    }
    statement.begin().map_err(|e| e.of_function(&slot.key.0))?;
    slot.run(slot.state.handle.api, &statement, context, arguments)
}

/// Calls a deterministic function with constants while SQLite prepares a statement, to estimate how
/// many rows have its value (builds with STAT4).
///
/// No SQL may run here: it could find that the schema has changed, and SQLite would drop the schema from
/// under the statement that it is compiling. So this uses only what is loaded already. Nor may it fail,
/// because preparing would fail, too. Without a value SQLite estimates in another way.
///
/// # Safety
/// `context` is that of a call.
unsafe fn estimate(
    slot: &FunctionSlot,
    statement: &StatementContext,
    context: *mut sqlite3_context,
    arguments: &Values<'_>,
) {
    let state = &slot.state;
    statement.begin_with(state.registry());
    let is_compiled = statement.with(&slot.key.0, |_, execution| {
        let object = execution.find(&slot.key)?.object();
        let compiled = object.module.compiled(object.policy.metering());
        Ok(object.problem.is_none() && compiled.is_some())
    });
    let is_compiled = is_compiled.unwrap_or(false);
    let run = || slot.run(state.handle.api, statement, context, arguments);
    if !is_compiled || state.services.sql.preparing(run).is_err() {
        // SAFETY: the caller's promise.
        unsafe { set_result(state.handle.api, context, ValueRef::Null, 0) };
    }
}

impl FunctionSlot {
    /// Calls the guest within a pinned statement.
    #[inline]
    fn run(
        &self,
        api: &'static Api,
        statement: &StatementContext,
        context: *mut sqlite3_context,
        arguments: &Values<'_>,
    ) -> Result<()> {
        // SAFETY: the context is that of the running call of `xFunc`; only the guest keeps anything there.
        let place = unsafe { ResultContext::of_guest(api, context) };
        statement.call(self.number, &self.key.0, place, arguments, |session, execution| {
            self.check_promises(execution.find(&self.key)?)?;
            let read_module = |sha256: &[u8; 32]| self.state.read_module(sha256);
            session.bind_key(execution, self.number, &self.key, read_module)
        })
    }
}

impl FunctionSlot {
    /// Fails if SQLite's flags for the function are out of date. They cannot change while statements run.
    #[cold]
    pub(crate) fn check_promises(&self, entry: &FunctionEntry) -> Result<()> {
        let broken = self.form.flags & !Form::of(entry).flags;
        let what = if broken & SQLITE_DETERMINISTIC != 0 {
            "is no longer deterministic"
        } else if broken & SQLITE_INNOCUOUS != 0 {
            "now asks for capabilities"
        } else {
            return Ok(());
        };
        let name = entry.name();
        Err(Error::new(
            ErrorKind::InUse,
            format!(
                "{name}() {what}, and SQLite can learn that only while no statement of the \
                 connection runs: end them all, then query wasm_functions"
            ),
        ))
    }
}
