//! Commensal's own SQL functions: what a program that keeps its own driver needs besides SQL.
//!
//! Each is one function over a [`Call`]; the core does the work. Functions that change the catalog or
//! the settings are for top-level statements only. A schema, which comes with the file, cannot reach
//! them.

use std::ffi::c_int;
use std::rc::Rc;

use commensal_core::inspect::inspect_json;
use commensal_core::{Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::scalar;
use crate::scalar::Function;
use crate::state::ConnectionState;
use crate::values::Values;

mod call;
mod config;
mod context;
mod exec;
mod import;
mod run;

pub(crate) use config::unlock;

use self::context::Call;

/// A function: its name, its argument count (-1 for any), its flags and what it does.
struct Builtin {
    name: &'static str,
    arguments: c_int,
    flags: c_int,
    run: fn(&Call<'_>) -> Result<()>,
}

const FUNCTIONS: &[Builtin] = &[
    Builtin { name: "wasm_exec", arguments: -1, flags: SQLITE_DIRECTONLY, run: exec::exec },
    Builtin { name: "wasm_call", arguments: -1, flags: 0, run: call::call },
    Builtin { name: "run_wasm", arguments: -1, flags: 0, run: run::run },
    // It takes longer than a guest has time for.
    Builtin { name: "wasm_inspect", arguments: 1, flags: SQLITE_DIRECTONLY, run: inspect },
    Builtin { name: "wasm_config", arguments: 1, flags: 0, run: config::get },
    Builtin { name: "wasm_config", arguments: 2, flags: SQLITE_DIRECTONLY, run: config::set },
    Builtin {
        name: "wasm_import_libsql",
        arguments: 0,
        flags: SQLITE_DIRECTONLY,
        run: import::libsql,
    },
    Builtin { name: "wasm_error", arguments: 0, flags: SQLITE_DIRECTONLY, run: error },
    Builtin { name: "wasm_refresh", arguments: 0, flags: SQLITE_DIRECTONLY, run: refresh },
];

/// What SQLite keeps for a registered function.
struct Registration {
    state: Rc<ConnectionState>,
    function: &'static Builtin,
}

/// Registers the functions.
pub(crate) fn register(state: &Rc<ConnectionState>) -> Result<()> {
    for function in FUNCTIONS {
        let &Builtin { name, arguments, flags, .. } = function;
        let registration = Registration { state: Rc::clone(state), function };
        scalar::register(state.handle, name, arguments, flags, registration)?;
    }
    Ok(())
}

impl Function for Registration {
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function was registered with this, which outlives the call.
        let this = unsafe { &*(api.sqlite3_user_data)(context).cast::<Self>() };
        // The function may be replaced while it runs; then SQLite destroys `this`.
        let (state, function) = (Rc::clone(&this.state), this.function);
        // SAFETY: SQLite gives `argc` values.
        let arguments = unsafe { Values::new(api, argc, argv) };
        let call = Call { state: &state, name: function.name, context, arguments };
        // SQLite before 3.51 lets a guest's statement call functions for top-level statements.
        let is_refused = function.flags & SQLITE_DIRECTONLY != 0 && state.services.sql.is_running();
        let called = if is_refused { Err(call.not_for_guests()) } else { (function.run)(&call) };
        if let Err(error) = called {
            // SAFETY: the context is that of this call.
            unsafe { state.report(context, error.without_offset()) };
        }
    }
}

/// `wasm_error()`: why a collation interrupted the last statement, or why a virtual table could not be dropped, or NULL.
/// They have no other way to tell in a program that drives SQLite itself.
fn error(call: &Call<'_>) -> Result<()> {
    let error = call.state.take_collation_error().or_else(|| call.state.take_destroy_error());
    call.give(error.as_ref().map_or(ValueRef::Null, |error| ValueRef::Text(error.message())));
    Ok(())
}

/// `wasm_inspect(module)`: what can be known of a module without running it, as JSON.
fn inspect(call: &Call<'_>) -> Result<()> {
    let report = inspect_json(call.module(0)?, &call.state.environment().settings.limits);
    call.give(ValueRef::Text(&report));
    Ok(())
}

/// `wasm_refresh()`: reads the catalog again, and gives the number of functions that can be called.
fn refresh(call: &Call<'_>) -> Result<()> {
    let registry = call.state.refresh()?;
    let functions = registry.functions().filter(|function| !function.shadowed).count();
    call.give(ValueRef::Integer(i64::try_from(functions).unwrap_or(i64::MAX)));
    Ok(())
}
