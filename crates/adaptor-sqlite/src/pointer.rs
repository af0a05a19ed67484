//! Pointers of guests as [pointer values](https://www.sqlite.org/bindptr.html) of SQLite.
//!
//! SQLite copies such a value without the right to destroy it, and a copy can outlive the original. So
//! SQLite gets a number, which finds nothing once the original is gone.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};

use commensal_core::guest::{Null, Pointer};

use crate::api::{Api, sqlite3_context, sqlite3_value};
use crate::guard::guard;

/// The pointers that SQLite holds, by their numbers, and the last number given.
static HELD: Mutex<(BTreeMap<usize, Pointer>, usize)> = Mutex::new((BTreeMap::new(), 0));

fn with_held<R>(body: impl FnOnce(&mut BTreeMap<usize, Pointer>, &mut usize) -> R) -> R {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let (held, last) = &mut *held;
    body(held, last)
}

/// SQLite's type of these pointers. The address tells two copies of this library apart.
fn type_name() -> *const c_char {
    static NAME: OnceLock<CString> = OnceLock::new();
    let name = || CString::new(format!("commensal {:p}", &raw const HELD)).unwrap_or_default();
    NAME.get_or_init(name).as_ptr()
}

/// Gives SQLite a pointer as a result.
///
/// # Safety
/// `context` is that of a running call.
pub(crate) unsafe fn give(api: &Api, context: *mut sqlite3_context, pointer: Pointer) {
    let number = with_held(|held, last| {
        loop {
            *last = last.wrapping_add(1);
            if *last != 0 && !held.contains_key(last) {
                break;
            }
        }
        held.insert(*last, pointer);
        *last
    });
    let number = std::ptr::without_provenance_mut::<c_void>(number);
    // SAFETY: the caller's promise; the type's name lives as long as the process.
    unsafe { (api.sqlite3_result_pointer)(context, number, type_name(), Some(done)) };
}

/// Drops a pointer that SQLite is done with.
unsafe extern "C" fn done(number: *mut c_void) {
    guard(
        || {},
        || {
            // Outside the lock, because it is not known here what is dropped.
            let pointer = with_held(|held, _| held.remove(&number.addr()));
            drop(pointer);
        },
    );
}

/// What a NULL of SQLite's stands for.
///
/// # Safety
/// SQLite gave the value for the duration of a call, which runs.
pub(crate) unsafe fn of(api: &Api, value: *mut sqlite3_value) -> Null {
    // SAFETY: the caller's promise.
    let number = unsafe { (api.sqlite3_value_pointer)(value, type_name()) };
    if number.is_null() {
        return Null::Plain;
    }
    let pointer = with_held(|held, _| held.get(&number.addr()).map(Pointer::sent));
    pointer.map_or(Null::Plain, Null::Pointer)
}
