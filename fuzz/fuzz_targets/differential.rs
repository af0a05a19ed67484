//! Generated modules on both runtimes: the same results, the same faults, the same memory.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use commensal_core::Capabilities;
use commensal_core::host::{HostServices, HostState, LogLevel};
use commensal_core::runtime::{
    Fault, Instance, InstanceConfig, Metering, Runtime, StatementBudget,
};
use commensal_runtime_wasmi::WasmiRuntime;
use commensal_runtime_wasmtime::WasmtimeRuntime;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_target};
use wasm_smith::{Config, Module};

/// What modules export, whatever they are otherwise.
static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "f") (param i32 i32) (result i32) unreachable)
            (func (export "g") (param i32 i32) (result i32) unreachable)
            (func (export "commensal_scratch") (param i32) (result i32) unreachable))"#,
    )
    .expect("the text is well-formed")
});

/// Rounds of loops and calls that a module may do in its life; then it traps.
const ROUNDS: u32 = 500;

fuzz_target!(|data: &[u8]| -> Corpus {
    match compare(&mut Unstructured::new(data)) {
        Ok(true) => Corpus::Keep,
        _ => Corpus::Reject,
    }
});

/// Whether anything was compared.
fn compare(data: &mut Unstructured<'_>) -> Result<bool> {
    let mut module = Module::new(config(data.ratio(1, 8)?), data)?;
    if module.ensure_termination(ROUNDS).is_err() {
        return Ok(false);
    }
    let wasm = module.to_bytes();
    let runtimes: [&dyn Runtime; 2] = [&WasmtimeRuntime::new(), &WasmiRuntime::new()];
    let [one, other] = runtimes.map(|runtime| runtime.compile(&wasm, Metering::None));
    let (one, other) = match (one, other) {
        (Ok(one), Ok(other)) => (one, other),
        // `externref` is a type that modules may not have and that cannot be switched off by itself.
        (Err(_), Err(_)) => return Ok(false),
        (one, other) => {
            panic!("compiled: {:?}, {:?}", one.map(|_| ()), other.map(|_| ()));
        }
    };
    let (mut one, mut other) = match (one.instantiate(limits()), other.instantiate(limits())) {
        (Ok(one), Ok(other)) => (one, other),
        (one, other) => {
            return Ok(same("instantiation", one.map(|_| 0), other.map(|_| 0)).is_some());
        }
    };
    same_memory(&mut *one, &mut *other);
    for export in ["f", "g", "scratch", "f", "g"] {
        let (argc, argv) = (data.arbitrary()?, data.arbitrary()?);
        let [x, y] = [&mut one, &mut other].map(|i| call(&mut **i, export, argc, argv));
        if same(export, x, y).is_none() {
            break;
        }
        same_memory(&mut *one, &mut *other);
    }
    Ok(true)
}

/// What both runtimes have, and nothing that limits would stop. NaNs are as they come: both runtimes
/// make them canonical. With types of references, most modules have an `externref` and are refused.
fn config(references: bool) -> Config {
    Config {
        exports: Some(EXPORTS.clone()),
        allow_start_export: true,
        exceptions_enabled: false,
        gc_enabled: false,
        max_imports: 0,
        // The exported one comes on top.
        max_memories: 0,
        max_memory32_bytes: 4 << 20,
        max_table_elements: 1000,
        max_tables: 4,
        memory64_enabled: false,
        memory_max_size_required: true,
        reference_types_enabled: references,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    }
}

fn limits() -> InstanceConfig {
    InstanceConfig {
        memory_bytes_max: 64 << 20,
        table_elements_max: 100_000,
        call_timeout: Duration::from_secs(10),
        fuel: None,
        host: HostState::new(Capabilities::NONE, Arc::new(Services)),
    }
}

fn call(
    instance: &mut dyn Instance,
    export: &str,
    argc: u32,
    argv: u32,
) -> std::result::Result<u32, Fault> {
    let mut budget = StatementBudget::new(Duration::from_secs(60));
    if export == "scratch" {
        return instance.scratch(argc, &mut budget).map_err(|fault| *fault);
    }
    let function = instance.resolve(export).expect("every module exports it");
    instance.call(function, argc, argv, &mut budget).map_err(|fault| *fault)
}

/// The value both gave; `None` if there was a fault, and the same. Limits are each runtime's own.
fn same(
    what: &str,
    one: std::result::Result<u32, Fault>,
    other: std::result::Result<u32, Fault>,
) -> Option<u32> {
    if one.as_ref().err().is_some_and(is_limit) || other.as_ref().err().is_some_and(is_limit) {
        return None;
    }
    assert_eq!(one, other, "{what}");
    one.ok()
}

fn is_limit(fault: &Fault) -> bool {
    matches!(fault, Fault::StackExhausted(_) | Fault::MemoryExhausted | Fault::TableExhausted)
}

fn same_memory(one: &mut dyn Instance, other: &mut dyn Instance) {
    assert!(one.memory() == other.memory(), "memory differs");
}

/// A host that nothing is asked of.
struct Services;

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        false
    }

    fn log(&self, _: LogLevel, _: &str) {}

    fn now_ns(&self) -> i64 {
        0
    }

    fn random(&self, _: &mut [u8]) -> std::result::Result<(), String> {
        Ok(())
    }
}
