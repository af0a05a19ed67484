//! What a guest and its host can say to each other: calls, memory, exports, host functions, traps.

use std::sync::Arc;

use super::support::{
    Services, budget, call, compile, config, instance, instantiate, module, resolve, run,
};
use commensal_core::fault::Fault;
use commensal_core::host::LogLevel;
use commensal_core::runtime::{Metering, OutOfBounds, ResolveError, Runtime, RuntimeFeatures};
use commensal_core::{Capabilities, Capability};

#[test]
fn describes_itself() {
    let runtime = crate::runtime();
    assert_eq!(runtime.name(), crate::NAME);
    assert_eq!(runtime.features(), RuntimeFeatures::ALL);
}

#[test]
fn calls_with_unsigned_arguments() {
    let subtract = module("(i32.sub (local.get 0) (local.get 1))");
    for metering in [Metering::None, Metering::Fuel] {
        let compiled = compile(&subtract, metering);
        assert!(compiled.code_bytes() > 0);
        let mut instance = compiled.instantiate(config(&Arc::default())).unwrap();
        assert_eq!(call(&mut *instance, "f", 7, 5), Ok(2));
        assert_eq!(call(&mut *instance, "f", 5, 7), Ok(u32::MAX - 1));
    }
}

#[test]
fn start_and_initialize_run_once_and_in_order() {
    let mut instance = instance(
        r#"(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 1))
            (func $start (global.set $n (i32.add (global.get $n) (i32.const 1))))
            (func (export "_initialize") (global.set $n (i32.mul (global.get $n) (i32.const 10))))
            (start $start)
            (func (export "f") (param i32 i32) (result i32) (global.get $n)))"#,
    );
    assert_eq!(call(&mut *instance, "f", 0, 0), Ok(20));
    assert_eq!(call(&mut *instance, "f", 0, 0), Ok(20));
}

#[test]
fn memory_is_seen_after_it_grew() {
    let mut instance = instance(
        r#"(module (memory (export "memory") 1)
            (data (i32.const 4) "abc")
            (func (export "f") (param i32 i32) (result i32)
                (drop (memory.grow (local.get 0)))
                (i32.store8 (local.get 1) (i32.const 42))
                (memory.size)))"#,
    );
    assert_eq!(instance.memory_bytes(), 65536);
    assert_eq!(instance.memory().unwrap()[4..7], *b"abc");
    // Far enough that the memory has to move.
    let pages = 600;
    let last = (pages + 1) * 65536 - 1;
    assert_eq!(call(&mut *instance, "f", pages, last), Ok(pages + 1));
    assert_eq!(instance.memory_bytes(), last as usize + 1);
    let memory = instance.memory().unwrap();
    assert_eq!((memory.len(), memory[last as usize]), (last as usize + 1, 42));
    assert_eq!(memory[4..7], *b"abc");

    assert_eq!(instance.write(last, b"x"), Ok(()));
    assert_eq!(instance.write(last, b"xy"), Err(OutOfBounds));
    let mut byte = [0];
    assert_eq!(instance.read(last, &mut byte), Ok(()));
    assert_eq!(byte, *b"x");
    assert_eq!(instance.read(u32::MAX, &mut byte), Err(OutOfBounds));
}

#[test]
fn scratch_is_called() {
    let mut instance = instance(
        r#"(module (memory (export "memory") 1)
            (func (export "commensal_scratch") (param i32) (result i32) (i32.add (local.get 0) (i32.const 8))))"#,
    );
    assert_eq!(instance.scratch(100, &mut budget()), Ok(108));
    let mut without = super::support::instance(&module("(i32.const 0)"));
    assert!(matches!(without.scratch(1, &mut budget()),
        Err(fault) if matches!(&*fault, Fault::Runtime(reason) if reason.contains("commensal_scratch"))));
}

#[test]
fn resolve_says_what_an_export_is() {
    let mut instance = instance(
        r#"(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 1))
            (func (export "nothing"))
            (func (export "wide") (param i64 f32) (result i32 f64) unreachable)
            (func (export "good") (param i32 i32) (result i32) (i32.const 3)))"#,
    );
    let signature = |text: &str| Err(ResolveError::Signature(text.to_owned()));
    for (export, expected) in [
        ("absent", Err(ResolveError::Missing)),
        ("g", Err(ResolveError::Missing)),
        ("memory", Err(ResolveError::Missing)),
        ("nothing", signature("(func)")),
        ("wide", signature("(func (param i64 f32) (result i32 f64))")),
        ("good", Ok(())),
    ] {
        assert_eq!(instance.resolve(export).map(|_| ()), expected, "{export}");
    }
    assert_eq!(call(&mut *instance, "good", 0, 0), Ok(3));
}

