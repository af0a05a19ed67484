//! Table functions and virtual tables of guests as
//! [modules](https://www.sqlite.org/vtab.html) of a connection.
//!
//! As with functions, what is registered is a slot. Its definition is looked up when a statement opens a
//! cursor. A module cannot be replaced while it may be in use, so a slot whose kind or columns changed is
//! registered again once the connection is idle.

mod connected;
mod function;
mod overload;
mod plan;
mod slot;
pub(crate) mod slots;
mod virtual_table;

use std::ffi::{CString, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::manifest::Table;
use commensal_core::registry::{Registry, TableEntry};
use commensal_core::{Error, ErrorKind, Result};

use self::slot::{TableSlot, usable};
use crate::api::code::*;
use crate::api::sqlite3_module;
use crate::codes::is_code;
use crate::function::expire_statements;
use crate::guard::guard;
use crate::state::ConnectionState;

/// Whether SQLite can go on with the module that was registered for another version of the table.
fn is_same_shape(a: &Table, b: &Table) -> bool {
    std::ptr::eq(module_of(a), module_of(b)) && a.columns == b.columns
}

/// The methods that SQLite sees. They depend on what the table can do.
fn module_of(table: &Table) -> &'static sqlite3_module {
    if table.is_virtual() { virtual_table::module_of(table) } else { &function::MODULE }
}

/// Registers a slot for each table that has none. Other changes wait for [`tidy`].
pub(crate) fn register(state: &Rc<ConnectionState>, registry: &Registry) -> Result<()> {
    for entry in registry.tables().filter(|entry| !entry.shadowed) {
        let key = entry.callable.name.to_ascii_lowercase();
        if state.tables.borrow().registered.contains(&key) {
            continue;
        }
        match create_slot(state, key, entry) {
            // SQLite does not accept this name. Nothing can use the table, and the others still work.
            Err(error) if is_code(&error, SQLITE_MISUSE) => {}
            created => created?,
        }
    }
    state.tables.borrow_mut().registered.look_over(|key, (_, old)| is_true(registry, key, old));
    Ok(())
}

/// Whether the module that was registered for this table is still what it should be.
fn is_true(registry: &Registry, key: &str, old: &TableEntry) -> bool {
    usable(registry, key).is_some_and(|entry| is_same_shape(&old.table, &entry.table))
}

/// Deletes slots that no longer have a table, and registers others again. The connection is idle.
pub(crate) fn tidy(state: &Rc<ConnectionState>, registry: &Registry) -> Result<()> {
    if !state.tables.borrow().registered.is_untidy() {
        return Ok(());
    }
    let is_true = |key: &String, (_, old): &(_, Arc<_>)| is_true(registry, key, old);
    let stale = state.tables.borrow().registered.stale(is_true);
    for key in stale {
        state.tables.borrow_mut().registered.remove(&key);
        create_module(state, &key, None)?;
        if let Some(entry) = usable(registry, &key) {
            create_slot(state, key, entry)?;
        }
    }
    state.tables.borrow_mut().registered.tidied();
    // Prepared statements know the old columns.
    expire_statements(state.handle)
}

fn create_slot(state: &Rc<ConnectionState>, key: String, entry: &Arc<TableEntry>) -> Result<()> {
    let number = {
        let mut slots = state.tables.borrow_mut();
        slots.count += 1;
        let number = slots.count;
        slots.registered.insert(key.clone(), (number, Arc::clone(entry)));
        number
    };
    let slot = Box::new(TableSlot { state: Rc::clone(state), number, key: key.clone() });
    let created = create_module(state, &entry.callable.name, Some((module_of(&entry.table), slot)));
    if created.is_err() {
        state.tables.borrow_mut().registered.refused(&key);
    }
    created
}

/// Calls `sqlite3_create_module_v2`. Without a slot it deletes the module.
fn create_module(
    state: &ConnectionState,
    name: &str,
    slot: Option<(&'static sqlite3_module, Box<TableSlot>)>,
) -> Result<()> {
    let name = CString::new(name)
        .map_err(|_| Error::new(ErrorKind::Catalog, "a table's name contains NUL"))?;
    let destroy = slot.is_some().then_some(destroy_slot as _);
    let (module, data) = match slot {
        Some((module, slot)) => (std::ptr::from_ref(module), Box::into_raw(slot).cast::<c_void>()),
        None => (std::ptr::null(), std::ptr::null_mut()),
    };
    // SAFETY: the connection is open, the name ends with a NUL, and the module is static. SQLite owns
    // `data` from here on, and calls `destroy` also when this fails.
    let code = unsafe {
        (state.handle.api.sqlite3_create_module_v2)(
            state.handle.db(),
            name.as_ptr(),
            module,
            data,
            destroy,
        )
    };
    state.handle.check(code)
}

/// The destructor of a slot.
unsafe extern "C" fn destroy_slot(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `create_module` gave away, and SQLite destroys it once.
            let slot = unsafe { Box::from_raw(data.cast::<TableSlot>()) };
            let mut slots = slot.state.tables.borrow_mut();
            slots.registered.destroyed(&slot.key, |(number, _)| *number == slot.number);
        },
    );
}
