//! Registers with SQLite what a snapshot of the catalog has: functions, tables and collations.

use std::ffi::{CString, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::manifest::{FunctionKey, function_key};
use commensal_core::registry::Registry;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::code::*;
use crate::codes::is_code;
use crate::form::{Form, Kind};
use crate::function::{FunctionSlot, destroy_slot};
use crate::state::{ConnectionState, Registers};
use crate::statement::Handle;
use crate::{aggregate, collation, introspection, replaced, scalar, table};

/// Registers all of it.
pub(crate) struct Everything;

impl Registers for Everything {
    fn connect(&self, state: &Rc<ConnectionState>) -> Result<()> {
        introspection::connect_one(state)
    }

    fn register(&self, state: &Rc<ConnectionState>, registry: &Arc<Registry>) -> Result<()> {
        collation::register(state, registry)?;
        register(state, registry)?;
        table::register(state, registry)
    }

    fn provide(&self, state: &Rc<ConnectionState>) {
        collation::provide_for_sorter(state);
    }

    fn tidy(&self, state: &Rc<ConnectionState>) -> Result<()> {
        let untidy = state.slots.borrow().registered.is_untidy()
            || state.tables.borrow().registered.is_untidy()
            || state.collations.borrow().is_untidy();
        if !untidy || !state.handle.is_idle() {
            return Ok(());
        }
        let registry = state.registry();
        table::tidy(state, &registry)?;
        tidy(state, &registry)?;
        collation::tidy(state, &registry)
    }
}

/// Registers a slot for each function that has none.
fn register(state: &Rc<ConnectionState>, registry: &Registry) -> Result<()> {
    let mut waits = false;
    for entry in registry.functions().filter(|entry| !entry.shadowed) {
        let key = function_key(entry.name(), entry.arguments);
        if state.slots.borrow().registered.contains(&key) {
            continue;
        }
        // SQLite replaces a function of its own only while no statement runs.
        let replaces = state.slots.borrow().replaced.may_be(&key.0).is_some();
        if replaces && !state.handle.is_idle() {
            waits = true;
            continue;
        }
        match create_slot(state, key, entry.name(), Form::of(entry)) {
            // SQLite does not accept the name or the number of arguments. Nothing can call this function,
            // and the others still work.
            Err(error) if is_code(&error, SQLITE_MISUSE) => {}
            created => created?,
        }
    }
    let deleted: Vec<_> = state.slots.borrow().deleted.iter().cloned().collect();
    for key in deleted {
        if let Some(entry) = registry.meant(&key) {
            state.slots.borrow_mut().deleted.remove(&key);
            // The function itself may have been registered above.
            if !state.slots.borrow().registered.contains(&key) {
                create_slot(state, key, entry.name(), Form::of(entry))?;
            }
        }
    }
    let registered = &mut state.slots.borrow_mut().registered;
    registered.look_over(|key, (_, form)| is_true(registry, key, *form));
    if waits {
        registered.leave_untidy();
    }
    Ok(())
}

/// Deletes slots that no longer have a function, and changes the form of others. The connection is idle.
fn tidy(state: &Rc<ConnectionState>, registry: &Registry) -> Result<()> {
    let is_true = |key: &FunctionKey, (_, form): &(_, Form)| is_true(registry, key, *form);
    let stale = state.slots.borrow().registered.stale(is_true);
    for key in stale {
        state.slots.borrow_mut().registered.remove(&key);
        delete_function(state.handle, &key.0, key.1)?;
        match registry.meant(&key) {
            Some(entry) => create_slot(state, key, entry.name(), Form::of(entry))?,
            None if state.slots.borrow_mut().replaced.deleted(&key) => {
                replaced::register_gone(state.handle, &key)?;
            }
            None if key.1 >= 0 => {
                state.slots.borrow_mut().deleted.insert(key);
            }
            None => {}
        }
    }
    state.slots.borrow_mut().registered.tidied();
    register(state, registry)
}

/// Whether the function is still to be called as it was registered.
fn is_true(registry: &Registry, key: &FunctionKey, form: Form) -> bool {
    registry.meant(key).is_some_and(|entry| Form::of(entry) == form)
}

fn create_slot(
    state: &Rc<ConnectionState>,
    key: FunctionKey,
    name: &str,
    form: Form,
) -> Result<()> {
    let slot = {
        let mut slots = state.slots.borrow_mut();
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.count += 1;
            slots.count - 1
        });
        slots.registered.insert(key.clone(), (slot, form));
        slots.replaced.registered(&key);
        slot
    };
    let data =
        Box::new(FunctionSlot { state: Rc::clone(state), number: slot, key: key.clone(), form });
    let created = create_function(state.handle, name, key.1, data);
    if created.is_err() {
        state.slots.borrow_mut().registered.refused(&key);
    }
    created
}

fn create_function(
    handle: Handle,
    name: &str,
    arguments: i32,
    data: Box<FunctionSlot>,
) -> Result<()> {
    let Handle { api, .. } = handle;
    let form = data.form;
    let (name, flags) = (function_name(name)?, SQLITE_UTF8 | form.flags);
    let (scalar, methods) = match form.kind {
        Kind::Scalar => (Some(scalar::scalar_of::<FunctionSlot>(api)?), None),
        Kind::Aggregate | Kind::Window => (None, Some(aggregate::methods_of(api)?)),
    };
    let window = methods.filter(|_| form.kind == Kind::Window);
    let (db, destroy) = (handle.db(), Some(destroy_slot as _));
    let data = Box::into_raw(data).cast::<c_void>();
    // SAFETY: the connection is open, the name ends with a NUL. SQLite owns `data` from here on,
    // and calls `destroy` also when this fails.
    let code = unsafe {
        match methods {
            None => (api.sqlite3_create_function_v2)(
                db,
                name.as_ptr(),
                arguments,
                flags,
                data,
                scalar,
                None,
                None,
                destroy,
            ),
            Some(methods) => (api.sqlite3_create_window_function)(
                db,
                name.as_ptr(),
                arguments,
                flags,
                data,
                Some(methods.step),
                Some(methods.finalize),
                window.map(|methods| methods.value),
                window.map(|methods| methods.inverse),
                destroy,
            ),
        }
    };
    handle.check(code)
}

fn delete_function(handle: Handle, name: &str, arguments: i32) -> Result<()> {
    let name = function_name(name)?;
    // SAFETY: the connection is open, the name ends with a NUL.
    let code = unsafe {
        (handle.api.sqlite3_create_function_v2)(
            handle.db(),
            name.as_ptr(),
            arguments,
            SQLITE_UTF8,
            std::ptr::null_mut(),
            None,
            None,
            None,
            None,
        )
    };
    handle.check(code)
}

fn function_name(name: &str) -> Result<CString> {
    CString::new(name).map_err(|_| Error::new(ErrorKind::Catalog, "a function's name contains NUL"))
}
