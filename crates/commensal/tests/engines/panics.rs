//! A runtime that panics: the statement fails, and the connection continues. Runtimes are other people's
//! programs, and modules that make them panic have been found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use commensal::core::fault::Fault;
use commensal::core::host::HostState;
use commensal::core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Memory, ResolveError,
    Runtime, RuntimeError, RuntimeFeatures, Shape, StatementBudget,
};
use commensal::{Database, Options, WasmtimeRuntime};

use crate::support::{constant, create, integer};

/// Where the runtime panics: an index of [`PLACES`], or nowhere.
type At = Arc<AtomicU8>;

const PLACES: [&str; 5] = ["compile", "instantiate", "resolve", "scratch", "call"];

const NOWHERE: u8 = PLACES.len() as u8;

fn pass(at: &AtomicU8, place: &str) {
    assert!(PLACES.get(usize::from(at.load(SeqCst))) != Some(&place), "{place} was told to");
}

struct Panicking(At, WasmtimeRuntime);
struct Module(At, Arc<dyn CompiledModule>);
struct Guest(At, Box<dyn Instance>);

impl Runtime for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::ALL
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        pass(&self.0, "compile");
        Ok(Arc::new(Module(Arc::clone(&self.0), self.1.compile(wasm, options)?)))
    }
}

impl CompiledModule for Module {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        pass(&self.0, "instantiate");
        Ok(Box::new(Guest(Arc::clone(&self.0), self.1.instantiate(config)?)))
    }

    fn code_bytes(&self) -> usize {
        self.1.code_bytes()
    }

    fn stack_bytes(&self) -> usize {
        self.1.stack_bytes()
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.1.imports(is_wanted)
    }
}

impl Memory for Guest {
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.1.memory()
    }

    fn memory_bytes(&self) -> usize {
        self.1.memory_bytes()
    }
}

impl Instance for Guest {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        pass(&self.0, "resolve");
        self.1.resolve(export, shape)
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        self.1.global(export)
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        pass(&self.0, if params.len() == 1 { "scratch" } else { "call" });
        self.1.call(function, params, budget)
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        self.1.with_host(body);
    }

    fn fuel_used(&self) -> Option<u64> {
        self.1.fuel_used()
    }
}

#[test]
fn a_panic_of_a_runtime_is_an_error_of_its_statement() {
    let at: At = Arc::new(AtomicU8::new(NOWHERE));
    let runtime = Panicking(Arc::clone(&at), WasmtimeRuntime::new());
    let options = Options::new().engine(crate::ENGINE).runtime(Arc::new(runtime));
    let connection = Database::open_in_memory(options).unwrap().connect().unwrap();
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").unwrap();
    for (index, place) in PLACES.iter().enumerate() {
        for begin in ["SELECT 1", "BEGIN"] {
            at.store(index as u8, SeqCst);
            connection.execute_batch(begin).unwrap();
            // Each place has its own module, which is not compiled yet.
            let module = constant(100 + 2 * index as i64 + i64::from(begin == "BEGIN"));
            let attempt = || {
                create(&connection, "f", &module, "")?;
                integer(&connection, "SELECT f() + x FROM t")
            };
            let error = catch_unwind(AssertUnwindSafe(attempt)).expect(place).unwrap_err();
            assert!(error.message().contains("panic"), "{place}: {error:?}");
            assert_eq!(connection.is_autocommit(), begin != "BEGIN", "{place}");
            at.store(NOWHERE, SeqCst);
            assert_eq!(integer(&connection, "SELECT count(*) FROM t").unwrap(), 1, "{place}");
            create(&connection, "f", &module, "").unwrap();
            assert!(integer(&connection, "SELECT f()").unwrap() >= 100, "{place}");
            connection.execute("DROP FUNCTION f", ()).unwrap();
            if begin == "BEGIN" {
                connection.execute_batch("COMMIT").unwrap();
            }
        }
    }
}

/// With debug assertions, wasmi 2.0.0 panics at an `if` whose parameter and result are in registers.
/// Without them, the results are right.
#[cfg(feature = "wasmi")]
#[test]
fn an_if_in_registers_is_compiled_or_refused() {
    let options =
        Options::new().engine(crate::ENGINE).runtime(Arc::new(commensal::WasmiRuntime::new()));
    let connection = Database::open_in_memory(options).unwrap().connect().unwrap();
    let module = r#"(module (memory (export "memory") 1)
        (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
        (func $if (param $a f64) (param $c i32) (result f64) (local $x f64)
          (f64.add (local.get $a) (f64.const 1))
          (local.get $c)
          (if (param f64) (result f64) (then (f64.mul (f64.const 3)) (local.tee $x))))
        (func (export "f") (param i32 i32) (result i32)
          (f64.store (i32.const 520)
            (call $if (f64.load offset=8 (local.get 1)) (i32.load offset=24 (local.get 1))))
          (i32.store (i32.const 512) (i32.const 2))
          (i32.const 512)))"#;
    match create(&connection, "f", module, "") {
        Ok(()) => {
            let sum = integer(&connection, "SELECT CAST(f(2.5, 0) * 100 + f(2.5, 1) AS INTEGER)");
            assert_eq!(sum.unwrap(), 360);
        }
        Err(error) => assert!(error.message().contains("wasmi cannot compile it"), "{error:?}"),
    }
    assert_eq!(integer(&connection, "SELECT 1").unwrap(), 1);
}
