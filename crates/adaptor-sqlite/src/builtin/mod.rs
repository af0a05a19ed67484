//! Commensal's own SQL functions: what a program that keeps its own driver needs besides SQL.
//!
//! Each is one function over a [`Call`]; what they do is the core's. Those that change the catalog or
//! the settings are for top-level statements only: a schema, which comes with the file, cannot reach
//! them.

use std::ffi::{c_int, c_void};
use std::rc::Rc;

use commensal_core::guest::Arguments;
use commensal_core::inspect::inspect_json;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::guard::guard;
use crate::numbers::Number;
use crate::pin::Pin;
use crate::result::{Place, set_result};
use crate::scalar;
use crate::scalar::Function;
use crate::state::State;
use crate::values::Values;

mod call;
mod config;
mod exec;
mod import;
mod run;

pub(crate) use config::unlock;
pub(crate) use run::GivenModules;

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
    Builtin { name: "wasm_inspect", arguments: 1, flags: SQLITE_INNOCUOUS, run: inspect },
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
    state: Rc<State>,
    function: &'static Builtin,
}

/// A call of one of the functions, for as long as it runs.
struct Call<'a> {
    state: &'a Rc<State>,
    name: &'static str,
    context: *mut sqlite3_context,
    arguments: Values<'a>,
}

/// Registers the functions.
pub(crate) fn register(state: &Rc<State>) -> Result<()> {
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
        // SQLite before 3.51 does not keep a guest's statement from what is for top-level ones.
        let is_refused = function.flags & SQLITE_DIRECTONLY != 0 && state.services.sql.is_running();
        let called = if is_refused { Err(call.not_for_guests()) } else { (function.run)(&call) };
        if let Err(error) = called {
            // SAFETY: the context is that of this call.
            unsafe { state.report(context, error) };
        }
    }
}

impl Call<'_> {
    #[cold]
    fn not_for_guests(&self) -> Error {
        Error::new(
            ErrorKind::Denied,
            format!("{}() is not for guests, nor for what their statements call", self.name),
        )
    }

    /// The argument at this position, from 0.
    fn argument(&self, position: usize) -> Result<ValueRef<'_>> {
        if position >= self.arguments.len() {
            let message = format!("wrong number of arguments to function {}()", self.name);
            return Err(Error::new(ErrorKind::Argument, message));
        }
        self.arguments.get(position).map_err(|_| {
            self.error(format!("argument {} is text that is not valid UTF-8", position + 1))
        })
    }

    /// The argument at this position, which has to be text; `what` it is, for the message.
    fn text(&self, position: usize, what: &str) -> Result<&str> {
        match self.argument(position)? {
            ValueRef::Text(text) => Ok(text),
            other => Err(self.error(format!(
                "argument {} has to be text, {what}, but is {}",
                position + 1,
                other.class()
            ))),
        }
    }

    /// The bytes of a module, or of its text.
    fn module(&self, position: usize) -> Result<&[u8]> {
        match self.argument(position)? {
            ValueRef::Blob(bytes) => Ok(bytes),
            ValueRef::Text(text) => Ok(text.as_bytes()),
            other => Err(self.error(format!(
                "argument {} has to be a module, a blob or text (WAT), but is {}",
                position + 1,
                other.class()
            ))),
        }
    }

    /// Runs `f` with the pin of the statement.
    #[inline]
    fn with_pin<R>(&self, f: impl FnOnce(&Pin) -> Result<R>) -> Result<R> {
        // SAFETY: the context is that of the call that `self` does not outlive.
        if let Some(pin) = unsafe { Pin::of(self.state.handle.api, self.context) } {
            return f(pin);
        }
        let pin = Pin::new(self.state);
        // SAFETY: as above. What SQLite does not keep lives as long as this call.
        unsafe { pin.attach(self.context) };
        pin.begin()?;
        f(&pin)
    }

    /// What an earlier call, of an earlier row, kept for its first argument.
    #[inline]
    fn kept(&self) -> Option<Rc<Kept>> {
        // SAFETY: the context is that of the call that `self` does not outlive. What is kept under
        // this number is what `keep` put there: a reference that SQLite holds until it destroys it.
        unsafe {
            let data = (self.state.handle.api.sqlite3_get_auxdata)(self.context, 0).cast::<Kept>();
            if data.is_null() {
                return None;
            }
            Rc::increment_strong_count(data);
            Some(Rc::from_raw(data))
        }
    }

    /// Keeps something for later calls of the statement, as long as the first argument is the same
    /// constant.
    #[cold]
    fn keep(&self, kept: Kept) -> Rc<Kept> {
        let kept = Rc::new(kept);
        let data = Rc::into_raw(Rc::clone(&kept)).cast_mut().cast::<c_void>();
        // SAFETY: the context is that of the call that `self` does not outlive. SQLite owns the
        // reference from here on.
        unsafe {
            let api = self.state.handle.api;
            (api.sqlite3_set_auxdata)(self.context, 0, data, Some(destroy_kept));
        }
        kept
    }

    /// Where the result goes. What is called there can be another guest in each row, so that none keeps
    /// anything for an argument.
    fn place(&self) -> Place {
        // SAFETY: the context is that of the call that `self` does not outlive.
        unsafe { Place::new(self.state.handle.api, self.context) }
    }

    /// Gives SQLite the result.
    fn give(&self, value: ValueRef<'_>) {
        // SAFETY: the context is that of the call that `self` does not outlive.
        unsafe { set_result(self.state.handle.api, self.context, value, 0) };
    }

    /// An error under the function's name.
    #[cold]
    fn prefixed(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("{}(): {error}", self.name))
    }

    /// What is wrong with the arguments.
    #[cold]
    fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Argument, format!("{}(): {what}", self.name))
    }
}

/// `wasm_error()`: why the last statement was interrupted, if a collation did it. Those have no other way
/// to tell, where the program drives SQLite itself.
fn error(call: &Call<'_>) -> Result<()> {
    let error = call.state.take_collation_error();
    call.give(error.as_ref().map_or(ValueRef::Null, |error| ValueRef::Text(error.message())));
    Ok(())
}

/// `wasm_inspect(module)`: what can be known of a module without running it, as JSON.
fn inspect(call: &Call<'_>) -> Result<()> {
    let report = inspect_json(call.module(0)?, &call.state.environment().settings.limits);
    call.give(ValueRef::Text(&report));
    Ok(())
}

/// What a call keeps for later rows, when its first argument is a constant.
struct Kept {
    number: Number,
    /// The hash of the module, of `run_wasm`.
    source: Option<[u8; 32]>,
    /// The export, of `run_wasm`.
    export: String,
}

unsafe extern "C" fn destroy_kept(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the reference that `keep` gave away, and SQLite destroys it once.
            drop(unsafe { Rc::from_raw(data.cast::<Kept>()) });
        },
    );
}

/// `wasm_refresh()`: reads the catalog again, and gives the number of functions that can be called.
fn refresh(call: &Call<'_>) -> Result<()> {
    let registry = call.state.refresh()?;
    let functions = registry.functions().filter(|function| !function.shadowed).count();
    call.give(ValueRef::Integer(i64::try_from(functions).unwrap_or(i64::MAX)));
    Ok(())
}
