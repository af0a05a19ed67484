//! The [VFS](https://www.sqlite.org/vfs.html) of connections to a database in memory that several
//! connections share.
//!
//! SQLite's `memdb` shares a database in memory by its name. But as the VFS of a connection it also takes
//! every other name: ATTACH and VACUUM INTO would write into memory what is meant for a file. So this VFS
//! passes our names to `memdb` and all others to SQLite's default, in their own structures. Once a
//! file is open, no call comes through here.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use commensal_core::{Error, ErrorKind, Result};
use libsqlite3_sys as ffi;
use libsqlite3_sys::sqlite3_vfs;

/// The name of this VFS.
pub(crate) const NAME: &CStr = c"commensal-memory";

/// Prefix of the names of databases in memory; no folder has this name. `memdb` shares names that begin
/// with a slash.
const PREFIX: &str = "/commensal-memory:/";

/// Numbers databases in memory, so that each has its own name.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The two VFSes that do the work.
struct Under {
    files: *mut sqlite3_vfs,
    memory: *mut sqlite3_vfs,
}

/// The name of a new database in memory, for connections with this VFS, which is then registered.
///
/// # Errors
/// SQLite has no VFS for files, or none for memory.
pub(crate) fn new_name() -> Result<String> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    if !REGISTERED.get_or_init(register) {
        let message = "SQLite has no VFS for databases in memory, or none for files";
        return Err(Error::new(ErrorKind::Engine, message));
    }
    Ok(format!("{PREFIX}{}", COUNT.fetch_add(1, Relaxed)))
}

fn register() -> bool {
    // SAFETY: names that end with a NUL, or none, which stands for the default.
    let (files, memory) = unsafe {
        (ffi::sqlite3_vfs_find(std::ptr::null()), ffi::sqlite3_vfs_find(c"memdb".as_ptr()))
    };
    if files.is_null() || memory.is_null() {
        return false;
    }
    let under: &'static Under = Box::leak(Box::new(Under { files, memory }));
    // SAFETY: what is registered stays.
    let (of_files, of_memory) = unsafe { (&*files, &*memory) };
    let vfs = Box::leak(Box::new(sqlite3_vfs {
        // Methods after version 2 replace system calls, for tests.
        iVersion: of_files.iVersion.min(2),
        szOsFile: of_files.szOsFile.max(of_memory.szOsFile),
        mxPathname: of_files.mxPathname.max(of_memory.mxPathname),
        pNext: std::ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: std::ptr::from_ref(under).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: of_files.xCurrentTimeInt64.map(|_| current_time_int64 as _),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: the structure stays for ever, and is not the default.
    unsafe { ffi::sqlite3_vfs_register(vfs, 0) == ffi::SQLITE_OK }
}

/// # Safety
/// `vfs` is the one that [`register`] made.
unsafe fn under<'u>(vfs: *mut sqlite3_vfs) -> &'u Under {
    // SAFETY: the caller's promise; what the pointer leads to stays for ever.
    unsafe { &*(*vfs).pAppData.cast() }
}

/// The VFS for files.
///
/// # Safety
/// As [`under`].
unsafe fn files(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: the caller's promise.
    unsafe { under(vfs) }.files
}

/// The VFS for this name. No name means a temporary file.
///
/// # Safety
/// As [`under`]; the name is NULL or ends with a NUL.
unsafe fn of_name(vfs: *mut sqlite3_vfs, name: *const c_char) -> *mut sqlite3_vfs {
    // SAFETY: the caller's promise.
    unsafe {
        let ours =
            !name.is_null() && CStr::from_ptr(name).to_bytes().starts_with(PREFIX.as_bytes());
        if ours { under(vfs).memory } else { files(vfs) }
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this method of this VFS; the file is large enough for either.
    unsafe {
        let vfs = of_name(vfs, name);
        (*vfs).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| open(vfs, name, file, flags, out))
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = of_name(vfs, name);
        // This is what SQLite does without the method.
        (*vfs).xDelete.map_or(ffi::SQLITE_OK, |delete| delete(vfs, name, sync))
    }
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = of_name(vfs, name);
        (*vfs).xAccess.map_or(ffi::SQLITE_IOERR, |access| access(vfs, name, flags, out))
    }
}

unsafe extern "C" fn full_pathname(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = of_name(vfs, name);
        (*vfs).xFullPathname.map_or(ffi::SQLITE_CANTOPEN, |full| full(vfs, name, bytes, out))
    }
}

unsafe extern "C" fn dl_open(vfs: *mut sqlite3_vfs, name: *const c_char) -> *mut c_void {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xDlOpen.map_or(std::ptr::null_mut(), |open| open(vfs, name))
    }
}

unsafe extern "C" fn dl_error(vfs: *mut sqlite3_vfs, bytes: c_int, out: *mut c_char) {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        if let Some(error) = (*vfs).xDlError {
            error(vfs, bytes, out);
        }
    }
}

/// What a library has under a name.
type Symbol = Option<unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char)>;

unsafe extern "C" fn dl_sym(
    vfs: *mut sqlite3_vfs,
    library: *mut c_void,
    name: *const c_char,
) -> Symbol {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xDlSym.and_then(|symbol| symbol(vfs, library, name))
    }
}

unsafe extern "C" fn dl_close(vfs: *mut sqlite3_vfs, library: *mut c_void) {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        if let Some(close) = (*vfs).xDlClose {
            close(vfs, library);
        }
    }
}

unsafe extern "C" fn randomness(vfs: *mut sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xRandomness.map_or(0, |randomness| randomness(vfs, bytes, out))
    }
}

unsafe extern "C" fn sleep(vfs: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xSleep.map_or(0, |sleep| sleep(vfs, microseconds))
    }
}

unsafe extern "C" fn current_time(vfs: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xCurrentTime.map_or(ffi::SQLITE_ERROR, |time| time(vfs, out))
    }
}

unsafe extern "C" fn current_time_int64(
    vfs: *mut sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |time| time(vfs, out))
    }
}

unsafe extern "C" fn get_last_error(
    vfs: *mut sqlite3_vfs,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite calls this method of this VFS.
    unsafe {
        let vfs = files(vfs);
        (*vfs).xGetLastError.map_or(0, |error| error(vfs, bytes, out))
    }
}
