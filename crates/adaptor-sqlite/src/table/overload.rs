//! Functions for which a virtual table has an implementation of its own
//! ([xFindFunction](https://www.sqlite.org/vtab.html#the_xfindfunction_method)).
//!
//! SQLite asks while it prepares a statement. It cannot be told that asking failed, and it calls what it
//! got for as long as the table is connected.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::rc::Rc;

use commensal_core::Error;
use commensal_core::table::{Access, VirtualTable};

use super::connected::{Connected, Overload, Overloads, renewed, with_table};
use crate::api::{Api, ScalarFunction, sqlite3_context, sqlite3_value, sqlite3_vtab};
use crate::guard::guard;
use crate::result::ResultContext;
use crate::scalar;
use crate::scalar::Function;
use crate::values::Values;

/// What xFindFunction gives for a function that is not usable in constraints.
const FUNCTION: c_int = 1;

pub(super) unsafe extern "C" fn find_function(
    table: *mut sqlite3_vtab,
    arguments: c_int,
    name: *const c_char,
    function: *mut Option<ScalarFunction>,
    data: *mut *mut c_void,
) -> c_int {
    guard(
        || 0,
        || {
            // SAFETY: the table that xConnect gave, and a name that ends with a NUL.
            let (connected, name) =
                unsafe { (&*table.cast::<Connected>(), CStr::from_ptr(name).to_string_lossy()) };
            // There is a trampoline: without one, the module's own slot could not have been registered.
            let Ok(call) = scalar::scalar_of::<Overload>(connected.state.handle.api) else {
                return 0;
            };
            let find = |table: &mut VirtualTable, access: Access<'_>| {
                // A statement is being prepared, so only what is loaded is used.
                let session = renewed(connected, table, connected.state.registry())?;
                table.find_function(Access { session: &session, ..access }, arguments, &name)
            };
            let found = connected.state.services.sql.preparing(|| with_table(connected, find));
            let (code, error) = match found {
                Ok(None) => return 0,
                Ok(Some(code)) => (code, None),
                Err(error) => (FUNCTION, Some(error)),
            };
            // SAFETY: these are SQLite's places for both.
            unsafe {
                *function = Some(call);
                *data = connected.overloads.get(connected, &name, arguments, error);
            }
            code
        },
    )
}

impl Overloads {
    /// The data that SQLite passes when it calls the function.
    fn get(
        &self,
        table: *const Connected,
        name: &str,
        arguments: c_int,
        error: Option<Error>,
    ) -> *mut c_void {
        let mut all = self.0.borrow_mut();
        let known = all.iter().position(|own| own.name == name && own.arguments == arguments);
        let known = known.unwrap_or_else(|| {
            let (name, error) = (name.to_owned(), RefCell::new(None));
            all.push(Rc::new(Overload { table, name, arguments, error }));
            all.len() - 1
        });
        let own = &*all[known];
        own.error.replace(error);
        std::ptr::from_ref(own).cast_mut().cast()
    }
}

impl Function for Overload {
    unsafe fn call(
        api: &'static Api,
        context: *mut sqlite3_context,
        argc: c_int,
        argv: *mut *mut sqlite3_value,
    ) {
        // SAFETY: the function's data is what `find_function` gave; its table is connected as long as
        // statements can call it.
        let (own, connected) = unsafe {
            let own = &*(api.sqlite3_user_data)(context).cast::<Self>();
            (own, &*own.table)
        };
        let error = own.error.borrow().clone();
        let called = match error {
            Some(error) => Err(error),
            None => with_table(connected, |table: &mut VirtualTable, access| {
                // SAFETY: SQLite gives the context and the values for the duration of this call.
                let values = unsafe { Values::new(api, argc, argv) };
                // SAFETY: as above; only the guest keeps anything there.
                let place = unsafe { ResultContext::of_guest(api, context) };
                table.overload(access, &own.name, &values, place)
            }),
        };
        if let Err(error) = called {
            // SAFETY: as above.
            unsafe { connected.state.report(context, error) };
        }
    }
}
