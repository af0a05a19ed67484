//! Doubles of runtimes to come: V8 through N-API or a browser, which works on one thread, shows no memory
//! and calls back while it runs; and one that takes numbers directly.
//!
//! The core calls each like any other runtime.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use commensal_core::abi::{EXPORT_SCRATCH, Record};
use commensal_core::engine::{EngineStatement, SqlText};
use commensal_core::fault::Fault;
use commensal_core::guest::{CallError, Callee, Guest};
use commensal_core::host::calls::Work;
use commensal_core::host::sql::{BoxedStatement, GuestStatement, HostSql, Level};
use commensal_core::host::{self, HostServices, HostState, LogLevel};
use commensal_core::manifest::{CallForm, Param, Signature};
use commensal_core::runtime::{
    CompileOptions, CompiledModule, FunctionId, Instance, InstanceConfig, Memory, Metering,
    NumberType, OutOfBounds, ResolveError, Runtime, RuntimeError, RuntimeFeatures, Shape,
    StatementBudget,
};
use commensal_core::thread_bound::ThreadBound;
use commensal_core::{Capabilities, StorageClass, Value, ValueRef};

/// A function of a guest: words in, a word out. It sees nothing except its engine.
type Body = fn(&Engine, &[u64]) -> Result<u64, Fault>;

/// A guest: its exports, and what they do.
type Exports = &'static [(&'static str, Shape<'static>, Body)];

/// An instance of such an engine. Nothing of it can leave its thread, and its callbacks find the host's
/// side by themselves during the call.
struct Engine {
    exports: Exports,
    /// Nothing has a reference into it.
    memory: RefCell<Vec<u8>>,
    host: RefCell<HostState>,
    budget: Cell<StatementBudget>,
    /// The instance itself, as it is in the closures that the engine passes to the guest.
    own: Weak<Engine>,
}

/// Its memory. Bytes are copied, and it is asked for each time.
struct Copied<'a>(&'a RefCell<Vec<u8>>);

impl Memory for Copied<'_> {
    fn memory(&mut self) -> Option<&mut [u8]> {
        None
    }

    fn memory_bytes(&self) -> usize {
        self.0.borrow().len()
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let (memory, start) = (self.0.borrow(), offset as usize);
        into.copy_from_slice(memory.get(start..start + into.len()).ok_or(OutOfBounds)?);
        Ok(())
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let (mut memory, start) = (self.0.borrow_mut(), offset as usize);
        memory.get_mut(start..start + from.len()).ok_or(OutOfBounds)?.copy_from_slice(from);
        Ok(())
    }
}

impl Engine {
    /// The guest calls a function that it has imported.
    fn import(&self, module: &str, name: &str, arguments: &[i64]) -> Result<i64, Fault> {
        let engine = self.own.upgrade().expect("it is being called");
        let function = host::function(module, name).expect("the host has it");
        function.call(&mut engine.host.borrow_mut(), &mut Copied(&engine.memory), arguments)
    }

    fn put(&self, at: u32, bytes: &[u8]) {
        Copied(&self.memory).write(at, bytes).expect("it is within memory");
    }

    fn word(&self, at: u64) -> i64 {
        let mut word = [0; 8];
        Copied(&self.memory).read(at as u32, &mut word).expect("it is within memory");
        i64::from_le_bytes(word)
    }

    /// Answers with a record.
    fn answer(&self, record: Record) -> Result<u64, Fault> {
        self.put(ANSWER, &record.to_bytes());
        Ok(ANSWER.into())
    }
}

/// The address of answers.
const ANSWER: u32 = 64;

/// The runtime of such engines.
struct Bound {
    exports: Exports,
}

impl Runtime for Bound {
    fn name(&self) -> &'static str {
        "bound"
    }

    fn features(&self) -> RuntimeFeatures {
        RuntimeFeatures::NONE
    }

    fn is_thread_bound(&self) -> bool {
        true
    }

    fn compile(
        &self,
        _: &[u8],
        _: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        Ok(Arc::new(BoundModule(ThreadBound::new(Rc::new(self.exports)))))
    }
}

struct BoundModule(ThreadBound<Rc<Exports>>);

