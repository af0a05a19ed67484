//! The seam to WebAssembly executors.
//!
//! A [`Runtime`] compiles modules, a [`CompiledModule`] makes instances, an [`Instance`] runs code. What
//! fits, and how; of what there is no runtime yet, `tests/seam.rs` has a double:
//!
//! - a JIT with fuel and epochs, and an interpreter;
//! - an engine that works on one thread alone (V8 through N-API, a browser). What it has stays there in a
//!   [`ThreadBound`](crate::thread_bound::ThreadBound), whose handle is `Send`; it
//!   [says so](Runtime::is_thread_bound), and then that thread compiles, too;
//! - one whose memory the host cannot address (a browser): [`Memory::memory`] gives `None`;
//! - one whose functions take numbers as they are: each function has a [`Shape`], and a call has words;
//! - one whose guests call back while it runs: it owns what the host's functions work on
//!   ([`InstanceConfig::host`]), and gives it when asked ([`Instance::with_host`]);
//! - one that lacks fuel, interruption or limits on memory: [`RuntimeFeatures`] say so.
//!
//! Knows nothing of SQL: here are only bytes, offsets and numbers.

mod budget;
mod features;
mod memory;
mod shape;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::budget::StatementBudget;
pub use self::features::{RuntimeFeature, RuntimeFeatures};
pub use self::memory::{Memory, OutOfBounds};
pub(crate) use self::memory::{is_within, range};
pub use self::shape::{NumberType, Shape};
use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::host::HostState;

/// Whether the runtime can do this.
///
/// # Errors
/// It cannot: [`ErrorKind::NoRuntime`].
pub(crate) fn check_feature(runtime: &dyn Runtime, feature: RuntimeFeature) -> Result<(), Error> {
    if runtime.features().has(feature) {
        return Ok(());
    }
    let (name, missing, limits) = (runtime.name(), feature.name(), feature.limits());
    Err(Error::new(
        ErrorKind::NoRuntime,
        format!(
            "the runtime {name} lacks \"{missing}\", without which {limits} would have no effect: the \
             application has to accept that by name (accept_missing), or to pass another runtime"
        ),
    ))
}

/// Compiles modules. Shared by all connections of a process.
pub trait Runtime: Send + Sync {
    /// A short name: `wasmtime`.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn features(&self) -> RuntimeFeatures;

    /// Whether what it makes works on the thread alone that made it. Then that thread compiles, which no
    /// interrupt can stop, and each thread that asks has code of its own.
    fn is_thread_bound(&self) -> bool {
        false
    }

    /// Compiles a binary module, whose structure the caller has checked against the limits.
    ///
    /// # Errors
    /// The module is invalid, or uses a proposal that this runtime does not have.
    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError>;
}

/// How a module is compiled. Part of the identity of compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompileOptions {
    /// How the code counts what it does.
    pub metering: Metering,
    /// How much time is taken for fast code. A runtime that knows only one way ignores it.
    pub effort: Effort,
}

impl CompileOptions {
    /// Optimised, with this metering.
    pub const fn new(metering: Metering) -> Self {
        Self { metering, effort: Effort::Optimized }
    }
}

/// How much time a compiler takes for fast code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// As little as can be. Values lie on the stack, so frames are large.
    Quick,
    /// Registers are chosen well; the code stays as the module has it.
    Plain,
    /// The code is optimised, too.
    Optimized,
}

impl Effort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Plain, Self::Optimized];
}

/// How compiled code counts what it does. Part of the identity of compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metering {
    /// Not at all.
    None,
    /// It counts fuel.
    Fuel,
}

/// A compiled module; immutable, shared process-wide, or by what runs on one thread.
pub trait CompiledModule: Send + Sync {
    /// Makes an instance with the core's host functions ([`crate::host::functions`]) linked in, and
    /// runs the module's start function and then its `_initialize` export, if it has them, under
    /// the limits of `config`.
    ///
    /// # Errors
    /// A fault while instantiating, a limit, an `_initialize` of another type.
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault>;

    /// Whether its instances, and it, work on one thread alone: see [`Runtime::is_thread_bound`].
    fn is_thread_bound(&self) -> bool {
        false
    }

    /// Whether the running thread can make instances of it.
    fn is_here(&self) -> bool {
        true
    }

    /// Bytes of compiled code, as far as the runtime knows.
    fn code_bytes(&self) -> usize;

    /// Machine stack that a call of an instance may take, in bytes, without what the host's functions
    /// take that the guest calls.
    fn stack_bytes(&self) -> usize;

    /// Whether the module imports something for which this holds; asked with the import's module and
    /// name.
    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool;
}

