//! The functions that SQLite registers for full-text search to put its own in their place. They only fail.
//!
//! What an application registers under the name and number of arguments takes such a place, and nothing
//! tells the one from the other. In a connection that is ours from its opening on, ours take the places
//! first; when one of them is destroyed, its place is somebody else's.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{CString, c_int, c_void};
use std::rc::Rc;

use commensal_core::{Error, ErrorKind, Result};

use crate::api::code::*;
use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::full_text;
use crate::function::{Function, guard, scalar_of};
use crate::known::functions;
use crate::program::Call;
use crate::result::fail;
use crate::state::State;

/// The places that are ours.
#[derive(Default)]
pub(crate) struct Placeholders(Rc<RefCell<HashSet<Call>>>);

/// What SQLite keeps for one.
struct Placeholder {
    call: Call,
    ours: Rc<RefCell<HashSet<Call>>>,
}

impl Placeholders {
    /// Whether a call reaches a function of ours, which only fails, unless a table has one of its own.
    pub(crate) fn has(&self, call: &Call) -> bool {
        self.0.borrow().contains(call)
    }
}

/// Takes the places. For connections in which no application has registered anything yet.
pub(crate) fn register(state: &State) -> Result<()> {
    let run = scalar_of::<Placeholder>(state.handle.api)?;
    for call in functions(state)?.into_keys().filter(|call| full_text::is_known(&call.name)) {
        let name = CString::new(call.name.as_str()).unwrap_or_default();
        let arguments = c_int::try_from(call.arguments).unwrap_or(-1);
        let ours = Rc::clone(&state.placeholders.0);
        ours.borrow_mut().insert(call.clone());
        let data = Box::into_raw(Box::new(Placeholder { call, ours })).cast::<c_void>();
        // SAFETY: the connection is open and the name ends with a NUL. SQLite owns the data from here on,
        // and destroys it also when this fails.
        let code = unsafe {
            (state.handle.api.sqlite3_create_function_v2)(
                state.handle.db(),
                name.as_ptr(),
                arguments,
                SQLITE_UTF8,
                data,
                Some(run),
                None,
                None,
                Some(destroy),
            )
        };
        state.handle.check(code)?;
    }
    Ok(())
}

unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: the box that `register` gave away; SQLite destroys it once.
            let placeholder = unsafe { Box::from_raw(data.cast::<Placeholder>()) };
            placeholder.ours.borrow_mut().remove(&placeholder.call);
        },
    );
}

impl Function for Placeholder {
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        _argc: c_int,
        _argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function was registered with this, which outlives the call.
        let this = unsafe { &*(api.sqlite3_user_data)(context).cast::<Self>() };
        // As SQLite's own says it.
        let message = format!("unable to use function {} in the requested context", this.call.name);
        // SAFETY: the context is that of this call.
        unsafe { fail(api, context, &Error::new(ErrorKind::Engine, message)) };
    }
}
