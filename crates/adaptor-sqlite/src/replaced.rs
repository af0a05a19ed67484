//! Built-in functions that definitions replace here, because the host permits it.
//!
//! SQLite forgets its own function of a name for as long as the connection lasts: after ours is deleted, it finds
//! neither. So a function that only fails takes the place, and says what to do.

use std::collections::HashSet;
use std::ffi::c_int;

use commensal_core::manifest::FunctionKey;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::result::fail;
use crate::scalar::{self, Function};
use crate::statement::Handle;

/// Names of built-in functions, in ASCII lower case.
#[derive(Default)]
pub(crate) struct Replaced {
    /// Those that a definition could replace when the catalog was last read.
    now: HashSet<String>,
    /// Those that one could replace at any time.
    ever: HashSet<String>,
    /// Those whose definition is gone.
    gone: HashSet<FunctionKey>,
}

impl Replaced {
    /// Notes which can be replaced from now on.
    pub(crate) fn permit(&mut self, names: HashSet<String>) {
        self.ever.extend(names.iter().cloned());
        self.now = names;
    }

    /// Whether a definition replaces the built-in function of this name: `None` if there is none that one may replace.
    pub(crate) fn may_be(&self, name: &str) -> Option<bool> {
        self.ever.contains(name).then(|| self.now.contains(name))
    }

    /// The names whose definition is gone.
    pub(crate) fn gone(&self) -> impl Iterator<Item = String> {
        self.gone.iter().map(|(name, _)| name.clone())
    }

    /// Notes that a definition takes a place again.
    pub(crate) fn registered(&mut self, key: &FunctionKey) {
        self.gone.remove(key);
    }

    /// Notes that a function of a definition was deleted. Returns whether SQLite's own function was in its place.
    pub(crate) fn deleted(&mut self, key: &FunctionKey) -> bool {
        let was_replaced = self.ever.contains(&key.0);
        if was_replaced {
            self.gone.insert(key.clone());
        }
        was_replaced
    }
}

/// What SQLite keeps for a function whose definition is gone.
struct Gone(String);

/// Registers what says that the built-in function is not there any more.
///
/// # Errors
/// SQLite refuses the function.
pub(crate) fn register_gone(handle: Handle, (name, arguments): &FunctionKey) -> Result<()> {
    scalar::register(handle, name, *arguments, 0, Gone(name.clone()))
}

impl Function for Gone {
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        _argc: c_int,
        _argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function was registered with this, which outlives the call.
        let this = unsafe { &*(api.sqlite3_user_data)(context).cast::<Self>() };
        let message = format!(
            "a definition replaced the built-in {}(), and is gone: SQLite's own is there again once the database \
             is opened anew",
            this.0
        );
        // SAFETY: the context is that of this call.
        unsafe { fail(api, context, &Error::new(ErrorKind::Engine, message)) };
    }
}
