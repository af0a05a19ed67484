//! Results on their way to SQLite: values, and errors with their codes.

use std::ffi::c_int;

use commensal_core::guest::{Pointer, Sink};
use commensal_core::{Error, ValueRef};

use crate::api::code::*;
use crate::api::{Api, sqlite3_context};
use crate::codes::code_of;
use crate::statement::transient;
use crate::{auxiliary, pointer};

/// SQLite's place for a result.
#[derive(Clone, Copy)]
pub(crate) struct ResultContext {
    api: &'static Api,
    context: *mut sqlite3_context,
    /// The SQL function that is called there is the guest's own.
    is_guests: bool,
}

impl ResultContext {
    /// # Safety
    /// `context` is that of a running call, and what is made is used within it.
    #[inline(always)]
    pub(crate) unsafe fn new(api: &'static Api, context: *mut sqlite3_context) -> Self {
        Self { api, context, is_guests: false }
    }

    /// The same for `xFunc` of a function that always calls the same function of a guest. SQLite keeps
    /// there what the guest keeps for arguments.
    ///
    /// # Safety
    /// As for [`ResultContext::new`]; nobody else keeps anything there for an argument.
    #[inline(always)]
    pub(crate) unsafe fn of_guest(api: &'static Api, context: *mut sqlite3_context) -> Self {
        Self { api, context, is_guests: true }
    }
}

impl Sink<()> for ResultContext {
    #[inline(always)]
    fn value(self, value: ValueRef<'_>, subtype: u8) {
        // SAFETY: who made this says that the call runs.
        unsafe { set_result(self.api, self.context, value, subtype) };
    }

    #[inline(always)]
    fn integer(self, integer: i64) {
        // SAFETY: as above.
        unsafe { (self.api.sqlite3_result_int64)(self.context, integer) };
    }

    #[inline(always)]
    fn real(self, real: f64) {
        // SAFETY: as above.
        unsafe { (self.api.sqlite3_result_double)(self.context, real) };
    }

    fn zeroblob(self, len: usize, subtype: u8) {
        // SAFETY: as above. SQLite itself reports what is too large for it.
        unsafe {
            (self.api.sqlite3_result_zeroblob64)(self.context, len as u64);
            if subtype != 0 {
                (self.api.sqlite3_result_subtype)(self.context, subtype.into());
            }
        }
    }

    fn pointer(self, pointer: Pointer) {
        // SAFETY: as above.
        unsafe { pointer::give(self.api, self.context, pointer) };
    }

    fn within<T>(self, body: impl FnOnce(Self) -> T) -> T {
        let context = self.is_guests.then_some(self.context);
        // SAFETY: the promises of `of_guest`.
        unsafe { auxiliary::within(self.api, context, || body(self)) }
    }
}

/// Gives SQLite a result; it copies the bytes.
///
/// # Safety
/// `context` is that of a running call.
#[inline]
pub(crate) unsafe fn set_result(
    api: &Api,
    context: *mut sqlite3_context,
    value: ValueRef<'_>,
    subtype: u8,
) {
    // SAFETY: the caller's promise; pointers and lengths are those of slices.
    unsafe {
        match value {
            ValueRef::Null => (api.sqlite3_result_null)(context),
            ValueRef::Integer(i) => (api.sqlite3_result_int64)(context, i),
            ValueRef::Real(r) => (api.sqlite3_result_double)(context, r),
            ValueRef::Text(t) => (api.sqlite3_result_text64)(
                context,
                t.as_ptr().cast(),
                t.len() as u64,
                transient(),
                SQLITE_UTF8 as u8,
            ),
            ValueRef::Blob(b) => {
                (api.sqlite3_result_blob64)(context, b.as_ptr().cast(), b.len() as u64, transient())
            }
        }
        if subtype != 0 {
            (api.sqlite3_result_subtype)(context, subtype.into());
        }
    }
}

/// Gives SQLite an error. The code is SQLITE_ERROR, which undoes the statement and keeps the transaction.
/// Errors of locks keep their codes, by which hosts know what to try again. Only a real interrupt has a
/// code of its own.
///
/// # Safety
/// `context` is that of a running call.
#[cold]
pub(crate) unsafe fn fail(api: &Api, context: *mut sqlite3_context, error: &Error) {
    let message = error.message();
    let len = c_int::try_from(message.len()).unwrap_or(c_int::MAX);
    // SAFETY: the caller's promise; SQLite copies `len` bytes of the message.
    unsafe {
        (api.sqlite3_result_error)(context, message.as_ptr().cast(), len);
        match code_of(error) {
            SQLITE_ERROR => {}
            code => (api.sqlite3_result_error_code)(context, code),
        }
    }
}