/// The limits of an instance, and its way to the host.
pub struct InstanceConfig {
    /// Linear memory, in bytes.
    pub memory_bytes_max: usize,
    /// Elements of all tables.
    pub table_elements_max: usize,
    /// Longest time of one call, and of the instantiation.
    pub call_timeout: Duration,
    /// Fuel of one call, and of the instantiation. Needs code compiled with [`Metering::Fuel`].
    pub fuel: Option<u64>,
    /// What the host functions work on, and who is asked about interrupts and, before any memory is
    /// given, about that of all instances.
    pub host: HostState,
}

impl InstanceConfig {
    /// The limits alone.
    pub fn limits(&self) -> InstanceLimits {
        let &Self { memory_bytes_max, table_elements_max, call_timeout, fuel, .. } = self;
        InstanceLimits { memory_bytes_max, table_elements_max, call_timeout, fuel }
    }
}

/// The limits of an instance, for another one that takes its place.
#[derive(Clone, Copy, Debug)]
pub struct InstanceLimits {
    memory_bytes_max: usize,
    table_elements_max: usize,
    call_timeout: Duration,
    fuel: Option<u64>,
}

impl InstanceLimits {
    /// The same with a way to the host.
    pub fn with(self, host: HostState) -> InstanceConfig {
        let Self { memory_bytes_max, table_elements_max, call_timeout, fuel } = self;
        InstanceConfig { memory_bytes_max, table_elements_max, call_timeout, fuel, host }
    }
}

/// A function of an instance, resolved by name once. Only for the instance that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionId(pub u32);

/// An instance of a module with its own memory. Used by one thread at a time.
///
/// After any [`Fault`] the caller drops the instance: its state is unknown. Only its memory may be read.
pub trait Instance: Memory + Send {
    /// Finds an exported function of this shape.
    ///
    /// # Errors
    /// There is none of that name and shape.
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError>;

    /// Whether the running thread can use it. No other can drop it either, and need not: see
    /// [`ThreadBound`](crate::thread_bound::ThreadBound).
    fn is_here(&self) -> bool {
        true
    }

    /// Makes the instance as it was in the beginning, as [`CompiledModule::instantiate`] does, also
    /// after a fault. What was resolved stays resolved.
    ///
    /// # Errors
    /// A fault while instantiating; the runtime cannot do it. The instance must not be used again.
    fn renew(&mut self) -> Result<(), Fault> {
        Err(Fault::Runtime("the runtime cannot renew instances".to_owned()))
    }

    /// The value of an exported immutable global of type `i32`, if there is one of that name.
    fn global(&mut self, export: &str) -> Option<u32>;

    /// Says that another statement begins to use the instance. A runtime may check here what is too
    /// dear for each call: whether the process is the child of a fork, which has none of its threads.
    fn begin_statement(&mut self) {}

    /// Calls a resolved function under the instance's limits, with as many words as its shape has
    /// parameters. Gives the word of its result, 0 for none.
    ///
    /// `budget` is what the calling statement may still spend in guests; the runtime charges it with
    /// each tick in which it finds the instance called. Where it
    /// [is not interruptible](StatementBudget::is_interruptible), the host is not asked.
    ///
    /// # Errors
    /// A fault; the instance must not be used again. Boxed, so that the result of every call comes
    /// back in registers.
    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>>;

    /// The same for a function of the shape [`Shape::RECORDS`], which most calls are. A runtime has its
    /// own where that is shorter.
    ///
    /// # Errors
    /// As [`Instance::call`].
    fn call_records(
        &mut self,
        function: FunctionId,
        argc: u32,
        argv: u32,
        budget: &mut StatementBudget,
    ) -> Result<u32, Box<Fault>> {
        self.call(function, &[argc.into(), argv.into()], budget).map(|pointer| pointer as u32)
    }

    /// Gives what the host functions work on to `body`, between calls. On a thread that cannot use the
    /// instance, `body` is not called.
    ///
    /// Given, and not returned by reference: a guest that calls back while it runs shares it with the
    /// functions that it calls.
    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState));

    /// What the guest asked for in the last call and was not given, if it asked for anything: a fault
    /// that says which limit.
    fn refused(&self) -> Option<Fault> {
        None
    }

    /// Fuel used by the last call; `None` without metering.
    fn fuel_used(&self) -> Option<u64>;
}

/// Why an export is not the function that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// There is no function of that name.
    Missing,
    /// There is one, of the type given here in WebAssembly's text format.
    Signature(String),
}

/// Why a module could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeError(pub String);

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuntimeError {}
