//! The embedded SQLite: its functions, for the adaptor.

use commensal_adaptor_sqlite::api::Api;

/// What `libsqlite3_sys` declares, and the one function that it leaves out.
mod ffi {
    use std::ffi::{c_char, c_int};

    pub(super) use libsqlite3_sys::*;

    unsafe extern "C" {
        /// [`sqlite3_prepare_v2`] for a statement that SQLite does not compile anew by itself.
        pub(super) fn sqlite3_prepare(
            db: *mut sqlite3,
            sql: *const c_char,
            bytes: c_int,
            statement: *mut *mut sqlite3_stmt,
            tail: *mut *const c_char,
        ) -> c_int;
    }
}

/// The functions of the SQLite that this build embeds.
pub(crate) static API: Api = {
    // SAFETY: these are the functions of one SQLite library, the one that `libsqlite3_sys` links.
    unsafe { commensal_adaptor_sqlite::api_from!(ffi) }
};
