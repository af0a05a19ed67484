//! The bounds of the current thread's stack, as each operating system reports them.
//!
//! The lowest bytes, which may be guard pages, are left out.
#![cfg_attr(
    any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        windows
    ),
    expect(unsafe_code, reason = "operating systems tell the bounds through C functions")
)]

use std::ops::Range;

/// The addresses of the thread's stack without its guard; `None` if the system does not tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn thread() -> Option<Range<usize>> {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the function fills in the attributes of the running thread.
    if unsafe { libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let attributes = attributes.as_mut_ptr();
    let (mut low, mut size, mut guard) = (null_mut(), 0, 0);
    // SAFETY: the attributes were filled in above; the results are ours.
    let known =
        unsafe { libc::pthread_attr_getstack(attributes, &raw mut low, &raw mut size) } == 0;
    // SAFETY: as above.
    unsafe { libc::pthread_attr_getguardsize(attributes, &raw mut guard) };
    // SAFETY: as above; they are not used any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    if !known {
        return None;
    }
    let (low, high) = (low.addr(), low.addr().checked_add(size)?);
    // Older libraries count the guard as part of the stack.
    Some(main_thread_low(low, high).saturating_add(guard)..high)
}

/// musl reports how far the main thread's stack has grown, not how far it may grow.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn main_thread_low(low: usize, high: usize) -> usize {
    // SAFETY: it only gives a number.
    let process = unsafe { libc::getpid() };
    // SAFETY: as above.
    let thread = || unsafe { libc::syscall(libc::SYS_gettid) };
    if !cfg!(target_env = "musl") || thread() != libc::c_long::from(process) {
        return low;
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the result is ours.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return low;
    }
    let size = usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX);
    // Even a stack without a limit can be counted on to have this much.
    high.saturating_sub(size.min(8 << 20)).min(low)
}

/// The addresses of the thread's stack; `None` if the system does not tell.
#[cfg(target_vendor = "apple")]
pub(super) fn thread() -> Option<Range<usize>> {
    // SAFETY: it only gives the running thread.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: it only gives a number of this thread.
    let high = unsafe { libc::pthread_get_stackaddr_np(thread) }.addr();
    // SAFETY: as above.
    let size = unsafe { libc::pthread_get_stacksize_np(thread) };
    Some(high.checked_sub(size)?..high)
}

/// The addresses of the thread's stack without its guard; `None` if the system does not tell.
#[cfg(target_os = "freebsd")]
pub(super) fn thread() -> Option<Range<usize>> {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the function makes attributes.
    if unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let attributes = attributes.as_mut_ptr();
    let (mut low, mut size) = (null_mut(), 0);
    // SAFETY: the attributes were made above, and are those of the running thread from here on.
    unsafe { libc::pthread_attr_get_np(libc::pthread_self(), attributes) };
    // SAFETY: the attributes were made above; the results are ours.
    let known =
        unsafe { libc::pthread_attr_getstack(attributes, &raw mut low, &raw mut size) } == 0;
    // SAFETY: as above; they are not used any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    (known && size > 0).then(|| low.addr()..low.addr().saturating_add(size))
}

/// The addresses of the thread's stack, without the part that the system needs to report an overflow.
#[cfg(windows)]
pub(super) fn thread() -> Option<Range<usize>> {
    /// Bytes of guard pages and of what the system reserves below them.
    const GUARD_BYTES: usize = 32 << 10;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetCurrentThreadStackLimits(low: *mut usize, high: *mut usize);
    }
    let (mut low, mut high) = (0, 0);
    // SAFETY: the function, which Windows 8 and later have, fills in the two results.
    unsafe { GetCurrentThreadStackLimits(&raw mut low, &raw mut high) };
    Some(low.saturating_add(GUARD_BYTES)..high)
}

/// Not known on this system.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    windows
)))]
pub(super) fn thread() -> Option<Range<usize>> {
    None
}
