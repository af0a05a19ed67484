//! Cases on an engine that works on one thread, and whose memory the host can only copy, like that of
//! JavaScript: Wasmtime behind handles. SQL must not see the difference.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use commensal::core::fault::Fault;
use commensal::core::host::HostState;
use commensal::core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Memory, OutOfBounds,
    ResolveError, Runtime, RuntimeError, RuntimeFeatures, Shape, StatementBudget,
};
use commensal::core::thread_bound::ThreadBound;
use commensal::{Capabilities, Capability, Database, Limits, Sqlite, WasmtimeRuntime};
use commensal_conformance::{Options, Summary, run};

/// Wasmtime, on the threads that have an engine. The name selects the cases.
struct OneThread(WasmtimeRuntime);

thread_local! {
    /// Whether this thread has an engine.
    static HAS_ENGINE: RefCell<bool> = const { RefCell::new(false) };
}

impl Runtime for OneThread {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn features(&self) -> RuntimeFeatures {
        self.0.features()
    }

    fn is_thread_bound(&self) -> bool {
        true
    }

    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        if !HAS_ENGINE.with_borrow(|has| *has) {
            return Err(RuntimeError("this thread has no engine".to_owned()));
        }
        let compiled = Rc::new(self.0.compile(wasm, options)?);
        Ok(Arc::new(BoundModule(ThreadBound::new(compiled))))
    }
}

struct BoundModule(ThreadBound<Rc<Arc<dyn CompiledModule>>>);

impl CompiledModule for BoundModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        let instance = self.0.with(|module| module.instantiate(config))??;
        Ok(Box::new(BoundInstance(ThreadBound::new(Rc::new(RefCell::new(instance))))))
    }

    fn is_thread_bound(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
    }

    fn code_bytes(&self) -> usize {
        self.0.with(|module| module.code_bytes()).unwrap_or(0)
    }

    fn stack_bytes(&self) -> usize {
        self.0.with(|module| module.stack_bytes()).unwrap_or(0)
    }

    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
        self.0.with(|module| module.imports(is_wanted)).unwrap_or(false)
    }
}

/// An instance, of which only the handle moves.
struct BoundInstance(ThreadBound<Rc<RefCell<Box<dyn Instance>>>>);

impl BoundInstance {
    fn with<R>(&self, body: impl FnOnce(&mut dyn Instance) -> R) -> Option<R> {
        self.0.with(|instance| body(&mut **instance.borrow_mut())).ok()
    }
}

impl Memory for BoundInstance {
    fn memory(&mut self) -> Option<&mut [u8]> {
        None
    }

    fn memory_bytes(&self) -> usize {
        self.with(|instance| instance.memory_bytes()).unwrap_or(0)
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        self.with(|instance| instance.read(offset, into)).unwrap_or(Err(OutOfBounds))
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        self.with(|instance| instance.write(offset, from)).unwrap_or(Err(OutOfBounds))
    }
}

impl Instance for BoundInstance {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        let resolved = self.with(|instance| instance.resolve(export, shape));
        resolved.unwrap_or(Err(ResolveError::Missing))
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
    }

    fn renew(&mut self) -> Result<(), Fault> {
        self.with(|instance| instance.renew()).unwrap_or(Err(Fault::OtherThread))
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        self.with(|instance| instance.global(export)).flatten()
    }

    fn begin_statement(&mut self) {
        self.with(|instance| instance.begin_statement());
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        let called = self.with(|instance| instance.call(function, params, budget));
        called.unwrap_or_else(|| Err(Box::new(Fault::OtherThread)))
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        self.with(|instance| instance.with_host(body));
    }

    fn refused(&self) -> Option<Fault> {
        self.with(|instance| instance.refused()).flatten()
    }

    fn fuel_used(&self) -> Option<u64> {
        self.with(|instance| instance.fuel_used()).flatten()
    }
}

fn runtime() -> Arc<dyn Runtime> {
    HAS_ENGINE.set(true);
    Arc::new(OneThread(WasmtimeRuntime::new()))
}

/// Cases of everything that calls a guest or that a guest calls. All cases would take as long as on another
/// runtime.
const CASES: &[&str] = &[
    "aggregates",
    "auxdata",
    "collations",
    "errors",
    "evil_host_calls",
    "evil_results",
    "evil_scratch",
    "functions",
    "large",
    "libsql",
    "nochange",
    "pointers",
    "sdk_host",
    "sql_read",
    "sql_write",
    "stats",
    "table_cursors",
    "turso_generic",
    "types",
    "virtual_tables",
    "wasi",
    "windows",
    "zeroblob",
];

#[test]
fn cases_are_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let files: Vec<_> = CASES.iter().map(|name| folder.join(name).with_extension("slt")).collect();
    let options = Options {
        engine: &Sqlite,
        runtime: Some(runtime()),
        limits: Limits::default(),
        capabilities: [Capability::SqlRead, Capability::SqlWrite]
            .into_iter()
            .collect::<Capabilities>(),
        strict: true,
        guard_pages: true,
    };
    let mut report = Vec::new();
    let summary = run(&files, &options, &mut report).unwrap();
    assert!(summary.passed > 500, "{summary:?}");
    assert_eq!(summary, Summary { failed: 0, ..summary }, "{}", String::from_utf8_lossy(&report));
}

const SEVEN: &str = r#"CREATE FUNCTION seven LANGUAGE wasm AS '(module
    (memory (export "memory") 1) (data (i32.const 8) "\01\00\00\00\00\00\00\00\07")
    (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
    (func (export "seven") (param i32 i32) (result i32) (i32.const 8)))'"#;

#[test]
fn another_thread_has_an_error_or_an_engine_of_its_own() {
    let options = commensal::Options::new().runtime(runtime());
    let database = Database::open_in_memory(options).unwrap();
    let connection = database.connect().unwrap();
    connection.execute(SEVEN, ()).unwrap();
    let seven = |connection: &commensal::Connection| {
        connection.query_row("SELECT seven()", (), |row| row.get::<i64>(0))
    };
    assert_eq!(seven(&connection), Ok(7));
    for has_engine in [false, true] {
        thread::scope(|scope| {
            // With an idle instance and code that belong to another thread.
            let other = database.connect().unwrap();
            assert_eq!(seven(&other), Ok(7));
            let moved = scope.spawn(move || {
                HAS_ENGINE.set(has_engine);
                let result = (seven(&other), seven(&other));
                assert_eq!(other.query_row("SELECT 1", (), |row| row.get::<i64>(0)), Ok(1));
                result
            });
            match moved.join().unwrap() {
                (one, other) if has_engine => assert_eq!((one, other), (Ok(7), Ok(7))),
                (Err(one), Err(_)) => {
                    assert!(one.message().contains("this thread has no engine"), "{one:?}");
                }
                other => panic!("{other:?}"),
            }
        });
    }
    assert_eq!(seven(&connection), Ok(7));
}