#[test]
fn exports_of_the_abi_have_its_types() {
    for (export, wrong) in [
        ("commensal_scratch", "(param i64) (result i32) (i32.const 0)"),
        ("_initialize", "(param i32)"),
    ] {
        let wat =
            format!(r#"(module (memory (export "memory") 1) (func (export "{export}") {wrong}))"#);
        match instantiate(&wat, |_| {}).map(|_| ()) {
            Err(Fault::Runtime(reason)) => assert!(reason.contains(export), "{reason}"),
            other => panic!("{export}: {other:?}"),
        }
    }
}

#[test]
fn traps_are_told_by_kind() {
    for (body, reason) in [
        ("unreachable", "unreachable"),
        ("(i32.div_u (i32.const 1) (local.get 0))", "integer divide by zero"),
        ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", "integer overflow"),
        ("(i32.trunc_f32_s (f32.const nan))", "invalid conversion to integer"),
        ("(i32.load (i32.const 65533))", "out of bounds memory access"),
        ("(i32.load offset=0xffffffff (i32.const -1))", "out of bounds memory access"),
        (
            "(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)) (i32.const 0)",
            "out of bounds memory access",
        ),
        ("(call_indirect (result i32) (i32.const 3))", "undefined element"),
        ("(call_indirect (result i32) (i32.const 1))", "uninitialized element"),
        ("(call_indirect (result i32) (i32.const 0))", "indirect call type mismatch"),
    ] {
        let wat = format!(
            r#"(module (memory (export "memory") 1) (table 3 funcref) (func $nop) (elem (i32.const 0) $nop)
                (func (export "f") (param i32 i32) (result i32) {body}))"#
        );
        assert_eq!(run(&wat, |_| {}), Err(Fault::Trap(reason.to_owned())), "{body}");
    }
}

/// A module that passes what `f` gets to the host.
const HOST: &str = r#"(module
    (import "commensal" "log" (func $log (param i32 i32 i32)))
    (import "commensal" "interrupted" (func $interrupted (result i32)))
    (import "commensal" "now" (func $now (result i64)))
    (import "commensal" "random" (func $random (param i32 i32)))
    (memory (export "memory") 1) (data (i32.const 16) "caf\c3\a9")
    (func (export "log") (param i32 i32) (result i32)
        (call $log (i32.const 2) (local.get 0) (local.get 1)) (i32.const 0))
    (func (export "level") (param i32 i32) (result i32)
        (call $log (local.get 0) (i32.const 16) (i32.const 5)) (i32.const 0))
    (func (export "interrupted") (param i32 i32) (result i32) (call $interrupted))
    (func (export "now") (param i32 i32) (result i32) (i32.wrap_i64 (call $now)))
    (func (export "random") (param i32 i32) (result i32)
        (call $random (local.get 0) (local.get 1)) (i32.load8_u (local.get 0))))"#;

#[test]
fn host_functions_need_their_capability() {
    for (export, capability) in [("log", "log"), ("now", "clock"), ("random", "random")] {
        let mut instance = instance(HOST);
        match call(&mut *instance, export, 16, 5) {
            Err(Fault::Host(reason)) => {
                assert!(reason.contains(&format!("\"{capability}\"")), "{reason}");
            }
            other => panic!("{export}: {other:?}"),
        }
    }
    assert_eq!(call(&mut *instance(HOST), "interrupted", 0, 0), Ok(0));
}

#[test]
fn host_functions_work_where_granted() {
    let services = Arc::new(Services::default());
    let mut config = config(&services);
    config.host.granted = [Capability::Log, Capability::Clock, Capability::Random]
        .into_iter()
        .collect::<Capabilities>();
    let mut instance = compile(HOST, Metering::None).instantiate(config).unwrap();
    assert_eq!(call(&mut *instance, "log", 16, 5), Ok(0));
    assert_eq!(call(&mut *instance, "level", 1, 0), Ok(0));
    // A negative number is no level: it must not arrive as a large one that means something.
    assert_eq!(call(&mut *instance, "level", u32::MAX, 0), Ok(0));
    let café = || "café".to_owned();
    assert_eq!(
        *services.log.lock().unwrap(),
        [(LogLevel::Warn, café()), (LogLevel::Error, café()), (LogLevel::Info, café())]
    );
    assert_eq!(call(&mut *instance, "now", 0, 0), Ok(-2i32 as u32));
    assert_eq!(call(&mut *instance, "random", 100, 3), Ok(7));
    assert_eq!(instance.memory().unwrap()[99..104], [0, 7, 7, 7, 0]);
    assert!(instance.host_mut().granted.contains(Capability::Log));
}

#[test]
fn pointers_to_the_host_are_checked() {
    // Offsets with the highest bit set are sign-extended on their way, and still unsigned.
    for (pointer, len) in [(65536, 1), (65535, 2), (0, 65537), (1 << 31, 1), (u32::MAX, u32::MAX)] {
        for export in ["log", "random"] {
            let mut instance = instantiate(HOST, |c| c.host.granted = Capabilities::all()).unwrap();
            match call(&mut *instance, export, pointer, len) {
                Err(Fault::Host(reason)) => assert!(
                    reason.contains(&format!("{len} bytes at {pointer}")),
                    "{export}: {reason}"
                ),
                other => panic!("{export}({pointer}, {len}): {other:?}"),
            }
        }
    }
}

#[test]
fn start_function_reaches_the_host() {
    let services = Arc::new(Services::default());
    let mut config = config(&services);
    config.host.granted = Capabilities::all();
    let wat = r#"(module (import "commensal" "log" (func $log (param i32 i32 i32)))
        (memory (export "memory") 1) (data (i32.const 0) "hello")
        (func $start (call $log (i32.const 4) (i32.const 0) (i32.const 5))) (start $start))"#;
    compile(wat, Metering::None).instantiate(config).unwrap();
    assert_eq!(*services.log.lock().unwrap(), [(LogLevel::Debug, "hello".to_owned())]);
}

#[test]
fn functions_belong_to_their_instance() {
    let mut one = instance(&module("(i32.const 1)"));
    let mut other = instance(&module("(i32.const 2)"));
    let function = resolve(&mut *one, "f");
    assert!(
        matches!(other.call(function, 0, 0, &mut budget()), Err(fault) if matches!(*fault, Fault::Runtime(_)))
    );
}
