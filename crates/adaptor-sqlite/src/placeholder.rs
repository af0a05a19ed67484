//! The functions that SQLite registers so that full-text search can replace them. They only fail.
//!
//! A function that an application registers under the same name and number of arguments takes such a place,
//! and nothing tells the two apart. On a connection of our own, our functions take the places first, when
//! it is opened. When one of them is destroyed, its place is somebody else's.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::c_int;
use std::rc::Rc;

use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::function_list::{Call, functions};
use crate::result::fail;
use crate::scalar::Function;
use crate::statement::Handle;
use crate::{full_text, scalar};

/// The places that are ours.
#[derive(Default)]
pub(crate) struct Placeholders(Rc<RefCell<HashSet<Call>>>);

/// What SQLite keeps for a placeholder.
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

/// Takes the places. Only for connections in which no application has registered anything yet.
pub(crate) fn register(handle: Handle, places: &Placeholders) -> Result<()> {
    for call in functions(handle)?.into_keys().filter(|call| full_text::is_known(&call.name)) {
        let (name, arguments) = (call.name.clone(), c_int::try_from(call.arguments).unwrap_or(-1));
        let ours = Rc::clone(&places.0);
        ours.borrow_mut().insert(call.clone());
        scalar::register(handle, &name, arguments, 0, Placeholder { call, ours })?;
    }
    Ok(())
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        self.ours.borrow_mut().remove(&self.call);
    }
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
        // The same message as that of SQLite's own.
        let message = format!("unable to use function {} in the requested context", this.call.name);
        // SAFETY: the context is that of this call.
        unsafe { fail(api, context, &Error::new(ErrorKind::Engine, message)) };
    }
}
