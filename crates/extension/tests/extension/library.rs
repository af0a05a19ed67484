//! SQLite libraries, opened like a program's own. The extension meets them only when a connection loads
//! it.

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::build;

macro_rules! functions {
    ($($name:ident: fn($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        /// Functions of one SQLite library.
        #[derive(Clone, Copy)]
        pub(crate) struct Library {
            $(pub(crate) $name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
        }

        impl Library {
            /// Loads a library for the life of the process.
            pub(crate) fn load(file: &Path) -> Self {
                let name = CString::new(file.to_str().unwrap()).unwrap();
                // SAFETY: the name ends with a NUL; what SQLite does when it is loaded is nothing.
                let library = unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
                assert!(!library.is_null(), "{} cannot be loaded", file.display());
                $(
                    let name = concat!(stringify!($name), "\0");
                    // SAFETY: the library is loaded, the name ends with a NUL.
                    let $name = unsafe { dlsym(library, name.as_ptr().cast()) };
                    assert!(!$name.is_null(), "{} has no {name}", file.display());
                )*
                Self {
                    // SAFETY: the address is that of the function of this name, of this type.
                    $($name: unsafe { std::mem::transmute::<
                        *mut c_void,
                        unsafe extern "C" fn($($arg),*) $(-> $ret)?
                    >($name) },)*
                }
            }
        }
    };
}

unsafe extern "C" {
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

const RTLD_NOW: c_int = 2;

/// The callback of `sqlite3_set_authorizer`.
pub(crate) type Authorizer = unsafe extern "C" fn(
    *mut c_void,
    c_int,
    *const c_char,
    *const c_char,
    *const c_char,
    *const c_char,
) -> c_int;

/// A connection or a statement. Only SQLite looks inside.
pub(crate) type Raw = *mut c_void;

functions! {
    sqlite3_bind_blob: fn(Raw, c_int, *const u8, c_int, isize) -> c_int;
    sqlite3_bind_double: fn(Raw, c_int, c_double) -> c_int;
    sqlite3_bind_int64: fn(Raw, c_int, i64) -> c_int;
    sqlite3_bind_text: fn(Raw, c_int, *const u8, c_int, isize) -> c_int;
    sqlite3_busy_timeout: fn(Raw, c_int) -> c_int;
    sqlite3_changes: fn(Raw) -> c_int;
    sqlite3_close: fn(Raw) -> c_int;
    sqlite3_column_blob: fn(Raw, c_int) -> *const u8;
    sqlite3_column_bytes: fn(Raw, c_int) -> c_int;
    sqlite3_column_count: fn(Raw) -> c_int;
    sqlite3_column_double: fn(Raw, c_int) -> c_double;
    sqlite3_column_int64: fn(Raw, c_int) -> i64;
    sqlite3_column_text: fn(Raw, c_int) -> *const u8;
    sqlite3_column_type: fn(Raw, c_int) -> c_int;
    sqlite3_enable_load_extension: fn(Raw, c_int) -> c_int;
    sqlite3_errmsg: fn(Raw) -> *const c_char;
    sqlite3_finalize: fn(Raw) -> c_int;
    sqlite3_get_autocommit: fn(Raw) -> c_int;
    sqlite3_free: fn(*mut c_char);
    sqlite3_libversion: fn() -> *const c_char;
    sqlite3_load_extension: fn(Raw, *const c_char, *const c_char, *mut *mut c_char) -> c_int;
    sqlite3_open: fn(*const c_char, *mut Raw) -> c_int;
    sqlite3_prepare_v2: fn(Raw, *const c_char, c_int, *mut Raw, *mut *const c_char) -> c_int;
    sqlite3_reset: fn(Raw) -> c_int;
    sqlite3_set_authorizer: fn(Raw, Option<Authorizer>, *mut c_void) -> c_int;
    sqlite3_step: fn(Raw) -> c_int;
    sqlite3_stmt_readonly: fn(Raw) -> c_int;
}

impl Library {
    /// The address of a symbol in a library, which is loaded for the life of the process.
    pub(crate) fn symbol(file: &Path, name: &CStr) -> *mut c_void {
        let file = CString::new(file.to_str().unwrap()).unwrap();
        // SAFETY: the names end with a NUL.
        unsafe { dlsym(dlopen(file.as_ptr(), RTLD_NOW), name.as_ptr()) }
    }

    /// Its version.
    pub(crate) fn version(&self) -> &'static str {
        // SAFETY: SQLite gives a static text.
        unsafe { CStr::from_ptr((self.sqlite3_libversion)()) }.to_str().unwrap()
    }
}

/// The files of [`libraries`].
pub(crate) fn files() -> &'static [PathBuf] {
    static FILES: LazyLock<Vec<PathBuf>> =
        LazyLock::new(|| match std::env::var_os("COMMENSAL_TEST_SQLITE") {
            Some(file) => vec![file.into()],
            None => vec!["libsqlite3.so.0".into(), build::newest().to_owned()],
        });
    &FILES
}

/// The system's SQLite and the newest, or only the one in the file that COMMENSAL_TEST_SQLITE names, to
/// try another version.
pub(crate) fn libraries() -> &'static [Library] {
    static LIBRARIES: LazyLock<Vec<Library>> =
        LazyLock::new(|| files().iter().map(|file| Library::load(file)).collect());
    &LIBRARIES
}