impl CompiledModule for BoundModule {
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault> {
        let exports = self.0.with(|exports| **exports)?;
        let engine = Rc::new_cyclic(|own| Engine {
            exports,
            memory: vec![0; 64 << 10].into(),
            host: config.host.into(),
            budget: Cell::new(StatementBudget::new(Duration::ZERO)),
            own: own.clone(),
        });
        Ok(Box::new(BoundInstance(ThreadBound::new(engine))))
    }

    fn is_thread_bound(&self) -> bool {
        true
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
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

struct BoundInstance(ThreadBound<Rc<Engine>>);

impl Memory for BoundInstance {
    fn memory(&mut self) -> Option<&mut [u8]> {
        None
    }

    fn memory_bytes(&self) -> usize {
        self.0.with(|engine| Copied(&engine.memory).memory_bytes()).unwrap_or(0)
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let read = self.0.with(|engine| Copied(&engine.memory).read(offset, into));
        read.unwrap_or(Err(OutOfBounds))
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let written = self.0.with(|engine| Copied(&engine.memory).write(offset, from));
        written.unwrap_or(Err(OutOfBounds))
    }
}

impl Instance for BoundInstance {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        let exports = self.0.with(|engine| engine.exports).unwrap_or_default();
        let found = exports.iter().position(|(name, ..)| *name == export);
        let found = found.ok_or(ResolveError::Missing)?;
        match exports[found].1 {
            own if own == shape => Ok(FunctionId(found as u32)),
            own => Err(ResolveError::Signature(own.to_string())),
        }
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
    }

    fn global(&mut self, _: &str) -> Option<u32> {
        None
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        let called = self.0.with(|engine| {
            engine.budget.set(*budget);
            let (_, shape, body) = engine.exports[function.0 as usize];
            assert_eq!(params.len(), shape.params.len());
            let result = body(engine, params);
            *budget = engine.budget.get();
            result
        });
        called.map_err(Fault::from).flatten().map_err(Box::new)
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        let _ = self.0.with(|engine| body(&mut engine.host.borrow_mut()));
    }

    fn fuel_used(&self) -> Option<u64> {
        None
    }
}

/// A host that records what it is told, and does something meanwhile.
#[derive(Default)]
struct Services {
    log: Mutex<Vec<String>>,
    meanwhile: Option<fn() -> Value>,
    sql: Sql,
}

impl HostServices for Services {
    fn interrupted(&self) -> bool {
        true
    }

    fn log(&self, _: LogLevel, message: &str) {
        let more = self.meanwhile.map(|meanwhile| format!(" {:?}", meanwhile()));
        self.log.lock().unwrap().push(format!("{message}{}", more.unwrap_or_default()));
    }

    fn now_ns(&self) -> i64 {
        77
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        into.fill(7);
        Ok(())
    }

    fn sql(&self) -> Option<&dyn HostSql> {
        Some(&self.sql)
    }
}

/// A connection whose statements return the number 5 for ever, and report where they end.
#[derive(Default)]
struct Sql {
    depth: AtomicUsize,
    ended: Arc<Mutex<Vec<ThreadId>>>,
}

impl HostSql for Sql {
    fn prepare(&self, sql: &SqlText) -> commensal_core::Result<(Option<BoxedStatement>, usize)> {
        Ok((Some(Box::new(Five(Arc::clone(&self.ended)))), sql.as_str().len()))
    }

    fn changes(&self) -> i64 {
        0
    }

    fn last_insert_rowid(&self) -> i64 {
        0
    }

    fn is_autocommit(&self) -> bool {
        true
    }

    fn depth(&self) -> &AtomicUsize {
        &self.depth
    }

    fn stack_bytes(&self) -> usize {
        0
    }

    fn level(&self) -> Level {
        Level::NONE
    }

