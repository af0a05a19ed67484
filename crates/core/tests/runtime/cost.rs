//! The costs of a bare call, a host function and an instance, in nanoseconds. This is not a test: each
//! runtime has an example `call_cost` that includes it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use commensal_core::Capabilities;
use commensal_core::host::{HostServices, HostState, LogLevel};
use commensal_core::runtime::{
    CompileOptions, CompiledModule, Instance, InstanceConfig, Metering, NumberType, Runtime, Shape,
    StatementBudget,
};

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

/// The memory of a small Rust guest: a stack of 1 MiB, and some constants above it.
const GUEST: &str = r#"(module
    (import "commensal" "interrupted" (func $interrupted (result i32)))
    (memory (export "memory") 17)
    (data (i32.const 1048576) "constants")
    (func (export "nothing") (param i32 i32) (result i32) (local.get 1))
    (func (export "record") (param i32 i32) (result i32)
        (i64.store offset=8 (local.get 1) (i64.add (i64.load offset=8 (local.get 1))
            (i64.load offset=24 (local.get 1))))
        (local.get 1))
    (func (export "native") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
    (func (export "host") (param i32 i32) (result i32) (call $interrupted))
    (func (export "work") (param i32 i32) (result i32) (local i32)
        (loop
            (local.set 2 (i32.add (i32.rotl (local.get 2) (i32.const 5))
                (i32.load8_u (i32.and (local.get 0) (i32.const 0xffff)))))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 2)))"#;

fn new(module: &dyn CompiledModule, fuel: Option<u64>) -> Box<dyn Instance> {
    module
        .instantiate(InstanceConfig {
            memory_bytes_max: 64 << 20,
            table_elements_max: 1000,
            call_timeout: Duration::from_secs(2),
            fuel,
            host: HostState::new(Capabilities::NONE, Arc::new(Services)),
        })
        .expect("the guest can be instantiated")
}

/// Prints the best of several rounds of `count`.
fn measure(what: &str, count: u32, mut round: impl FnMut()) {
    let best = (0..7)
        .map(|_| {
            let began = Instant::now();
            (0..count).for_each(|_| round());
            began.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{what:<42} {:>10.1} ns", best.as_nanos() as f64 / f64::from(count));
}

/// Prints the costs with this runtime.
pub(crate) fn print(runtime: &dyn Runtime) {
    let wasm = wat::parse_str(GUEST).expect("the guest is well-formed");
    for (metering, fuel) in [(Metering::None, None), (Metering::Fuel, Some(1_000_000))] {
        let module =
            runtime.compile(&wasm, CompileOptions::new(metering)).expect("the guest compiles");
        let mut instance = new(&*module, fuel);
        let mut budget = StatementBudget::new(Duration::from_secs(600));
        println!("metering: {metering:?}");
        for (export, argc, count) in [
            ("nothing", 2, 2_000_000),
            ("record", 2, 2_000_000),
            ("host", 0, 500_000),
            ("work", 1000, 5_000),
        ] {
            let function =
                instance.resolve(export, Shape::RECORDS).expect("the guest has the export");
            measure(export, count, || {
                let result = instance.call_records(function, argc, black_box(1024), &mut budget);
                black_box(result.expect("the call is good"));
            });
        }
        let native = Shape { params: &[NumberType::I64; 2], result: Some(NumberType::I64) };
        let function = instance.resolve("native", native).expect("the guest has the export");
        measure("native", 2_000_000, || {
            let result = instance.call(function, black_box(&[40, 2]), &mut budget);
            black_box(result.expect("the call is good"));
        });
        measure("memory()", 2_000_000, || {
            black_box(instance.memory().map(|memory| memory.len()));
        });
        measure("begin_statement", 500_000, || instance.begin_statement());
        measure("instantiate and drop", 3_000, || drop(new(&*module, fuel)));
        let touched = "instantiate, first call, 3 pages, drop";
        measure(touched, 3_000, || {
            let mut instance = new(&*module, fuel);
            let function =
                instance.resolve("record", Shape::RECORDS).expect("the guest has the export");
            for at in [1024, 1_000_000, 1_048_576] {
                instance.call_records(function, 2, at, &mut budget).expect("the call is good");
            }
        });
    }
}
