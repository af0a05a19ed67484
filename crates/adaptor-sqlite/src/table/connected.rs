//! A virtual table that SQLite has, and how its guest is called.

use std::cell::RefCell;
use std::ffi::c_int;
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::registry::{Registry, TableEntry};
use commensal_core::session::Session;
use commensal_core::table::{Access, VirtualTable};
use commensal_core::{Error, ErrorKind, Result};

use super::slot;
use crate::api::sqlite3_vtab;
use crate::state::ConnectionState;

#[repr(C)]
pub(super) struct Connected {
    pub(super) base: sqlite3_vtab,
    pub(super) state: Rc<ConnectionState>,
    /// The session whose instances the table has.
    pub(super) session: RefCell<Rc<Session>>,
    /// The module's name.
    pub(super) name: String,
    /// Borrowed while a method runs. In a schema made for that, SQL that a method needs could come back
    /// here.
    pub(super) table: RefCell<VirtualTable>,
    pub(super) overloads: Overloads,
}

/// Runs a method of a table.
#[inline(always)]
pub(super) fn with_table<R>(
    connected: &Connected,
    body: impl FnOnce(&mut VirtualTable, Access<'_>) -> Result<R>,
) -> Result<R> {
    let mut table = connected.table.try_borrow_mut().map_err(|_| reentered(connected))?;
    let session = Rc::clone(&connected.session.borrow());
    let read = |sha256: &[u8; 32]| connected.state.read_module(sha256);
    let result = body(&mut table, Access { session: &session, read: &read });
    table.settle();
    result
}

#[cold]
fn reentered(connected: &Connected) -> Error {
    Error::new(ErrorKind::Fault, format!("{}: called while it runs", connected.name))
}

/// Follows the snapshot that is committed now.
pub(super) fn renew(connected: &Connected, table: &mut VirtualTable) -> Result<Rc<Session>> {
    let state = &connected.state;
    let registry = state.current().map_err(|error| error.of_function(&connected.name))?;
    renewed(connected, table, registry)
}

/// Follows this snapshot. Returns the table's session from here on.
pub(super) fn renewed(
    connected: &Connected,
    table: &mut VirtualTable,
    registry: Arc<Registry>,
) -> Result<Rc<Session>> {
    let (old, new) = (Rc::clone(&connected.session.borrow()), connected.state.session());
    let entry = usable(&registry, &connected.name).cloned();
    if table.renew(&old, &new, registry, entry.as_ref())? {
        *connected.session.borrow_mut() = new;
    }
    Ok(Rc::clone(&connected.session.borrow()))
}

pub(super) fn usable<'r>(registry: &'r Registry, name: &str) -> Option<&'r Arc<TableEntry>> {
    slot::usable(registry, name).filter(|entry| entry.table.is_virtual())
}

/// What SQLite got, by name and number of arguments. Each is in a place of its own, because SQLite keeps
/// the address.
#[derive(Default)]
pub(super) struct Overloads(pub(super) RefCell<Vec<Rc<Overload>>>);

/// An implementation of a function.
pub(super) struct Overload {
    /// The table that has this and lives as long.
    pub(super) table: *const Connected,
    pub(super) name: String,
    pub(super) arguments: c_int,
    /// Why the guest could not be asked. Calls report it.
    pub(super) error: RefCell<Option<Error>>,
}