    fn set_level(&self, _: Level) {}
}

struct Five(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Five {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

impl EngineStatement for Five {
    fn parameter_count(&self) -> usize {
        0
    }

    fn parameter_index(&self, _: &str) -> Option<usize> {
        None
    }

    fn bind(&mut self, _: usize, _: ValueRef<'_>) -> commensal_core::Result<()> {
        Ok(())
    }

    fn step(&mut self) -> commensal_core::Result<bool> {
        Ok(true)
    }

    fn reset(&mut self) {}

    fn column_count(&self) -> usize {
        1
    }

    fn column_name(&self, _: usize) -> &str {
        "five"
    }

    fn column(&self, _: usize) -> commensal_core::Result<ValueRef<'_>> {
        Ok(ValueRef::Integer(5))
    }

    fn is_readonly(&self) -> bool {
        true
    }
}

impl GuestStatement for Five {
    fn parameter_name(&self, _: usize) -> Option<String> {
        None
    }

    fn column_decltype(&self, _: usize) -> Option<String> {
        None
    }

    fn bind_zeroblob(&mut self, _: usize, _: u32) -> commensal_core::Result<()> {
        Ok(())
    }

    fn clear_bindings(&mut self) {}

    fn invalid_text(&self, _: usize) -> Option<&[u8]> {
        None
    }

    fn needs(&self) -> Capabilities {
        Capabilities::NONE
    }

    fn work(&self) -> Work {
        Work::NONE
    }

    fn memory_bytes(&self) -> u64 {
        100
    }

    fn row_bytes(&self) -> u64 {
        0
    }
}

fn budget() -> StatementBudget {
    StatementBudget::new(Duration::from_secs(60))
}

fn module(exports: Exports) -> Arc<dyn CompiledModule> {
    let compiled = Bound { exports }.compile(&[], CompileOptions::new(Metering::None));
    compiled.expect("it compiles whatever it is given")
}

fn guest(exports: Exports, services: &Arc<Services>) -> Guest {
    try_guest(exports, services).expect("it starts")
}

fn try_guest(exports: Exports, services: &Arc<Services>) -> Result<Guest, CallError> {
    let config = InstanceConfig {
        memory_bytes_max: usize::MAX,
        table_elements_max: 0,
        call_timeout: Duration::MAX,
        fuel: None,
        host: HostState::new(Capabilities::all(), Arc::clone(services) as _),
    };
    Guest::new(&*module(exports), config, &mut budget()).map_err(|error| *error)
}

fn call(guest: &mut Guest, export: &str, arguments: &[ValueRef<'_>]) -> Result<Value, CallError> {
    let function = guest.resolve(export).expect("the guest has it");
    let signature = &Signature::ANY;
    let callee = Callee { function, signature, subtype: false, result_bytes_max: 1 << 20 };
    let sink = |value: ValueRef<'_>, _: u8| value.to_owned();
    guest.call(callee, arguments, &mut budget(), sink).map_err(|error| *error)
}

fn scratch(_: &Engine, _: &[u64]) -> Result<u64, Fault> {
    Ok(4096)
}

const SCRATCH: (&str, Shape<'static>, Body) = (EXPORT_SCRATCH, Shape::SCRATCH, scratch);

/// The sum of two integers.
fn add(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let argv = params[1];
    engine.answer(Record::integer(engine.word(argv + 8) + engine.word(argv + 24)))
}

/// Logs its argument, which must be text, draws random bytes into the middle of it, and returns it.
fn calls_back(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let argv = params[1];
    let (len, pointer) = (engine.word(argv) >> 32, engine.word(argv + 8));
    assert_eq!(engine.import("commensal", "interrupted", &[])?, 1);
    engine.import("commensal", "log", &[3, pointer, len])?;
    engine.import("commensal", "random", &[pointer + 1, len - 2])?;
    // The buffers that WASI writes.
    engine.put(ANSWER + 32, &(pointer as u32).to_le_bytes());
    engine.put(ANSWER + 36, &(len as u32).to_le_bytes());
    let vectors = i64::from(ANSWER) + 32;
    engine.import("wasi_snapshot_preview1", "fd_write", &[1, vectors, 1, vectors + 8])?;
    assert_eq!(engine.word(vectors as u64 + 8) as u32, len as u32);
    engine.answer(Record::bytes(commensal_core::abi::Tag::Text, pointer as u32, len as u32))
}

/// Passes an address outside of its memory to the host.
fn outside(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let pointer = engine.word(params[1] + 8);
    engine.import("commensal", "random", &[pointer, 8]).map(|_| 0)
}

const GUEST: Exports = &[
    SCRATCH,
    ("add", Shape::RECORDS, add),
    ("calls_back", Shape::RECORDS, calls_back),
    ("outside", Shape::RECORDS, outside),
];

#[test]
fn what_calls_back_reaches_the_host_and_its_own_copied_memory() {
    /// Another instance, which is called while the first one's call is at the host.
    fn other() -> Value {
        let arguments = [ValueRef::Integer(40), ValueRef::Integer(2)];
        call(&mut guest(GUEST, &Arc::default()), "add", &arguments).unwrap()
    }
    let services = Arc::new(Services { meanwhile: Some(other), ..Services::default() });
    let mut guest = guest(GUEST, &services);
    for _ in 0..2 {
        let result = call(&mut guest, "calls_back", &[ValueRef::Text("hello")]);
        assert_eq!(result, Ok(Value::Text("h\x07\x07\x07o".to_owned())));
        let logged = std::mem::take(&mut *services.log.lock().unwrap());
        assert_eq!(logged, ["hello Integer(42)", "h\x07\x07\x07o Integer(42)"]);
    }
    for pointer in [65_529, 1 << 31, u32::MAX] {
        let error = call(&mut guest, "outside", &[ValueRef::Integer(pointer.into())]).unwrap_err();
        let Fault::Host(reason) = fault(error) else { panic!("the host refuses") };
        assert!(reason.contains(&format!("8 bytes at {pointer}")), "{reason}");
    }
}

fn fault(error: CallError) -> Fault {
    match error {
        CallError::Fault(fault, _) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn arguments_of_any_size_are_copied() {
    fn first(_: &Engine, params: &[u64]) -> Result<u64, Fault> {
        Ok(params[1])
    }
    let mut guest = guest(&[SCRATCH, ("first", Shape::RECORDS, first)], &Arc::default());
    for len in [0, 1, 5000, 50_000, 3] {
        let text = "x".repeat(len);
        let result = call(&mut guest, "first", &[ValueRef::Text(&text)]);
        assert_eq!(result, Ok(Value::Text(text)));
    }
}

#[test]
fn another_thread_gets_an_error_and_harms_nothing() {
    let mut own = guest(GUEST, &Arc::default());
    let two = [ValueRef::Integer(1), ValueRef::Integer(2)];
    assert_eq!(call(&mut own, "add", &two), Ok(Value::Integer(3)));
    let compiled = module(GUEST);
    let moved = thread::spawn(move || {
        assert!(!compiled.is_here());
        let refused = own.resolve("add").map(|_| ());
        assert_eq!(refused, Err(ResolveError::Missing));
        let function = FunctionId(1);
        let signature = &Signature::ANY;
        let callee = Callee { function, signature, subtype: false, result_bytes_max: 0 };
        let sink = |_: ValueRef<'_>, _: u8| ();
        let none: &[ValueRef<'_>] = &[];
        let error = own.call(callee, none, &mut budget(), sink).unwrap_err();
        // Its memory and its engine are not dropped here either.
        drop(compiled);
        (own, *error)
    });
    let (mut own, error) = moved.join().unwrap();
    assert_eq!(fault(error), Fault::OtherThread);
    assert_eq!(call(&mut own, "add", &two), Ok(Value::Integer(3)));
}

#[test]
fn a_guest_without_a_scratch_area_takes_no_records() {
    const NONE: Exports = &[("add", Shape::RECORDS, add)];
    let error = call(&mut guest(NONE, &Arc::default()), "add", &[ValueRef::Integer(1)]);
    let Fault::Runtime(reason) = fault(error.unwrap_err()) else { panic!("the ABI demands it") };
    assert!(reason.contains("exports no \"commensal_scratch\""), "{reason}");
}

#[test]
fn a_guest_with_another_scratch_area_does_not_start() {
    const OTHER: Exports = &[(EXPORT_SCRATCH, Shape::RECORDS, add)];
    let error = try_guest(OTHER, &Arc::default()).err().expect("it does not start");
    let Fault::Runtime(reason) = fault(error) else { panic!("the ABI demands it") };
    let expected = "\"commensal_scratch\" has the type (func (param i32 i32) (result i32))";
    assert!(reason.contains(expected), "{reason}");
}

#[test]
fn parameters_of_webassembly_reach_memory_that_is_copied() {
    const TEXT: Shape<'_> = Shape {
        params: &[NumberType::I32, NumberType::I32, NumberType::I64],
        result: Some(NumberType::I64),
    };
    /// The text without its first bytes.
    fn tail(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
        let &[address, bytes, skip] = params else { panic!("three words") };
        assert_eq!(engine.word(address) as u8, b'h');
        Ok((bytes - skip) << 32 | (address + skip))
    }
    let text = Param { class: Some(StorageClass::Text), nullable: false };
    let integer = Param { class: Some(StorageClass::Integer), nullable: false };
    let signature = Signature {
        params: vec![text, integer],
        variadic: None,
        returns: Some(StorageClass::Text),
        form: CallForm::Native,
    };
    let mut guest = guest(&[SCRATCH, ("tail", TEXT, tail)], &Arc::default());
    let function = guest.resolve_shape("tail", TEXT).expect("the guest has it");
    let callee =
        Callee { function, signature: &signature, subtype: false, result_bytes_max: 1 << 20 };
    let sink = |value: ValueRef<'_>, _: u8| value.to_owned();
    for len in [1, 5, 5000, 50_000, 3] {
        let text = "h".repeat(len);
        let arguments = [ValueRef::Text(&text), ValueRef::Real(1.0)];
        let result = guest.call(callee, &arguments[..], &mut budget(), sink);
        assert_eq!(result.unwrap(), Value::Text("h".repeat(len - 1)));
    }
    let null = [ValueRef::Text("h"), ValueRef::Null];
    assert_eq!(guest.call(callee, &null[..], &mut budget(), sink).unwrap(), Value::Null);
}

/// Prepares its argument.
fn prepare(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let (len, pointer) = (engine.word(params[1]) >> 32, engine.word(params[1] + 8));
    let number = engine.import("commensal", "sql_prepare", &[pointer, len])? & 0xffff_ffff;
    engine.answer(Record::integer(number))
}

/// Writes the only column of a row, of the statement with this number, into a record that is the result.
fn column(engine: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let number = engine.word(params[1] + 8);
    assert_eq!(engine.import("commensal", "sql_step", &[number])?, 100);
    let place = i64::from(ANSWER);
    assert_eq!(engine.import("commensal", "sql_column", &[number, 0, place, 0, 0])?, 0);
    Ok(ANSWER.into())
}

const SQL: Exports =
    &[SCRATCH, ("prepare", Shape::RECORDS, prepare), ("column", Shape::RECORDS, column)];

#[test]
fn statements_end_with_their_connection_wherever_that_is() {
    let services = Arc::new(Services::default());
    let ended = Arc::clone(&services.sql.ended);
    let mut guest = guest(SQL, &services);
    let number = call(&mut guest, "prepare", &[ValueRef::Text("SELECT 5")]).unwrap();
    assert_eq!(number, Value::Integer(1));
    for _ in 0..2 {
        assert_eq!(call(&mut guest, "column", &[ValueRef::Integer(1)]), Ok(Value::Integer(5)));
    }
    assert!(ended.lock().unwrap().is_empty());
    let other = thread::spawn(move || {
        drop(guest);
        thread::current().id()
    });
    let other = other.join().unwrap();
    assert_eq!(*ended.lock().unwrap(), [other]);
}

/// Native parameters.
fn scale(_: &Engine, params: &[u64]) -> Result<u64, Fault> {
    let &[by, value, offset] = params else { return Err(Fault::Trap("words".to_owned())) };
    let scaled = (by as i64) as f64 * f64::from_bits(value) + f64::from(offset as u32 as i32);
    Ok(scaled.to_bits())
}

const SCALE: Shape<'static> = Shape {
    params: &[NumberType::I64, NumberType::F64, NumberType::I32],
    result: Some(NumberType::F64),
};

#[test]
fn numbers_are_passed_as_they_are() {
    let mut guest = guest(&[SCRATCH, ("scale", SCALE, scale)], &Arc::default());
    assert_eq!(
        guest.resolve("scale"),
        Err(ResolveError::Signature("(func (param i64 f64 i32) (result f64))".to_owned()))
    );
    let function = guest.resolve_shape("scale", SCALE).unwrap();
    let mut call = |by: i64, value: f64, offset: i32| {
        let words = [by as u64, value.to_bits(), u64::from(offset as u32)];
        let result = guest.call_words(function, &words, &mut budget());
        result.map(f64::from_bits).map_err(|error| *error)
    };
    assert_eq!(call(-3, 0.5, -1), Ok(-2.5));
    assert_eq!(call(i64::MAX, 1.0, 0), Ok(i64::MAX as f64));
}
