//! Generated modules on both runtimes, which must have the same results, faults and memory.

use std::hash::{DefaultHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use commensal::Capabilities;
use commensal::core::abi::EXPORT_SCRATCH;
use commensal::core::fault::Fault;
use commensal::core::host::{HostServices, HostState, LogLevel};
use commensal::core::runtime::{
    CompileOptions, Instance, InstanceConfig, Metering, Runtime, Shape, StatementBudget,
};
use commensal_runtime_wasmi::WasmiRuntime;
use commensal_runtime_wasmtime::WasmtimeRuntime;

/// Runs a module on both runtimes. Returns true if both made an instance of it.
///
/// # Panics
/// The runtimes differ.
pub fn compare(wasm: &[u8]) -> bool {
    let runtimes: [&dyn Runtime; 2] = [&WasmtimeRuntime::new(), &WasmiRuntime::new()];
    // wasmi 2.0.0 panics at some modules. The core turns that into an error, so they are refused.
    let compiled = runtimes.map(|runtime| {
        catch_unwind(AssertUnwindSafe(|| {
            runtime.compile(wasm, CompileOptions::new(Metering::None))
        }))
    });
    let [Ok(one), Ok(other)] = compiled else { return false };
    let (one, other) = match (one, other) {
        (Ok(one), Ok(other)) => (one, other),
        // Both refuse `externref`, which wasm-smith cannot leave out by itself.
        (Err(_), Err(_)) => return false,
        (one, other) => {
            panic!("compiled: {:?}, {:?}", one.map(|_| ()), other.map(|_| ()));
        }
    };
    let (mut one, mut other) = match (one.instantiate(limits()), other.instantiate(limits())) {
        (Ok(one), Ok(other)) => (one, other),
        (one, other) => {
            return same("instantiation", one.map(|_| 0), other.map(|_| 0)).is_some();
        }
    };
    same_memory(&mut *one, &mut *other);
    let mut hasher = DefaultHasher::new();
    hasher.write(wasm);
    for export in ["f", "g", EXPORT_SCRATCH, "f", "g"] {
        if one.resolve(export, shape(export)).is_err() {
            continue;
        }
        hasher.write(export.as_bytes());
        let number = hasher.finish();
        // Small arguments are more often addresses within memory.
        let shift = number >> 59;
        let (argc, argv) = (number as u32 >> shift, (number >> 32) as u32 >> shift);
        let [x, y] = [&mut one, &mut other].map(|i| call(&mut **i, export, argc, argv));
        if same(export, x, y).is_none() {
            break;
        }
        same_memory(&mut *one, &mut *other);
    }
    true
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

fn call(instance: &mut dyn Instance, export: &str, argc: u32, argv: u32) -> Result<u32, Fault> {
    let mut budget = StatementBudget::new(Duration::from_secs(60));
    let shape = shape(export);
    let function = instance.resolve(export, shape).expect("every module exports it");
    let words = &[argc.into(), argv.into()][..shape.params.len()];
    let result = instance.call(function, words, &mut budget);
    result.map(|word| word as u32).map_err(|fault| *fault)
}

fn shape(export: &str) -> Shape<'static> {
    if export == EXPORT_SCRATCH { Shape::SCRATCH } else { Shape::RECORDS }
}

/// The value that both returned; `None` after the same fault. Stack and memory run out at limits of each
/// runtime's own, so those faults are not compared.
fn same(what: &str, one: Result<u32, Fault>, other: Result<u32, Fault>) -> Option<u32> {
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

/// A host for guests that import nothing.
struct Services;

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        false
    }

    fn log(&self, _: LogLevel, _: &str) {}

    fn now_ns(&self) -> i64 {
        0
    }

    fn random(&self, _: &mut [u8]) -> Result<(), String> {
        Ok(())
    }
}
