//! The embedded SQLite: its functions, for the adaptor.

use commensal_adaptor_sqlite::api::Api;

/// The functions of the SQLite that this build embeds.
pub(crate) static API: Api = {
    // SAFETY: `libsqlite3_sys` declares the functions of one SQLite library, the one it links; the one
    // that is declared here is of the same library.
    unsafe { commensal_adaptor_sqlite::api_from!(ffi) }
};

/// `libsqlite3_sys`, and what it leaves out.
mod ffi {
    use std::ffi::{c_char, c_int};

    pub(super) use libsqlite3_sys::*;

    unsafe extern "C" {
        /// Prepares a statement that fails once the schema has changed.
        pub(super) fn sqlite3_prepare(
            db: *mut sqlite3,
            sql: *const c_char,
            bytes: c_int,
            statement: *mut *mut sqlite3_stmt,
            tail: *mut *const c_char,
        ) -> c_int;
    }
}
