//! The seam to WebAssembly executors.
//!
//! A [`Runtime`] compiles modules, a [`CompiledModule`] makes instances, and an [`Instance`] runs code. The
//! seam fits these executors; those that have no runtime yet have a double in `tests/seam.rs`:
//!
//! - a JIT with fuel and epochs, and an interpreter;
//! - an engine that works on one thread only (V8 through N-API, a browser). Its objects stay on that thread
//!   in a [`ThreadBound`](crate::thread_bound::ThreadBound), whose handle is `Send`. The engine
//!   [says so](Runtime::is_thread_bound), and then that thread also compiles;
//! - one whose memory the host cannot address (a browser): [`Memory::memory`] returns `None`;
//! - one whose functions take plain numbers: each function has a [`Shape`], and a call passes words;
//! - one whose guests call back while it runs: it owns the state of the host's functions
//!   ([`InstanceConfig::host`]) and lends it on request ([`Instance::with_host`]);
//! - one that lacks fuel, interruption or memory limits: [`RuntimeFeatures`] say so.
//!
//! This module knows only bytes, offsets and numbers, and nothing of SQL.

mod budget;
mod features;
mod functions;
mod memory;
mod shape;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::budget::StatementBudget;
pub use self::features::{RuntimeFeature, RuntimeFeatures};
pub use self::functions::{AnyFunction, Functions, Shaped, wrong_number};
pub use self::memory::{Memory, OutOfBounds};
pub(crate) use self::memory::{is_within, range};
pub use self::shape::{NumberType, Shape};
use crate::code_cache::TrustedCode;
use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::host::HostState;

/// Checks that the runtime has this feature.
///
/// # Errors
/// [`ErrorKind::NoRuntime`] if it does not.
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

    /// The features that it has.
    fn features(&self) -> RuntimeFeatures;

    /// Whether its objects work only on the thread that made them. If so, that thread compiles, no
    /// interrupt can stop it, and each thread has its own copy of the code.
    fn is_thread_bound(&self) -> bool {
        false
    }

    /// Whether it can make code that relies on guard pages ([`Guard::Pages`]). `false`, the default, if it has no
    /// such way.
    ///
    /// # Errors
    /// It has, but not in this process, and why. The host is told.
    fn has_guard_pages(&self) -> Result<bool, RuntimeError> {
        Ok(false)
    }

    /// Whether it can make code that is stopped by taking a page away ([`Stop::Pages`]), where it has guard pages.
    fn has_stop_pages(&self) -> bool {
        false
    }

    /// Compiles a binary module. The caller has already checked its structure against the limits.
    ///
    /// # Errors
    /// The module is invalid or uses a proposal that this runtime lacks.
    fn compile(
        &self,
        wasm: &[u8],
        options: CompileOptions,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError>;

    /// Everything that the code of a module depends on besides the module and these options: the executor's
    /// version, its settings, what the processor can do. Code is kept on disk only with it, and found only
    /// under the same. `None`, the default, if this runtime cannot keep code.
    fn code_identity(&self, _options: CompileOptions) -> Option<Vec<u8>> {
        None
    }

    /// Makes a module from its kept code instead of compiling `wasm`. The bytes come from
    /// [`CompiledModule::serialize`] under the same [`Runtime::code_identity`].
    ///
    /// # Errors
    /// The code cannot be used. It is compiled again then.
    fn restore(
        &self,
        _wasm: &[u8],
        _options: CompileOptions,
        _code: &TrustedCode,
    ) -> Result<Arc<dyn CompiledModule>, RuntimeError> {
        Err(RuntimeError("the runtime cannot keep code".to_owned()))
    }
}

/// How a module is compiled. Part of the identity of compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompileOptions {
    /// How the code counts what it does.
    pub metering: Metering,
    /// How much time the compiler spends on making code fast. Runtimes with only one way ignore it.
    pub effort: Effort,
    /// How an access outside of a guest's memory is noticed. Runtimes with only one way ignore it.
    pub guard: Guard,
    /// How running code is stopped. Runtimes with only one way ignore it.
    pub stop: Stop,
}

impl CompileOptions {
    /// Optimised, with this metering, and with all checks in the code.
    pub const fn new(metering: Metering) -> Self {
        Self { metering, effort: Effort::Optimized, guard: Guard::Code, stop: Stop::Code }
    }

    /// The options as bytes, to be hashed.
    pub(crate) const fn bytes(self) -> [u8; 4] {
        [self.metering as u8, self.effort as u8, self.guard as u8, self.stop as u8]
    }
}

/// How an access outside of a guest's memory, and other traps, are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The code checks.
    Code,
    /// Pages beyond the memory cannot be accessed, and the processor tells by a signal of the process.
    Pages,
}

/// How running code is stopped, by a limit on time or by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The code asks in each turn of a loop.
    Code,
    /// The code reads a page in each turn of a loop. Another thread takes the page away, and the processor tells by a
    /// signal of the process. Needs [`Guard::Pages`] and [`Metering::None`].
    Pages,
}

/// How much time a compiler spends on making code fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// As little as possible. Values lie on the stack, so frames are large.
    Quick,
    /// Registers are allocated well, but nothing is optimised.
    Plain,
    /// Registers are allocated well, and the code is optimised.
    Optimized,
}

