//! Closing frees everything. The runtime here counts what it made and what was dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use commensal::core::fault::Fault;
use commensal::core::host::HostState;
use commensal::core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Memory, ResolveError,
    Runtime, RuntimeError, RuntimeFeature, RuntimeFeatures, Shape, StatementBudget,
};
use commensal::{Database, Options};

use crate::support::{check_error, connect, constant, create, integer, value};

/// Runs nothing: each call returns 5. Counts the modules and instances that are alive.
#[derive(Clone, Default)]
struct Counting(Arc<Counts>);

#[derive(Default)]
struct Counts {
    modules: AtomicI64,
    instances: AtomicI64,
    compiled: AtomicI64,
}

impl Counting {
    fn alive(&self) -> (i64, i64) {
        (self.0.modules.load(SeqCst), self.0.instances.load(SeqCst))
    }

    fn compiled(&self) -> i64 {
        self.0.compiled.load(SeqCst)
    }

    fn options(&self) -> Options {
        Options::new()
            .engine(crate::ENGINE)
            .runtime(Arc::new(self.clone()))
            .accept_missing(RuntimeFeature::Interruption)
            .accept_missing(RuntimeFeature::MemoryLimit)
    }

    fn database(&self) -> Database {
        Database::open_in_memory(self.options()).unwrap()
    }
}

impl Runtime for Counting {
    /// Each value has its own compiled code, because the process shares code by the runtime's name.
    fn name(&self) -> &'static str {
        "counting"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::NONE
    }

    fn compile(
        &self,
        _: &[u8],
        _: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        self.0.modules.fetch_add(1, SeqCst);
        self.0.compiled.fetch_add(1, SeqCst);
        Ok(Arc::new(CountedModule(Arc::clone(&self.0))))
    }
}

struct CountedModule(Arc<Counts>);

impl Drop for CountedModule {
    fn drop(&mut self) {
        self.0.modules.fetch_sub(1, SeqCst);
    }
}

impl CompiledModule for CountedModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        self.0.instances.fetch_add(1, SeqCst);
        let mut memory = vec![0; 1 << 16];
        (memory[512], memory[520]) = (1, 5);
        Ok(Box::new(CountedInstance { counts: Arc::clone(&self.0), memory, host: config.host }))
    }

    fn code_bytes(&self) -> usize {
        0
    }

    fn stack_bytes(&self) -> usize {
        0
    }

    fn imports(&self, _: &dyn Fn(&str, &str) -> bool) -> bool {
        false
    }
}

struct CountedInstance {
    counts: Arc<Counts>,
    memory: Vec<u8>,
    host: HostState,
}

impl Drop for CountedInstance {
    fn drop(&mut self) {
        self.counts.instances.fetch_sub(1, SeqCst);
    }
}

impl Memory for CountedInstance {
    fn memory(&mut self) -> Option<&mut [u8]> {
        Some(&mut self.memory)
    }

    fn memory_bytes(&self) -> usize {
        self.memory.len()
    }
}

impl Instance for CountedInstance {
    fn resolve(&mut self, _: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        Ok(FunctionId((shape == Shape::SCRATCH).into()))
    }

    fn global(&mut self, _: &str) -> Option<u32> {
        None
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        _: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        match function {
            FunctionId(1) => Ok(1024),
            _ if params[0] > 1 => Err(Box::new(Fault::Trap("too many".to_owned()))),
            _ => Ok(512),
        }
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        body(&mut self.host);
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

/// One test, because all runtimes with one name share compiled code in the process.
#[test]
fn closing_frees_everything() {
    let runtime = Counting::default();
    let database = runtime.database();
    let connection = connect(&database);
    create(&connection, "f", &constant(1), "").unwrap();
    create(&connection, "g", &constant(2), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f() + g()"), Ok(10));
    assert_eq!(runtime.alive(), (2, 2));

    // A trap costs its instance, even in the middle of a statement.
    check_error(value(&connection, "SELECT f() + g() + f(1, 2)"), "f(): trap: too many");
    assert_eq!(runtime.alive(), (2, 1));

    // What a transaction made and rolled back is freed when the next statement looks.
    connection.execute_batch("BEGIN").unwrap();
    create(&connection, "h", &constant(3), "").unwrap();
    assert_eq!(integer(&connection, "SELECT h() + f()"), Ok(10));
    assert_eq!(runtime.alive(), (3, 3));
    connection.execute_batch("ROLLBACK").unwrap();
    check_error(value(&connection, "SELECT h()"), "no such function: h");
    assert_eq!(runtime.alive().0, 2);

    // Another connection has its own instances and the same code.
    let other = connect(&database);
    let compiled = runtime.compiled();
    assert_eq!(integer(&other, "SELECT f() + g()"), Ok(10));
    assert_eq!(runtime.compiled(), compiled);
    let instances = runtime.alive().1;
    drop(other);
    assert_eq!(runtime.alive(), (2, instances - 2));

    // Closed in the middle of everything: with rows left and a transaction open.
    connection.execute_batch("BEGIN; CREATE TABLE t(x)").unwrap();
    let mut running = connection.prepare("SELECT f() UNION ALL SELECT g()").unwrap();
    assert!(running.step().unwrap());
    drop(running);
    drop(connection);
    assert_eq!(runtime.alive().1, 0);
    drop(database);
    assert_eq!(runtime.alive(), (0, 0));
    assert_eq!(Arc::strong_count(&runtime.0), 1);

    slots_are_used_again(&runtime);
    opening_compiles_nothing(&runtime);
    assert_eq!(runtime.alive(), (0, 0));
}

/// Names come and go. A connection that lives long does not grow by them.
fn slots_are_used_again(runtime: &Counting) {
    let database = runtime.database();
    let connection = connect(&database);
    for round in 0..300 {
        create(&connection, &format!("f{round}"), &constant(1), "").unwrap();
        assert_eq!(integer(&connection, &format!("SELECT f{round}()")), Ok(5));
        connection.execute(&format!("DROP FUNCTION f{round}"), ()).unwrap();
    }
    let sql = "SELECT count(*) FROM pragma_function_list WHERE name GLOB 'f[0-9]*'";
    assert_eq!(integer(&connection, sql), Ok(0));
}

/// A thousand functions of a hundred modules.
fn opening_compiles_nothing(runtime: &Counting) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("many.db");
    let open = || Database::open(&path, runtime.options()).unwrap();
    let database = open();
    let connection = connect(&database);
    connection.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    for number in 0..100 {
        create(&connection, &format!("f{number}_0"), &constant(number), "").unwrap();
    }
    // What nine more CREATE FUNCTION for each module would write.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT \
               INTO commensal_object(kind, name, sha256, export) SELECT kind, replace(name, '_0', \
               '_' || i), sha256, export FROM commensal_object, n";
    connection.execute(sql, ()).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    drop(database);
    assert_eq!(runtime.alive(), (0, 0));

    let before = runtime.compiled();
    let database = open();
    let connection = connect(&database);
    assert_eq!(integer(&connection, "SELECT count(*) FROM wasm_functions"), Ok(1000));
    assert_eq!(integer(&connection, "SELECT sum(functions) FROM wasm_modules"), Ok(1000));
    assert_eq!(integer(&connection, "SELECT sum(compiled) FROM wasm_modules"), Ok(0));
    assert_eq!(runtime.compiled(), before);
    assert_eq!(integer(&connection, "SELECT f99_9() + f99_1()"), Ok(10));
    assert_eq!(integer(&connection, "SELECT sum(compiled) FROM wasm_modules"), Ok(1));
    assert_eq!(runtime.compiled(), before + 1);
}
