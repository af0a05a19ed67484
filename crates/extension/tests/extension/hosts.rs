//! Hosts that lack what the extension needs get a message, not a crash.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::process::Command;

use crate::build::{extension, run};
use crate::library::Library;

type Entry = unsafe extern "C" fn(*mut c_void, *mut *mut c_char, *const *const ()) -> c_int;

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_char;
    fn free(memory: *mut c_char);
}

unsafe extern "C" fn malloc_int(size: c_int) -> *mut c_char {
    // SAFETY: malloc takes any size.
    unsafe { malloc(usize::try_from(size).unwrap()) }
}

unsafe extern "C" fn too_old() -> c_int {
    3_030_001
}

unsafe extern "C" fn new_enough() -> c_int {
    3_031_000
}

/// Calls the entry point with a table of only the given functions. Returns the message.
fn refused(version: unsafe extern "C" fn() -> c_int) -> String {
    let mut table = [std::ptr::null::<()>(); 400];
    table[67] = version as *const ();
    table[68] = malloc_int as *const ();
    let entry = Library::symbol(extension(), c"sqlite3_commensal_init");
    let mut message = std::ptr::null_mut();
    // SAFETY: this is the entry point of extensions; it gives up before it uses the connection.
    unsafe {
        let entry = std::mem::transmute::<*mut c_void, Entry>(entry);
        let code = entry(std::ptr::null_mut(), &raw mut message, table.as_ptr());
        assert_eq!(code, 1);
        let text = CStr::from_ptr(message).to_str().unwrap().to_owned();
        free(message);
        text
    }
}

/// The library calls the host's SQLite only through the table, and defines no name that a program could have.
#[test]
fn links_no_sqlite() {
    let symbols = |kind: &str| {
        run(Command::new("nm").args(["--dynamic", "--format=just-symbols", kind]).arg(extension()))
    };
    let undefined = symbols("--undefined-only");
    assert!(undefined.contains("memcpy") && !undefined.contains("sqlite3"), "{undefined}");
    let mut defined: Vec<_> = symbols("--defined-only").lines().map(str::to_owned).collect();
    defined.retain(|name| !name.starts_with("rust_") && !name.contains("__rust"));
    assert_eq!(
        defined,
        ["sqlite3_commensal_auto_init", "sqlite3_commensal_config_init", "sqlite3_commensal_init"]
    );
}

#[test]
fn too_old_a_sqlite_is_named() {
    assert_eq!(
        refused(too_old),
        "Commensal needs SQLite 3.31 or newer, and this program has 3.30.1"
    );
}

#[test]
fn what_a_build_lacks_is_named() {
    let message = refused(new_enough);
    let name = message
        .strip_prefix("this program's SQLite was built without sqlite3_")
        .and_then(|rest| rest.strip_suffix(", which Commensal needs"));
    assert!(name.is_some(), "{message}");
}
