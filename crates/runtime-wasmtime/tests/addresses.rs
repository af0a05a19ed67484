//! Guard pages where addresses are scarce: instances without them work the same. The test is alone in its process,
//! because it takes all reservations and limits the process.
#![cfg(target_os = "linux")]

#[path = "../../core/tests/runtime/support.rs"]
mod support;

mod guarded;

use commensal_core::fault::Fault;
use commensal_core::runtime::{CompileOptions, Guard, Instance, Metering, Runtime, Stop};
use commensal_runtime_wasmtime::WasmtimeRuntime;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{call, config};

use crate::guarded::Guarded;

/// Loads from the address that is its first parameter, after it has grown its memory by the second.
const LOAD: &str = r#"(module (memory (export "memory") 1 100)
    (func (export "f") (param i32 i32) (result i32)
      (drop (memory.grow (local.get 1))) (i32.load8_u (local.get 0))))"#;

fn check(instance: &mut dyn Instance) {
    assert_eq!(call(instance, "f", 65_535, 0), Ok(0));
    assert_eq!(call(instance, "f", 65_536, 1), Ok(0), "it has grown");
    for address in [131_072, 131_072 + 65_535, 1 << 31, u32::MAX] {
        let trap = call(instance, "f", address, 0);
        assert_eq!(trap, Err(Fault::Trap("out of bounds memory access".to_owned())), "{address}");
    }
    instance.renew().unwrap();
    assert_eq!(instance.memory_bytes(), 65_536);
    assert_eq!(call(instance, "f", 5, 0), Ok(0));
}

/// Bytes of addresses that the process has taken.
fn addresses() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn without_addresses_code_checks() {
    without_addresses(Stop::Code, 4 << 30);
    // The stop page is in a memory of its own.
    #[cfg(target_os = "linux")]
    without_addresses(Stop::Pages, 8 << 30);
}

/// Instances of code that is stopped like this get so many bytes of addresses.
fn without_addresses(stop: Stop, each: u64) {
    let wasm = wat::parse_str(LOAD).unwrap();
    let guard = Guard::Pages;
    let options = CompileOptions { guard, stop, ..CompileOptions::new(Metering::None) };
    let compiled = WasmtimeRuntime::new().compile(&wasm, options).unwrap();
    let before = addresses();
    let mut first = compiled.instantiate(config(&Default::default())).unwrap();
    assert!(addresses() - before >= each, "it has guard pages");
    check(&mut *first);

    // More instances than there may be reservations.
    let new = || compiled.instantiate(config(&Default::default())).unwrap();
    let mut instances: Vec<_> = (0..4200).map(|_| new()).collect();
    assert!(addresses() < 4_200 * each, "some have none");
    for instance in instances.iter_mut().step_by(100) {
        check(&mut **instance);
    }
    check(&mut *instances[4199]);
    drop(instances);
    let before = addresses();
    let mut next = new();
    assert!(addresses() - before >= each, "reservations come back");
    check(&mut *next);

    // A limit that comes later.
    assert_eq!(WasmtimeRuntime::new().has_guard_pages(), Ok(true));
    let old = getrlimit(Resource::As);
    setrlimit(Resource::As, Rlimit { current: Some(addresses() + (1 << 30)), ..old }).unwrap();
    let problem = WasmtimeRuntime::new().has_guard_pages().unwrap_err();
    assert!(problem.0.contains("ulimit -v"), "{problem}");
    let before = addresses();
    let mut limited = new();
    assert!(addresses() - before < 1 << 30);
    check(&mut *limited);
    check(&mut *first);
    setrlimit(Resource::As, old).unwrap();
}

fn runtime() -> Guarded {
    guarded::runtime()
}
