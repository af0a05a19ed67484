//! A layer between a database engine and its files, which fails when a test says so.
//!
//! It defines the functions of libc that write. An executable's own definition takes precedence over the
//! one in a shared library, so SQLite (in C) and Turso (in Rust) both arrive here. What passes goes to the
//! kernel. Nothing waits for the disk: a sync that passes does nothing, because no test here cuts the power.

use std::ffi::{c_int, c_void};
use std::sync::Mutex;

/// The kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One operation fails; the next ones succeed.
    Error,
    /// The disk is full: half of a write reaches it. All later writes fail, truncating works.
    Full,
    /// Half of a write reaches the disk, and nothing after it, as when a process is killed.
    Dead,
}

impl Fault {
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Error => "a single input/output error",
            Self::Full => "a disk that is full in the middle of a write",
            Self::Dead => "the end in the middle of a write",
        }
    }
}

/// What will happen at which operation.
struct Plan {
    fault: Fault,
    /// How many operations still succeed.
    left: u64,
    /// Whether the fault has happened.
    hit: bool,
}

static PLAN: Mutex<Option<Plan>> = Mutex::new(None);

/// An operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Write,
    Other,
}

/// The outcome of an operation.
enum Verdict {
    Pass,
    Half,
    Fail(c_int),
}

/// Makes the operation after the next `left` ones fail.
pub(crate) fn arm(fault: Fault, left: u64) {
    *PLAN.lock().unwrap() = Some(Plan { fault, left, hit: false });
}

/// Lets everything succeed again. Returns whether anything failed.
pub(crate) fn disarm() -> bool {
    PLAN.lock().unwrap().take().is_some_and(|plan| plan.hit)
}

fn verdict(operation: Operation) -> Verdict {
    // No test panics while it holds the lock.
    let Ok(mut plan) = PLAN.lock() else { return Verdict::Pass };
    let Some(plan) = plan.as_mut() else { return Verdict::Pass };
    let is_write = operation == Operation::Write;
    if plan.left > 0 {
        plan.left -= 1;
        return Verdict::Pass;
    }
    match (plan.fault, plan.hit) {
        (Fault::Error, true) => Verdict::Pass,
        (Fault::Full, _) if !is_write => Verdict::Pass,
        (Fault::Full | Fault::Dead, false) => {
            plan.hit = true;
            if is_write { Verdict::Half } else { Verdict::Fail(libc::EIO) }
        }
        (Fault::Full, true) => Verdict::Fail(libc::ENOSPC),
        (Fault::Error, false) | (Fault::Dead, true) => {
            plan.hit = true;
            Verdict::Fail(libc::EIO)
        }
    }
}

fn fail(error: c_int) -> c_int {
    // SAFETY: the function has no preconditions, and its result is valid for this thread.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { *place = error };
    -1
}

/// Decides about an operation that is not a write.
fn other(pass: impl FnOnce() -> c_int) -> c_int {
    match verdict(Operation::Other) {
        Verdict::Pass | Verdict::Half => pass(),
        Verdict::Fail(error) => fail(error),
    }
}

/// Decides about a write. Standard output and standard error always pass.
fn written(fd: c_int, bytes: usize, pass: impl FnOnce(usize) -> isize) -> isize {
    if fd <= 2 {
        return pass(bytes);
    }
    match verdict(Operation::Write) {
        Verdict::Pass => pass(bytes),
        Verdict::Half if bytes > 1 => pass(bytes / 2),
        Verdict::Half => fail(libc::ENOSPC) as isize,
        Verdict::Fail(error) => fail(error) as isize,
    }
}

/// As [`write(2)`](https://man7.org/linux/man-pages/man2/write.2.html).
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, data: *const c_void, bytes: usize) -> isize {
    written(fd, bytes, |bytes| {
        // SAFETY: the caller's promise: `data` has at least `bytes` bytes.
        unsafe { libc::syscall(libc::SYS_write, fd, data, bytes) as isize }
    })
}

/// As [`pwrite(2)`](https://man7.org/linux/man-pages/man2/pwrite.2.html).
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(fd: c_int, data: *const c_void, bytes: usize, at: i64) -> isize {
    written(fd, bytes, |bytes| {
        // SAFETY: the caller's promise: `data` has at least `bytes` bytes.
        unsafe { libc::syscall(libc::SYS_pwrite64, fd, data, bytes, at) as isize }
    })
}

/// The same under the name that systems with 32-bit offsets use.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(fd: c_int, data: *const c_void, bytes: usize, at: i64) -> isize {
    // SAFETY: the caller's promise.
    unsafe { pwrite(fd, data, bytes, at) }
}

/// As [`pwritev(2)`](https://man7.org/linux/man-pages/man2/readv.2.html). Half of it is half of the parts.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwritev(fd: c_int, parts: *const libc::iovec, count: c_int, at: i64) -> isize {
    let parts_all = usize::try_from(count).unwrap_or(0);
    written(fd, parts_all, |parts_now| {
        // SAFETY: the caller's promise: `parts` has at least `parts_now` elements.
        unsafe { libc::syscall(libc::SYS_pwritev, fd, parts, parts_now, at, 0) as isize }
    })
}

/// As [`fsync(2)`](https://man7.org/linux/man-pages/man2/fsync.2.html).
#[unsafe(no_mangle)]
extern "C" fn fsync(_: c_int) -> c_int {
    other(|| 0)
}

/// As [`fdatasync(2)`](https://man7.org/linux/man-pages/man2/fsync.2.html).
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: c_int) -> c_int {
    other(|| 0)
}

/// As [`ftruncate(2)`](https://man7.org/linux/man-pages/man2/truncate.2.html).
#[unsafe(no_mangle)]
extern "C" fn ftruncate(fd: c_int, length: i64) -> c_int {
    other(|| {
        // SAFETY: the kernel checks both arguments.
        unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) as c_int }
    })
}

/// The same under its other name.
#[unsafe(no_mangle)]
extern "C" fn ftruncate64(fd: c_int, length: i64) -> c_int {
    ftruncate(fd, length)
}

/// As [`unlink(2)`](https://man7.org/linux/man-pages/man2/unlink.2.html).
#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const std::ffi::c_char) -> c_int {
    other(|| {
        // SAFETY: the caller's promise: a path that ends with a NUL.
        unsafe { libc::syscall(libc::SYS_unlink, path) as c_int }
    })
}
