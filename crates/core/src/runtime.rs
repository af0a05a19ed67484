//! The seam to WebAssembly executors.
//!
//! A [`Runtime`] compiles modules, a [`CompiledModule`] makes instances, an [`Instance`] runs code.
//! The traits fit a JIT with fuel and epochs, an interpreter, an engine that is bound to one thread
//! and has neither fuel nor interruption (a JavaScript engine), and one whose memory the host cannot
//! address (a browser): what a runtime cannot do it says in [`RuntimeFeatures`].
//!
//! Knows nothing of SQL: here are only bytes, offsets and integers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::host::HostState;

/// What a runtime can do beyond running code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeFeatures {
    /// A running call can be stopped: time limits and the host's interrupt take effect mid-call.
    pub interruption: bool,
    /// Fuel can be metered.
    pub fuel: bool,
    /// Memory and tables can be bounded below what the module itself declares as its maximum, before
    /// they grow.
    pub memory_limit: bool,
}

impl RuntimeFeatures {
    /// A runtime that can do all of it.
    pub const ALL: Self = Self { interruption: true, fuel: true, memory_limit: true };
    /// A runtime that can do nothing of it.
    pub const NONE: Self = Self { interruption: false, fuel: false, memory_limit: false };
}

/// Something that a runtime can do beyond running code, without which a limit has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeFeature {
    /// See [`RuntimeFeatures::interruption`].
    Interruption,
    /// See [`RuntimeFeatures::fuel`].
    Fuel,
    /// See [`RuntimeFeatures::memory_limit`].
    MemoryLimit,
}

impl RuntimeFeature {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Interruption, Self::Fuel, Self::MemoryLimit];

    /// The name by which a host accepts that it is missing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interruption => "interruption",
            Self::Fuel => "fuel",
            Self::MemoryLimit => "memory_limit",
        }
    }

    /// What has no effect without it.
    pub const fn limits(self) -> &'static str {
        match self {
            Self::Interruption => "call_timeout, statement_timeout and the host's interrupt",
            Self::Fuel => "fuel",
            Self::MemoryLimit => "memory_bytes_max, table_elements_max and live_bytes_max",
        }
    }
}

impl RuntimeFeatures {
    /// Whether this one is among them.
    pub const fn has(self, feature: RuntimeFeature) -> bool {
        match feature {
            RuntimeFeature::Interruption => self.interruption,
            RuntimeFeature::Fuel => self.fuel,
            RuntimeFeature::MemoryLimit => self.memory_limit,
        }
    }

    /// The same without this one.
    #[must_use]
    pub const fn without(mut self, feature: RuntimeFeature) -> Self {
        match feature {
            RuntimeFeature::Interruption => self.interruption = false,
            RuntimeFeature::Fuel => self.fuel = false,
            RuntimeFeature::MemoryLimit => self.memory_limit = false,
        }
        self
    }
}

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

/// A compiled module; immutable, shared process-wide.
pub trait CompiledModule: Send + Sync {
    /// Makes an instance with the core's host functions ([`crate::host::functions`]) linked in, and
    /// runs the module's start function and then its `_initialize` export, if it has them, under
    /// the limits of `config`.
    ///
    /// # Errors
    /// A fault while instantiating, a limit, an export without the signature that ABI version 1
    /// demands.
    fn instantiate(&self, config: InstanceConfig) -> Result<Box<dyn Instance>, Fault>;

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
/// After any [`Fault`] the caller drops the instance: its state is unknown.
pub trait Instance: Send {
    /// Finds an exported function of type `(i32, i32) -> i32`.
    ///
    /// # Errors
    /// There is none of that name and type.
    fn resolve(&mut self, export: &str) -> Result<FunctionId, ResolveError>;

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

    /// Calls a resolved function under the instance's limits.
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
        argc: u32,
        argv: u32,
        budget: &mut StatementBudget,
    ) -> Result<u32, Box<Fault>>;

    /// Calls `commensal_scratch`.
    ///
    /// # Errors
    /// As [`Instance::call`].
    fn scratch(&mut self, size: u32, budget: &mut StatementBudget) -> Result<u32, Box<Fault>>;

    /// The linear memory, where the host can address it. The view ends with the next call into the
    /// instance, which may move the memory.
    fn memory(&mut self) -> Option<&mut [u8]>;

    /// Copies guest memory out.
    ///
    /// # Errors
    /// The range is not within memory.
    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let memory = self.memory().ok_or(OutOfBounds)?;
        into.copy_from_slice(range(memory, offset, into.len()).ok_or(OutOfBounds)?);
        Ok(())
    }

    /// Copies into guest memory.
    ///
    /// # Errors
    /// The range is not within memory.
    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        let memory = self.memory().ok_or(OutOfBounds)?;
        let end = (offset as usize).checked_add(from.len()).ok_or(OutOfBounds)?;
        memory.get_mut(offset as usize..end).ok_or(OutOfBounds)?.copy_from_slice(from);
        Ok(())
    }

    /// Bytes of linear memory now.
    fn memory_bytes(&self) -> usize;

    /// What the guest asked for in the last call and was not given, if it asked for anything: a fault
    /// that says which limit.
    fn refused(&self) -> Option<Fault> {
        None
    }

    /// Fuel used by the last call; `None` without metering.
    fn fuel_used(&self) -> Option<u64>;

    /// What the host functions work on.
    fn host_mut(&mut self) -> &mut HostState;
}

/// `memory[offset..offset + len]`, if it is within memory.
#[inline]
pub(crate) fn range(memory: &[u8], offset: u32, len: usize) -> Option<&[u8]> {
    memory.get(offset as usize..(offset as usize).checked_add(len)?)
}

/// Whether `len` bytes at `offset` are within memory of so many bytes. What a guest says must not be
/// added up in `usize`: that wraps where it has 32 bits.
#[inline]
pub(crate) fn is_within(offset: u32, len: u32, memory_bytes: usize) -> bool {
    u64::from(offset) + u64::from(len) <= memory_bytes as u64
}

/// A range that is not within guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds;

/// What a statement may still spend in guests. Runtimes charge it when they look at the clock.
///
/// One word, because it goes into each call and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementBudget {
    /// Time left; the highest bit says that it is for cleaning up.
    nanoseconds: u64,
}

/// See [`StatementBudget::for_cleanup`].
const CLEANUP: u64 = 1 << 63;

impl StatementBudget {
    /// A budget of so much time; what does not fit into 63 bits of nanoseconds is 292 years.
    pub fn new(time: Duration) -> Self {
        Self { nanoseconds: u64::try_from(time.as_nanos()).map_or(!CLEANUP, |ns| ns.min(!CLEANUP)) }
    }

    /// A budget for what a guest has to do although the host wants the statement to end, such as
    /// freeing what the statement used.
    pub fn for_cleanup(time: Duration) -> Self {
        Self { nanoseconds: Self::new(time).nanoseconds | CLEANUP }
    }

    /// Whether an interrupt of the host's ends a call with this budget.
    pub fn is_interruptible(self) -> bool {
        self.nanoseconds & CLEANUP == 0
    }

    /// Time left.
    pub fn remaining(self) -> Duration {
        Duration::from_nanos(self.nanoseconds & !CLEANUP)
    }

    /// Takes `time` off; false when nothing is left.
    pub fn charge(&mut self, time: Duration) -> bool {
        let left = self.remaining().saturating_sub(time);
        self.nanoseconds = self.nanoseconds & CLEANUP | Self::new(left).nanoseconds;
        !left.is_zero()
    }
}

/// Why an export is no guest function.
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
