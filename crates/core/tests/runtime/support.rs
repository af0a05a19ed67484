//! What the tests of runtimes share: services of a host that can be watched, and a short way from
//! the text format to an instance.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commensal_core::Capabilities;
use commensal_core::fault::Fault;
use commensal_core::host::{HostServices, HostState, LogLevel};
use commensal_core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Metering, Runtime, Shape,
    StatementBudget,
};

/// A host that records the requests it gets.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) interrupted: AtomicBool,
    pub(crate) log: Mutex<Vec<(LogLevel, String)>>,
}

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn interrupted_elsewhere(&self) -> Option<bool> {
        Some(self.interrupted())
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.log.lock().unwrap().push((level, message.to_owned()));
    }

    fn now_ns(&self) -> i64 {
        -2
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        into.fill(7);
        Ok(())
    }
}

/// Limits that only tests of limits reach.
pub(crate) fn config(services: &Arc<Services>) -> InstanceConfig {
    InstanceConfig {
        memory_bytes_max: 64 << 20,
        table_elements_max: 1000,
        call_timeout: Duration::from_secs(60),
        fuel: None,
        host: HostState::new(Capabilities::NONE, Arc::clone(services) as _),
    }
}

pub(crate) fn compile(wat: &str, metering: Metering) -> Arc<dyn CompiledModule> {
    let wasm = wat::parse_str(wat).expect("the test's module is well-formed");
    crate::runtime()
        .compile(&wasm, CompileOptions::new(metering))
        .expect("the test's module compiles")
}

/// An instance of the module under limits that `change` has adapted.
pub(crate) fn instantiate(
    wat: &str,
    change: impl FnOnce(&mut InstanceConfig),
) -> Result<Box<dyn Instance>, Fault> {
    let mut config = config(&Arc::default());
    change(&mut config);
    let metering = if config.fuel.is_some() { Metering::Fuel } else { Metering::None };
    compile(wat, metering).instantiate(config)
}

pub(crate) fn instance(wat: &str) -> Box<dyn Instance> {
    instantiate(wat, |_| {}).expect("the test's module can be instantiated")
}

/// A budget that only tests of budgets use up.
pub(crate) fn budget() -> StatementBudget {
    StatementBudget::new(Duration::from_secs(600))
}

pub(crate) fn resolve(instance: &mut dyn Instance, export: &str) -> FunctionId {
    let function = instance.resolve(export, Shape::RECORDS);
    function.expect("the test's module exports the function")
}

/// Resolves and calls.
pub(crate) fn call(
    instance: &mut dyn Instance,
    export: &str,
    argc: u32,
    argv: u32,
) -> Result<u32, Fault> {
    let function = resolve(instance, export);
    instance.call_records(function, argc, argv, &mut budget()).map_err(|fault| *fault)
}

/// Calls the module's export `f` with zeros.
pub(crate) fn run(wat: &str, change: impl FnOnce(&mut InstanceConfig)) -> Result<u32, Fault> {
    call(&mut *instantiate(wat, change)?, "f", 0, 0)
}

/// A module whose export `f` has this body.
pub(crate) fn module(body: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (func (export "f") (param i32 i32) (result i32) {body}))"#
    )
}

/// A module whose export `f` never returns.
pub(crate) const ENDLESS: &str = r#"(module (memory (export "memory") 1)
    (func (export "f") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))"#;

/// A module whose export `f` returns bits of the value of an expression. Its operands are in memory, so
/// that no compiler knows them: an f32 NaN with a sign and a payload at 0, such an f64 at 8, both in
/// all lanes from 16 and from 32; zeros from 48.
pub(crate) fn bits(expression: &str) -> u32 {
    let wat = format!(
        r#"(module (memory (export "memory") 1)
            (data (i32.const 0) "\01\02\b0\ff")
            (data (i32.const 8) "\01\02\03\04\05\06\f7\ff")
            (data (i32.const 16) "\01\02\b0\ff\01\02\b0\ff\01\02\b0\ff\01\02\b0\ff")
            (data (i32.const 32) "\01\02\03\04\05\06\f7\ff\01\02\03\04\05\06\f7\ff")
            (func (export "f") (param $zero i32) (param i32) (result i32) {expression}))"#
    );
    call(&mut *instance(&wat), "f", 0, 0).expect("nothing traps")
}