impl Effort {
    /// All of them, from quickest to slowest.
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

/// A compiled module. It is immutable and shared by the whole process, or by everything on one thread.
pub trait CompiledModule: Send + Sync {
    /// Makes an instance linked with the core's host functions ([`crate::host::functions`]). Runs the
    /// module's start function and then its `_initialize` export, if it has them, under the limits of
    /// `config`.
    ///
    /// # Errors
    /// A fault while instantiating, an exceeded limit, or an `_initialize` of the wrong type.
    /// A fault while instantiating, a limit, an `_initialize` of another type.
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault>;

    /// Its code as bytes for [`Runtime::restore`], if the runtime can keep code.
    fn serialize(&self) -> Option<Vec<u8>> {
        None
    }

    /// Whether it and its instances work on one thread only: see [`Runtime::is_thread_bound`].
    fn is_thread_bound(&self) -> bool {
        false
    }

    /// Whether the current thread can make instances of it.
    fn is_here(&self) -> bool {
        true
    }

    /// Size of the compiled code in bytes, as far as the runtime knows it.
    fn code_bytes(&self) -> usize;

    /// Machine stack that a call of an instance may take, in bytes. Host functions that the guest calls
    /// take more on top of it.
    fn stack_bytes(&self) -> usize;

    /// Whether the module has an import that satisfies `is_wanted`, which is called with the import's
    /// module and name.
    fn imports(&self, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool;
}

/// The limits of an instance, and its way to the host.
pub struct InstanceConfig {
    /// Linear memory, in bytes.
    pub memory_bytes_max: usize,
    /// Elements of all tables together.
    pub table_elements_max: usize,
    /// Longest time that one call or the instantiation may take.
    pub call_timeout: Duration,
    /// Fuel for one call or the instantiation. Needs code compiled with [`Metering::Fuel`].
    pub fuel: Option<u64>,
    /// The state of the host functions. The runtime also asks it about interrupts and, before it allocates
    /// memory, about the memory of all instances.
    pub host: HostState,
}

impl InstanceConfig {
    /// The limits, without the host state.
    pub fn limits(&self) -> InstanceLimits {
        let &Self { memory_bytes_max, table_elements_max, call_timeout, fuel, .. } = self;
        InstanceLimits { memory_bytes_max, table_elements_max, call_timeout, fuel }
    }
}

/// The limits of an instance, kept for another one that replaces it.
#[derive(Clone, Copy, Debug)]
pub struct InstanceLimits {
    memory_bytes_max: usize,
    table_elements_max: usize,
    call_timeout: Duration,
    fuel: Option<u64>,
}

impl InstanceLimits {
    /// Adds the host state to the limits.
    pub fn with(self, host: HostState) -> InstanceConfig {
        let Self { memory_bytes_max, table_elements_max, call_timeout, fuel } = self;
        InstanceConfig { memory_bytes_max, table_elements_max, call_timeout, fuel, host }
    }
}

/// A function of an instance, resolved by name once. Valid only for the instance that resolved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionId(pub u32);

/// An instance of a module with its own memory. Used by one thread at a time.
///
/// After a [`Fault`] the caller drops the instance, because its state is unknown. Until then only its
/// memory may be read.
pub trait Instance: Memory + Send {
    /// Finds the exported function with this name and shape.
    ///
    /// # Errors
    /// There is no export of that name, or it has another shape.
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError>;

    /// Whether the current thread can use it. Other threads cannot drop it either, and need not: see
    /// [`ThreadBound`](crate::thread_bound::ThreadBound).
    fn is_here(&self) -> bool {
        true
    }

    /// Whether a statement may begin to use it, on this thread. If not, the statement gets a new instance. Asked of
    /// idle instances only.
    fn is_fit(&self) -> bool {
        true
    }

    /// Resets the instance to its initial state, even after a fault, as [`CompiledModule::instantiate`]
    /// would. Resolved functions stay valid.
    ///
    /// # Errors
    /// A fault while instantiating, or a runtime that cannot renew. The instance must not be used again.
    fn renew(&mut self) -> Result<(), Fault> {
        Err(Fault::Runtime("the runtime cannot renew instances".to_owned()))
    }

    /// The value of an exported immutable global of type `i32`, if there is one of that name.
    fn global(&mut self, export: &str) -> Option<u32>;

    /// Tells the instance that another statement begins to use it. A runtime may do checks here that are
    /// too expensive for each call, such as whether the process is the child of a fork and lacks the
    /// runtime's threads.
    fn begin_statement(&mut self) {}

    /// Calls a resolved function under the instance's limits. Takes one word for each parameter of its
    /// shape and returns the word of its result, 0 if it has none.
    ///
    /// `budget` is the time that the calling statement may still spend in guests. The runtime charges it
    /// for each tick in which it finds the instance running. If it
    /// [is not interruptible](StatementBudget::is_interruptible), the host is not asked about interrupts.
    ///
    /// # Errors
    /// A fault, after which the instance must not be used again. It is boxed so that every call returns its
    /// result in registers.
    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>>;

    /// Calls a function of the shape [`Shape::RECORDS`], which most calls have. A runtime overrides it if
    /// it has a faster way.
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

    /// Lends the state of the host functions to `body`, between calls. Does not call `body` on a thread
    /// that cannot use the instance.
    ///
    /// The state is lent to a closure and not returned by reference because a guest that calls back while
    /// it runs shares it with the functions that it calls.
    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState));

    /// The limit that the last call ran into, as a fault, if the guest asked for something and was refused.
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
