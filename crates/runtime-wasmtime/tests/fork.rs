//! A child of a fork has no ticker thread: it starts its own.
#![cfg(unix)]
#![expect(unsafe_code, reason = "a fork is what is tested, and the standard library has none")]

mod guarded;
#[path = "../../core/tests/runtime/support.rs"]
mod support;

use std::ffi::c_int;
#[cfg(target_os = "linux")]
use std::sync::Arc;
use std::sync::atomic::Ordering;
#[cfg(target_os = "linux")]
use std::thread;
use std::time::Duration;

use commensal_core::fault::Fault;
#[cfg(target_os = "linux")]
use commensal_core::runtime::Metering;
use guarded::{Guarded, HAS_STOP_PAGES};
use support::{ENDLESS, budget, call, instantiate, resolve};

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
    fn alarm(seconds: u32) -> u32;
}

/// Runs `child` in a forked process. Returns how that ended, as waitpid does: 0 if `child` was true.
fn in_child(child: impl FnOnce() -> bool) -> c_int {
    // SAFETY: this file's test is alone in its process and its other threads (the test harness's, the
    // ticker) hold no lock that the child needs: it compiles nothing and prints nothing. The alarm
    // ends a child that a guest's endless loop holds.
    let pid = unsafe { fork() };
    assert!(pid >= 0, "fork");
    if pid == 0 {
        // SAFETY: alarm has no preconditions.
        unsafe { alarm(60) };
        let good = child();
        // SAFETY: _exit has no preconditions and runs nothing of the parent's.
        unsafe { _exit(if good { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: the pointer is to a local of the right type.
    assert_eq!(unsafe { waitpid(pid, &mut status, 0) }, pid);
    status
}

const TWO: &str = r#"(module (memory (export "memory") 1)
    (func (export "f") (param i32 i32) (result i32) (loop (br_if 0 (local.get 0))) (i32.const 5)))"#;

/// What is the same for guests that ask and for those with a stop page.
fn check() {
    let short = Duration::from_millis(30);
    let new = |wat| instantiate(wat, |c| c.call_timeout = short).unwrap();
    let mut used = new(TWO);
    let mut unused = new(ENDLESS);
    let function = resolve(&mut *used, "f");
    // Right before the fork: the deadline lies a tick ahead, and nothing in the child ticks.
    assert_eq!(used.call_records(function, 0, 0, &mut budget()), Ok(5));

    let status = in_child(|| {
        used.begin_statement();
        let one =
            used.call_records(function, 1, 0, &mut budget()) == Err(Box::new(Fault::CallTimeout));
        let other = call(&mut *unused, "f", 0, 0) == Err(Fault::CallTimeout);
        one && other
    });
    assert_eq!(status, 0, "in the child");

    used.begin_statement();
    assert_eq!(used.call_records(function, 1, 0, &mut budget()), Err(Box::new(Fault::CallTimeout)));
    assert_eq!(call(&mut *unused, "f", 0, 0), Err(Fault::CallTimeout));
}

/// One test, because a fork is safe only while no other test of the process runs.
#[test]
fn a_child_starts_its_own_ticker() {
    HAS_STOP_PAGES.store(false, Ordering::Relaxed);
    check();
    #[cfg(target_os = "linux")]
    {
        HAS_STOP_PAGES.store(true, Ordering::Relaxed);
        check();
        calls_of_the_parent_do_not_keep_a_ticker();
    }
}

/// The child has copies of what its parent's threads call, and nobody that ends those calls.
#[cfg(target_os = "linux")]
fn calls_of_the_parent_do_not_keep_a_ticker() {
    let services = Arc::new(support::Services::default());
    let running = thread::spawn({
        let services = Arc::clone(&services);
        move || {
            let compiled = support::compile(ENDLESS, Metering::None);
            let mut instance = compiled.instantiate(support::config(&services)).unwrap();
            call(&mut *instance, "f", 0, 0)
        }
    });
    let mut own = instantiate(TWO, |_| {}).unwrap();
    let function = resolve(&mut *own, "f");
    // So that the ticker has seen the other call.
    thread::sleep(Duration::from_millis(100));
    let status = in_child(|| {
        own.begin_statement();
        let returned = own.call_records(function, 0, 0, &mut budget()) == Ok(5);
        // The ticker goes when nothing of this process runs. The alarm ends a child where it stays.
        while std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() > 1) {
            thread::sleep(Duration::from_millis(20));
        }
        returned
    });
    assert_eq!(status, 0, "in the child");
    services.interrupted.store(true, Ordering::Relaxed);
    assert_eq!(running.join().unwrap(), Err(Fault::Interrupted));
}

fn runtime() -> Guarded {
    guarded::chosen()
}
