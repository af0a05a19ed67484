//! Auxiliary data of guests, as [that of SQLite](https://www.sqlite.org/c3ref/get_auxdata.html). SQLite
//! keeps each number for an argument of the running call, as long as it would for a function in C.
//!
//! A host function knows its connection but not the call that it runs in. So the call leaves its
//! context here, in a variable of its thread.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use commensal_core::host::call_site::{Auxiliary, CallSite, SentAuxiliary};

use crate::api::{Api, sqlite3_context};
use crate::guard::guard;

/// A call of `xFunc` that is running.
#[derive(Clone, Copy)]
struct Running {
    api: &'static Api,
    context: *mut sqlite3_context,
}

thread_local! {
    /// The innermost call of a guest that keeps auxiliary data.
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// Runs the guest of a call. `context` is `None` if nothing can be kept at the call site.
///
/// # Safety
/// `context` is that of a running call of `xFunc`, of a function of ours.
pub(crate) unsafe fn within<T>(
    api: &'static Api,
    context: Option<*mut sqlite3_context>,
    body: impl FnOnce() -> T,
) -> T {
    /// Puts back what was there before, even if `body` panics.
    struct Before(Option<Running>);

    impl Drop for Before {
        fn drop(&mut self) {
            RUNNING.set(self.0);
        }
    }

    let running = context.map(|context| Running { api, context });
    let _before = Before(RUNNING.replace(running));
    body()
}

/// The destructor of what SQLite keeps.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `set` gave away, and SQLite destroys it once.
            drop(unsafe { Box::from_raw(data.cast::<Auxiliary>()) });
        },
    );
}

/// The call site of the innermost call of this thread.
pub(crate) struct Here;

impl Here {
    /// The call site, if something can be kept there.
    pub(crate) fn call_site() -> Option<&'static dyn CallSite> {
        RUNNING.get().map(|_| &Self as _)
    }
}

impl CallSite for Here {
    fn get(&self, argument: i32) -> Option<SentAuxiliary> {
        let Running { api, context } = RUNNING.get().filter(|_| is_ours(argument))?;
        // SAFETY: the context is that of a call that runs, as `within` demands. Under a number that is not
        // negative there is nothing but what `set` keeps: the call site is that of a function of ours.
        let kept = unsafe { (api.sqlite3_get_auxdata)(context, argument).cast::<Auxiliary>() };
        // SAFETY: SQLite does not destroy what it keeps before the call gives it something else.
        unsafe { kept.as_ref() }.map(Auxiliary::sent)
    }

    fn set(&self, argument: i32, auxiliary: Option<Auxiliary>) {
        let Some(Running { api, context }) = RUNNING.get().filter(|_| is_ours(argument)) else {
            return;
        };
        let (data, destructor) = match auxiliary {
            Some(auxiliary) => (Box::into_raw(Box::new(auxiliary)).cast(), Some(destroy as _)),
            None => (std::ptr::null_mut::<c_void>(), None),
        };
        // SAFETY: as in `get`. SQLite owns the box from here on, and destroys it at once where it cannot
        // keep it.
        unsafe { (api.sqlite3_set_auxdata)(context, argument, data, destructor) };
    }
}

/// SQLite uses negative numbers for the whole statement; one is the key of its
/// [`StatementContext`](crate::statement_context).
fn is_ours(argument: c_int) -> bool {
    argument >= 0
}
