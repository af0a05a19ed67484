//! A virtual table that SQLite has, and how its guest is called.

use std::cell::RefCell;
use std::ffi::c_int;
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::manifest::TableMethod;
use commensal_core::registry::{Registry, TableEntry};
use commensal_core::session::Session;
use commensal_core::table::{Access, VirtualTable};
use commensal_core::{Error, ErrorKind, Result};

use super::slot;
use crate::api::sqlite3_vtab;
use crate::sql::Moment;
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
    /// Whether the guest has a method for savepoints.
    pub(super) hears_savepoints: bool,
    /// What the guest is told of savepoints when the method that runs has ended.
    pub(super) missed: RefCell<Vec<(TableMethod, c_int)>>,
    /// Why the transaction cannot be committed: the guest could not release a savepoint, or go back to one.
    pub(super) failed: RefCell<Option<Error>>,
}

impl Connected {
    /// Takes the result of a method of a transaction. SQLite rolls the whole transaction back if a savepoint cannot be
    /// released, or be gone back to, and says neither why nor that it did. So it does not hear of that, and the table's
    /// next write and COMMIT fail in its place.
    pub(super) fn ended(&self, which: TableMethod, result: Result<()>) -> Result<()> {
        match (which, result) {
            (TableMethod::Release | TableMethod::RollbackTo, Err(error)) => {
                self.failed.borrow_mut().get_or_insert(error);
                Ok(())
            }
            (TableMethod::Begin | TableMethod::Commit | TableMethod::Rollback, result) => {
                self.failed.take();
                result
            }
            (_, result) => result,
        }
    }

    /// Checks that the transaction can still be committed.
    ///
    /// # Errors
    /// The guest could not follow a savepoint.
    pub(super) fn check_savepoints(&self) -> Result<()> {
        match &*self.failed.borrow() {
            None => Ok(()),
            Some(error) => Err(Error::new(
                error.kind(),
                format!(
                    "{}: the transaction can only be rolled back, because the table could not follow a savepoint: {}",
                    self.name,
                    error.message()
                ),
            )),
        }
    }

    /// Notes a savepoint of a statement that a method of the table runs. Returns whether there is nothing else to do.
    pub(super) fn misses(&self, which: TableMethod, number: c_int) -> bool {
        if !self.hears_savepoints {
            return true;
        }
        let is_running = self.is_running();
        if is_running {
            self.missed.borrow_mut().push((which, number));
        }
        is_running
    }

    /// Whether a method of the table runs.
    pub(super) fn is_running(&self) -> bool {
        self.table.try_borrow_mut().is_err()
    }

    /// Tells the guest what it has missed. It hears nothing of the savepoints that its own statements set meanwhile.
    #[cold]
    fn tell_missed(&self, table: &mut VirtualTable, session: &Session) -> Result<()> {
        let read = |sha256: &[u8; 32]| self.state.read_module(sha256);
        let missed = self.missed.take();
        let told = missed.into_iter().try_for_each(|(which, number)| {
            let access = Access { session, read: &read };
            let moment = Moment::of(which);
            self.state.services.sql.at_moment(moment.unwrap_or(Moment::Savepoint), || {
                self.ended(which, table.transaction(access, which, Some(number.into())))
            })
        });
        self.missed.take();
        told
    }
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
    if !connected.missed.borrow().is_empty() {
        let told = connected.tell_missed(&mut table, &session);
        table.settle();
        return result.and_then(|result| told.map(|()| result));
    }
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
