//! Guard pages where the process has signal handlers of its own. The test is alone in its process.
#![cfg(all(unix, target_pointer_width = "64"))]
#![expect(unsafe_code, reason = "handlers are what is tested, and the standard library has none")]

#[path = "../../core/tests/runtime/support.rs"]
mod support;

mod guarded;

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use commensal_core::fault::Fault;
use commensal_core::runtime::{CompileOptions, Guard, Instance, Metering, Runtime, Stop};
use commensal_runtime_wasmtime::WasmtimeRuntime;
use support::{call, config};

use crate::guarded::Guarded;

const TRAPS: &str = r#"(module (memory (export "memory") 1)
    (func (export "outside") (param i32 i32) (result i32) (i32.load (i32.const -4)))
    (func (export "divide") (param i32 i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func (export "unreachable") (param i32 i32) (result i32) (unreachable)))"#;

fn check(instance: &mut dyn Instance) {
    for (export, trap) in [
        ("outside", "out of bounds memory access"),
        ("divide", "integer divide by zero"),
        ("unreachable", "unreachable"),
    ] {
        assert_eq!(call(instance, export, 0, 0), Err(Fault::Trap(trap.to_owned())));
        instance.renew().unwrap();
    }
}

/// Sets a signal's handler, and returns the one before.
fn set(signal: c_int, action: &libc::sigaction) -> libc::sigaction {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: both are actions, and the handlers are the default ones or those that were there.
    assert_eq!(unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) }, 0);
    // SAFETY: it was written.
    unsafe { before.assume_init() }
}

fn block(how: c_int, signal: c_int) {
    // SAFETY: zeros are a set, and sigemptyset and sigaddset write to it.
    unsafe {
        let mut signals = MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), signal);
        assert_eq!(libc::pthread_sigmask(how, signals.as_ptr(), ptr::null_mut()), 0);
    }
}

#[test]
fn instances_follow_the_handlers() {
    follow_the_handlers(Stop::Code);
    #[cfg(target_os = "linux")]
    follow_the_handlers(Stop::Pages);
}

/// What is the same for guests that ask and for those with a stop page.
fn follow_the_handlers(stop: Stop) {
    // SAFETY: zeros are an action: that of the system, for no signal.
    let nothing: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let wasm = wat::parse_str(TRAPS).unwrap();
    let guard = Guard::Pages;
    let options = CompileOptions { guard, stop, ..CompileOptions::new(Metering::None) };
    let runtime = WasmtimeRuntime::new();
    let compiled = runtime.compile(&wasm, options).unwrap();
    let new = || compiled.instantiate(config(&Default::default())).unwrap();
    let mut first = new();
    check(&mut *first);
    assert!(first.is_fit() && runtime.has_guard_pages() == Ok(true));
    // Whoever comes later would get guests' traps first, and the system ends the process.
    for signal in [libc::SIGSEGV, libc::SIGILL, libc::SIGFPE] {
        let before = set(signal, &nothing);
        assert!(!first.is_fit() && runtime.has_guard_pages().is_err());
        let mut other = new();
        check(&mut *other);
        assert!(other.is_fit(), "its code checks");
        set(signal, &before);
        assert!(first.is_fit());
        check(&mut *first);

        block(libc::SIG_BLOCK, signal);
        assert!(!first.is_fit());
        check(&mut *new());
        block(libc::SIG_UNBLOCK, signal);
        assert!(first.is_fit());
        check(&mut *first);
    }
    assert_eq!(runtime.has_guard_pages(), Ok(true));
}

fn runtime() -> Guarded {
    guarded::runtime()
}
