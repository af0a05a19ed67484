//! Guests with a stop page are stopped wherever they are, and only when they have to be.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod guarded;
#[path = "../../core/tests/runtime/support.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use commensal_core::fault::Fault;
use commensal_core::runtime::{CompileOptions, Metering, Runtime, StatementBudget};
use guarded::Guarded;
use support::{Services, budget, call, compile, config, instantiate, resolve, run};

fn runtime() -> Guarded {
    guarded::with_stop_pages()
}

const SHORT: Duration = Duration::from_millis(20);

/// Compilers know that two reads of one place give the same. None of these loops may lose its read.
#[test]
fn no_loop_is_compiled_without_its_read() {
    for body in [
        "(loop (br 0))",
        "(loop (loop (br_if 0 (i32.const 1))) (br 0))",
        "(loop (loop (br_if 0 (local.get 0))) (br 0))",
        "(loop (loop (loop (br_if 0 (local.get 0))) (br_if 0 (local.get 0))) (br 0))",
        "(loop (br_if 0 (local.get 1))) (loop (br_if 0 (local.get 0)))",
        "(call $nothing) (loop (br_if 0 (local.get 0)))",
        "(loop (block (br_table 1 0 (local.get 1))) (br 0))",
        "(loop (if (local.get 0) (then (loop (br_if 0 (local.get 0))))) (br 0))",
        "(loop (drop (i32.load (i32.const 8))) (loop (br_if 0 (local.get 0))) (br 0))",
        "(loop (i32.store (i32.const 8) (i32.const 1)) (br 0))",
        "(call $forever)",
        "(call_indirect (type $void) (i32.const 0))",
        "(call $tree (i32.const 62))",
    ] {
        let wat = format!(
            r#"(module (memory (export "memory") 1) (type $void (func))
                (table funcref (elem $forever)) (func $nothing)
                (func $forever (loop (br 0)))
                (func $tree (param i32) (if (local.get 0) (then
                    (call $tree (i32.sub (local.get 0) (i32.const 1)))
                    (call $tree (i32.sub (local.get 0) (i32.const 1))))))
                (func (export "f") (param i32 i32) (result i32) {body} (i32.const 0)))"#
        );
        let mut instance = instantiate(&wat, |c| c.call_timeout = SHORT).unwrap();
        assert_eq!(call(&mut *instance, "f", 1, 0), Err(Fault::CallTimeout), "{body}");
        instance.renew().unwrap();
        assert_eq!(call(&mut *instance, "f", 1, 0), Err(Fault::CallTimeout), "{body}, renewed");
    }
}

/// Without a loop, code runs long if it calls others that do.
#[test]
fn long_code_without_loops_is_stopped() {
    let (calls, work) = ("(call $leaf)".repeat(5_000), "f64.sqrt ".repeat(20_000));
    let references = "(drop (ref.func $leaf))".repeat(10_000);
    for body in [
        format!("(func $leaf global.get $x {work} global.set $x)"),
        format!("(func $leaf {references})"),
    ] {
        let wat = format!(
            r#"(module (memory (export "memory") 1) (elem declare func $leaf)
                (global $x (mut f64) (f64.const 1e300)) {body}
                (func $many {calls})
                (func (export "f") (param i32 i32) (result i32) (call $many) (call $many)
                    (call $many) (call $many) (unreachable)))"#
        );
        let mut instance = instantiate(&wat, |c| c.call_timeout = SHORT).unwrap();
        assert_eq!(call(&mut *instance, "f", 0, 0), Err(Fault::CallTimeout));
    }
}

#[test]
fn a_module_without_memory_or_with_a_start_is_stopped() {
    let forever = "(loop (br 0))";
    let exported = |body: &str| {
        format!("(module (func (export \"f\") (param i32 i32) (result i32) {body} (i32.const 0)))")
    };
    assert_eq!(run(&exported(forever), |c| c.call_timeout = SHORT), Err(Fault::CallTimeout));
    assert_eq!(run(&exported(""), |_| {}), Ok(0));
    let start = format!("(module (func $s {forever}) (start $s))");
    let started = instantiate(&start, |c| c.call_timeout = SHORT).map(drop);
    assert_eq!(started, Err(Fault::CallTimeout));
    // It runs once, before `_initialize`, and sees its data.
    let wat = r#"(module (memory (export "memory") 1) (data (i32.const 0) "\05")
        (func $s (i32.store8 (i32.const 0) (i32.mul (i32.load8_u (i32.const 0)) (i32.const 3))))
        (start $s)
        (func (export "_initialize")
            (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))))
        (func (export "f") (param i32 i32) (result i32) (i32.load8_u (i32.const 0))))"#;
    assert_eq!(run(wat, |_| {}), Ok(16));
}

