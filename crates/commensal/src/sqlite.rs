//! The embedded SQLite: its functions, for the adaptor.

use commensal_adaptor_sqlite::api::Api;
use libsqlite3_sys as ffi;

/// The functions of the SQLite that this build embeds.
pub(crate) static API: Api = {
    // SAFETY: `libsqlite3_sys` declares the functions of one SQLite library, the one it links.
    unsafe { commensal_adaptor_sqlite::api_from!(ffi) }
};
