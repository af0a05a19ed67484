//! The collation behind every slot: from SQLite's comparison to the guest and back.
//!
//! SQLite gives a comparison no way to fail, and with `PRAGMA threads` its sorter may compare on threads of
//! its own. So a slot owns its instance behind a lock and keeps the first fault. Later comparisons do not
//! enter the guest, and the statement is interrupted. Whoever reports its end finds the reason with
//! [`CollationSlot::take_error`].
//!
//! An index is corrupt if its order is no longer that of its collation. So the current version is
//! looked up within the statement's own transaction: at its first comparison if statements are seen to
//! begin, and otherwise at each comparison after the database has changed.

pub(crate) mod slot;

use std::ffi::{CString, c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use commensal_core::Result;
use commensal_core::registry::Registry;

use self::slot::CollationSlot;
use crate::api::code::*;
use crate::guard::guard;
use crate::services::SorterServices;
use crate::sorts_alone::may_have_threads;
use crate::state::ConnectionState;
use crate::statement::bytes;
use crate::thread;

/// What SQLite keeps for a registered collation. Only `slot` is used on threads of the sorter.
struct Registration {
    slot: Arc<CollationSlot>,
    state: Rc<ConnectionState>,
}

/// How many bytes of modules a connection keeps for comparisons on threads of the sorter. Loading reads
/// them, so they are part of what opening a file may cost.
const WASM_BYTES_MAX: usize = 16 << 20;

/// Registers a slot for each collation that has none, and updates all slots to this registry.
///
/// # Errors
/// SQLite does not accept it.
pub(crate) fn register(state: &Rc<ConnectionState>, registry: &Arc<Registry>) -> Result<()> {
    for entry in registry.collations().filter(|entry| !entry.shadowed) {
        let name = entry.callable.name.to_ascii_lowercase();
        if !state.collations.borrow().contains(&name) {
            create(state, &name)?;
        }
    }
    let slots: Vec<_> = state.collations.borrow().values().cloned().collect();
    for slot in slots {
        slot.update(registry, state.environment(), |sha256| state.collation_module(sha256));
    }
    state.forget_collation_modules();
    state.collations.borrow_mut().look_over(|name, _| is_true(registry, name));
    provide_for_sorter(state);
    Ok(())
}

/// Reads the modules of the collations, up to [`WASM_BYTES_MAX`], if the sorter may compare on threads
/// of its own before this thread does. If statements are not seen to begin, `PRAGMA threads` may come
/// at any time, so the modules are read whatever it says now.
pub(crate) fn provide_for_sorter(state: &Rc<ConnectionState>) {
    if !may_have_threads(state.handle) && state.sees_statements() {
        return;
    }
    let is_due = |slot: &&Arc<CollationSlot>| !slot.is_provided();
    let due: Vec<_> = state.collations.borrow().values().filter(is_due).cloned().collect();
    if due.is_empty() {
        return;
    }
    let mut bytes = state.collation_module_bytes();
    for slot in due {
        if bytes >= WASM_BYTES_MAX {
            return;
        }
        bytes += slot.provide(|sha256| state.read_module(sha256));
    }
}

fn is_true(registry: &Registry, name: &str) -> bool {
    registry.collation(name).is_some_and(|entry| !entry.shadowed)
}

fn create(state: &Rc<ConnectionState>, name: &str) -> Result<()> {
    let Ok(c_name) = CString::new(name) else { return Ok(()) };
    let environment = state.environment();
    let services = SorterServices::new(state.handle, &environment, state.services.sql.rights());
    let log = environment.settings.log.clone().filter(|_| !state.sees_statements());
    let failed = Arc::clone(&state.collation_failed);
    let slot = Arc::new(CollationSlot::new(name, state.handle, services, log, failed));
    let registration = Registration { slot: Arc::clone(&slot), state: Rc::clone(state) };
    let data = Box::into_raw(Box::new(registration));
    state.collations.borrow_mut().insert(name.to_owned(), slot);
    let handle = state.handle;
    // SAFETY: the connection is open, the name ends with a NUL. SQLite owns `data` from here on, unless
    // this fails: unlike the other functions that register something, it destroys nothing then.
    let code = unsafe {
        (handle.api.sqlite3_create_collation_v2)(
            handle.db(),
            c_name.as_ptr(),
            SQLITE_UTF8,
            data.cast(),
            Some(compare),
            Some(destroy),
        )
    };
    if code != SQLITE_OK {
        let error = handle.error(code);
        state.collations.borrow_mut().refused(&name.to_owned());
        // SAFETY: SQLite did not take it.
        drop(unsafe { Box::from_raw(data) });
        return Err(error);
    }
    Ok(())
}

/// Deletes collations that no longer have a definition; the connection is idle.
///
/// # Errors
/// SQLite refuses.
pub(crate) fn tidy(state: &ConnectionState, registry: &Registry) -> Result<()> {
    let stale = state.collations.borrow().stale(|name, _| is_true(registry, name));
    stale.iter().try_for_each(|name| delete(state, name))?;
    state.collations.borrow_mut().tidied();
    Ok(())
}

fn delete(state: &ConnectionState, name: &str) -> Result<()> {
    let Ok(c_name) = CString::new(name) else { return Ok(()) };
    state.collations.borrow_mut().remove(name);
    let handle = state.handle;
    // SAFETY: the connection is open, the name ends with a NUL.
    let code = unsafe {
        (handle.api.sqlite3_create_collation_v2)(
            handle.db(),
            c_name.as_ptr(),
            SQLITE_UTF8,
            std::ptr::null_mut(),
            None,
            None,
        )
    };
    handle.check(code)
}

/// The destructor of a registration.
unsafe extern "C" fn destroy(data: *mut c_void) {
    guard(
        || {},
        || {
            // SAFETY: `data` is the box that `create` gave away, and SQLite destroys it once.
            let Registration { slot, state } =
                *unsafe { Box::from_raw(data.cast::<Registration>()) };
            let is = |own: &Arc<CollationSlot>| Arc::ptr_eq(own, &slot);
            state.collations.borrow_mut().destroyed(&slot.name().to_owned(), is);
        },
    );
}

/// `xCompare` of every slot.
unsafe extern "C" fn compare(
    data: *mut c_void,
    a_bytes: c_int,
    a: *const c_void,
    b_bytes: c_int,
    b: *const c_void,
) -> c_int {
    // SAFETY: SQLite gives two texts of that many bytes, for the duration of this call.
    let (a, b) = unsafe { (bytes(a.cast::<u8>(), a_bytes), bytes(b.cast::<u8>(), b_bytes)) };
    let ordering = guard(
        || a.cmp(b),
        || {
            let registration = data.cast::<Registration>();
            // SAFETY: the registration lives as long as the collation; this field is for all threads.
            let slot = unsafe { &(*registration).slot };
            if !thread::may_be_the_sorters() {
                // SAFETY: as above; this is the thread that has the connection.
                let state = unsafe { &(*registration).state };
                if state.is_reading() {
                    // Somebody tampered with the catalog: its own order is that of a collation.
                    return a.cmp(b);
                }
                // SQLite may be comparing samples while it prepares a statement.
                if slot.is_check_due(state.sees_statements(), state.is_committed())
                    && let Ok(_held) = state.hold_schema()
                {
                    // If the catalog cannot be read, the version in use stays.
                    let _ = state.current();
                }
                let is_provided = slot.provide_current(|sha256| {
                    let _held = state.hold_schema()?;
                    state.read_module(sha256)
                });
                if !is_provided {
                    return a.cmp(b);
                }
            }
            slot.compare(a, b)
        },
    );
    ordering as c_int
}
