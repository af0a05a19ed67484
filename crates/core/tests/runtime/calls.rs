//! What a guest and its host exchange: calls, memory, exports, host functions, traps.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    Services, budget, call, compile, config, instance, instantiate, module, resolve, run,
};
use commensal_core::fault::Fault;
use commensal_core::host::LogLevel;
use commensal_core::runtime::{
    Metering, NumberType, OutOfBounds, ResolveError, Runtime, RuntimeFeatures, Shape,
    StatementBudget,
};
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
    let scratch = instance.resolve("commensal_scratch", Shape::SCRATCH).unwrap();
    assert_eq!(instance.call(scratch, &[100], &mut budget()), Ok(108));
}

#[test]
fn functions_of_any_shape_take_and_give_words() {
    use NumberType::{F64, I32, I64};
    let mut instance = instance(
        r#"(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 7))
            (func (export "add") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
            (func (export "all") (param i32 f64 i64) (result f64)
                (f64.add (f64.mul (f64.convert_i32_s (local.get 0)) (local.get 1))
                    (f64.convert_i64_s (local.get 2))))
            (func (export "set") (param i32) (global.set $n (local.get 0)))
            (func (export "get") (result i32) (global.get $n))
            (func (export "bits") (param f64) (result f64) (local.get 0))
            (func (export "trap") (param i64) (result i64) unreachable)
            (func (export "endless") (param i64) (loop (br 0)))
            (func (export "f") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1))))"#,
    );
    fn shape(params: &[NumberType], result: Option<NumberType>) -> Shape<'_> {
        Shape { params, result }
    }
    let (minus_three, half) = ((-3_i32).cast_unsigned().into(), 0.5_f64.to_bits());
    // A NaN's bits are those of the parameter, and no arithmetic has touched them.
    let nan = 0x7ff0_dead_beef_0001;
    for (export, shape, params, expected) in [
        ("add", shape(&[I64; 2], Some(I64)), &[u64::MAX, i64::MAX as u64][..], i64::MAX as u64 - 1),
        ("all", shape(&[I32, F64, I64], Some(F64)), &[minus_three, half, 10], 8.5_f64.to_bits()),
        ("get", shape(&[], Some(I32)), &[], 7),
        ("set", shape(&[I32], None), &[minus_three], 0),
        ("get", shape(&[], Some(I32)), &[], minus_three),
        ("bits", shape(&[F64], Some(F64)), &[nan], nan),
        ("f", Shape::RECORDS, &[7, 5], 2),
        ("f", Shape::RECORDS, &[5, 7], (-2_i32).cast_unsigned().into()),
    ] {
        let function = instance.resolve(export, shape).unwrap();
        assert_eq!(instance.resolve(export, shape), Ok(function), "{export}");
        assert_eq!(instance.call(function, params, &mut budget()), Ok(expected), "{export}");
        let mut more = params.to_vec();
        more.push(0);
        for wrong in [&more[..], &more[..more.len().saturating_sub(2)]] {
            if wrong.len() != params.len() {
                let refused = instance.call(function, wrong, &mut budget());
                let refused = refused.map_err(|fault| matches!(*fault, Fault::Runtime(_)));
                assert_eq!(refused, Err(true), "{export} with {} words", wrong.len());
            }
        }
    }
    for (export, asked) in [
        ("add", shape(&[I64; 2], Some(F64))),
        ("add", shape(&[I64; 2], None)),
        ("add", shape(&[I64], Some(I64))),
        ("add", shape(&[I64, F64], Some(I64))),
        ("f", shape(&[I32], Some(I32))),
        ("set", shape(&[I32], Some(I32))),
    ] {
        match instance.resolve(export, asked) {
            Err(ResolveError::Signature(found)) => assert_ne!(found, asked.to_string()),
            other => panic!("{export} as {asked}: {other:?}"),
        }
    }
    let trap = instance.resolve("trap", shape(&[I64], Some(I64))).unwrap();
    let trapped = instance.call(trap, &[0], &mut budget());
    assert_eq!(trapped, Err(Box::new(Fault::Trap("unreachable".to_owned()))));
    let endless = instance.resolve("endless", shape(&[I64], None)).unwrap();
    let mut little = StatementBudget::new(Duration::from_millis(30));
    let stopped = instance.call(endless, &[0], &mut little);
    assert_eq!(stopped, Err(Box::new(Fault::StatementTimeout)));
    // Resolved functions stay valid, in every shape.
    instance.renew().unwrap();
    let get = instance.resolve("get", shape(&[], Some(I32))).unwrap();
    assert_eq!(instance.call(get, &[], &mut budget()), Ok(7));
    assert_eq!(instance.call(trap, &[0], &mut budget()).map_err(|f| *f), trapped.map_err(|f| *f));
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
        let resolved = instance.resolve(export, Shape::RECORDS);
        assert_eq!(resolved.map(|_| ()), expected, "{export}");
    }
    assert_eq!(call(&mut *instance, "good", 0, 0), Ok(3));
}

#[test]
fn initialize_has_the_type_of_the_abi() {
    let wat = r#"(module (memory (export "memory") 1) (func (export "_initialize") (param i32)))"#;
    match instantiate(wat, |_| {}).map(|_| ()) {
        Err(Fault::Runtime(reason)) => assert!(reason.contains("_initialize"), "{reason}"),
        other => panic!("{other:?}"),
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

/// A module that passes the arguments of `f` to the host.
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
    // A negative number is not a level. It must not arrive as a large one with a meaning.
    assert_eq!(call(&mut *instance, "level", u32::MAX, 0), Ok(0));
    let café = || "café".to_owned();
    assert_eq!(
        *services.log.lock().unwrap(),
        [(LogLevel::Warn, café()), (LogLevel::Error, café()), (LogLevel::Info, café())]
    );
    assert_eq!(call(&mut *instance, "now", 0, 0), Ok(-2i32 as u32));
    assert_eq!(call(&mut *instance, "random", 100, 3), Ok(7));
    assert_eq!(instance.memory().unwrap()[99..104], [0, 7, 7, 7, 0]);
    let mut granted = None;
    instance.with_host(&mut |host| granted = Some(host.granted));
    assert!(granted.unwrap().contains(Capability::Log));
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
        matches!(other.call_records(function, 0, 0, &mut budget()), Err(fault) if matches!(*fault, Fault::Runtime(_)))
    );
}