/// The page is nobody's memory: the guest is not charged for it and cannot reach it.
#[test]
fn the_page_is_not_the_guests() {
    let wat = |pages: &str| {
        format!(
            r#"(module (memory (export "memory") {pages})
                (func (export "f") (param i32 i32) (result i32) (memory.grow (i32.const 1))))"#
        )
    };
    // Exactly what the guest has: the page would be too much.
    assert_eq!(run(&wat("1 1"), |c| c.memory_bytes_max = 65_536), Ok(u32::MAX));
    assert_eq!(run(&wat("0"), |c| c.memory_bytes_max = 65_536), Ok(0));
    assert!(matches!(
        run(&wat("1"), |c| c.memory_bytes_max = 65_536),
        Ok(u32::MAX) | Err(Fault::MemoryExhausted)
    ));
    // A module with a second memory would be valid for the engine of those that have a stop page.
    let wasm = wat::parse_str("(module (memory 1) (memory 1))").unwrap();
    let problem = runtime().compile(&wasm, CompileOptions::new(Metering::None)).err();
    let problem = problem.expect("it is not valid").0;
    assert!(problem.contains("multiple memories"), "{problem}");
}

/// Says that something is done, also if it panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Interrupts at any moment of short calls: a call gives its result or is interrupted, and nothing else.
#[test]
fn interrupts_meet_short_calls() {
    let compiled = compile(
        r#"(module (memory (export "memory") 1) (func (export "f") (param i32 i32) (result i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"#,
        Metering::None,
    );
    thread::scope(|scope| {
        for worker in 0..4 {
            let compiled = &compiled;
            scope.spawn(move || {
                let services = Arc::new(Services::default());
                let done = AtomicBool::new(false);
                let (mut given, mut interrupted) = (0, 0);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        let mut wait = 7 + worker;
                        while !done.load(Ordering::Relaxed) {
                            wait = wait * 29 % 1009;
                            thread::sleep(Duration::from_micros(wait * 10));
                            services.interrupted.store(true, Ordering::Relaxed);
                            thread::sleep(Duration::from_micros(wait));
                            services.interrupted.store(false, Ordering::Relaxed);
                        }
                    });
                    let _done = Done(&done);
                    // Making an instance can be interrupted, too.
                    let new = || {
                        loop {
                            match compiled.instantiate(config(&services)) {
                                Ok(mut instance) => {
                                    let function = resolve(&mut *instance, "f");
                                    return (instance, function);
                                }
                                Err(fault) => assert_eq!(fault, Fault::Interrupted),
                            }
                        }
                    };
                    let (mut instance, mut function) = new();
                    for turn in 0..3000_u32 {
                        // From nothing to some milliseconds.
                        let turns = 1 + turn * 977 % 40 * turn % 1_000_000;
                        match instance.call_records(function, turns, turn, &mut budget()) {
                            Ok(result) => {
                                assert_eq!(result, turn);
                                given += 1;
                            }
                            Err(fault) => {
                                assert_eq!(*fault, Fault::Interrupted);
                                interrupted += 1;
                                (instance, function) = new();
                            }
                        }
                    }
                });
                assert!(given > 100, "{given} calls returned, {interrupted} were interrupted");
            });
        }
    });
}

/// Cleaning up is not interrupted, and a statement's time runs out over many short calls.
#[test]
fn a_budget_bounds_many_calls() {
    let wat = r#"(module (func (export "f") (param i32 i32) (result i32)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"#;
    let services = Arc::new(Services::default());
    let mut instance = compile(wat, Metering::None).instantiate(config(&services)).unwrap();
    let function = resolve(&mut *instance, "f");
    let mut left = StatementBudget::new(Duration::from_millis(50));
    let fault = loop {
        if let Err(fault) = instance.call_records(function, 100_000, 0, &mut left) {
            break *fault;
        }
    };
    assert_eq!(fault, Fault::StatementTimeout);
    instance.renew().unwrap();
    services.interrupted.store(true, Ordering::Relaxed);
    let mut left = StatementBudget::for_cleanup(Duration::from_millis(50));
    let fault = instance.call_records(function, u32::MAX, 0, &mut left).unwrap_err();
    assert_eq!(*fault, Fault::StatementTimeout);
}
