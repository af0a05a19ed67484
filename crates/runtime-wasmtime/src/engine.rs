//! The engines of the process, one for each way to compile, and the reasons for their configuration.
//!
//! Engines are statics because compiled modules are shared by the whole process, and because the
//! ticker has to reach their epochs without a lock.

use std::sync::OnceLock;

use commensal_core::runtime::{CompileOptions, Effort, Guard, Metering, RuntimeError, Stop};
use wasmtime::{Config, Engine, Linker, OptLevel, RegallocAlgorithm, WasmFeatures};

use crate::link;
use crate::stack::STACK_BYTES;
use crate::store_data::StoreData;

/// Bytes of address space that a memory can grow into without being moved and copied. They are reserved,
/// not used. Otherwise each growth copies the memory: growing to 64 MiB by 64 KiB at a time would copy 32
/// GiB. A larger reservation would hurt hosts with a limit on address space.
const GROWTH_RESERVATION_BYTES: u64 = 16 << 20;

/// Bytes of address space that a memory with guard pages has for itself.
const RESERVATION_BYTES: u64 = 4 << 30;

/// Bytes of address space before and after it that nothing may access.
const GUARD_BYTES: u64 = 32 << 20;

/// What a module may use: WebAssembly 2.0 as compilers emit it by default, and constant expressions with
/// arithmetic. Types of references that would need a garbage collector are left out.
///
/// Threads would make results depend on time, relaxed SIMD on the processor; memory64 and several
/// memories do not fit the ABI; the rest is not needed.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST);

/// An engine, with the core's host functions prepared for it.
pub(crate) struct Executor {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<StoreData>,
}

/// One for each combination of options, in the order of [`index`].
static EXECUTORS: [OnceLock<Executor>; 24] = [const { OnceLock::new() }; 24];

fn index(options: CompileOptions) -> usize {
    let CompileOptions { metering, effort, guard, stop } = options;
    ((stop as usize * 2 + guard as usize) * 2 + metering as usize) * Effort::ALL.len()
        + effort as usize
}

/// The executor for code that is compiled with these options. It is made at the first request.
///
/// It is built before it enters its cell, so the cell is being written only for a moment. A fork in that
/// moment would leave the child waiting for a thread that it does not have.
pub(crate) fn executor(options: CompileOptions) -> Result<&'static Executor, RuntimeError> {
    let cell = &EXECUTORS[index(options)];
    if let Some(executor) = cell.get() {
        return Ok(executor);
    }
    let executor = build(options).map_err(|error| RuntimeError(format!("{error:#}")))?;
    Ok(cell.get_or_init(|| executor))
}

/// Advances the epoch of every engine. Each running guest, and each that starts to run, soon calls its
/// store's epoch callback.
pub(crate) fn advance_epochs() {
    for cell in &EXECUTORS {
        if let Some(executor) = cell.get() {
            executor.engine.increment_epoch();
        }
    }
}

fn build(options: CompileOptions) -> wasmtime::Result<Executor> {
    let engine = Engine::new(&config(options))?;
    #[cfg(all(unix, target_pointer_width = "64"))]
    if options.guard == Guard::Pages {
        crate::handlers::remember();
    }
    let linker = link::linker(&engine)?;
    Ok(Executor { engine, linker })
}

fn config(options: CompileOptions) -> Config {
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::all(), false);
    config.wasm_features(FEATURES, true);

    config.cranelift_opt_level(match options.effort {
        Effort::Optimized => OptLevel::Speed,
        Effort::Plain | Effort::Quick => OptLevel::None,
    });
    if options.effort == Effort::Quick {
        // Takes time and memory in proportion to the code. The other ways take the product of the code and
        // the values alive. The guest runs at about a third of the speed, and its frames are large.
        config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    }
    // NaNs reach SQL as NULL, but their bits could reach it through a blob or a hash.
    config.cranelift_nan_canonicalization(true);

    // With a stop page, guests do not ask whether they may continue.
    config.epoch_interruption(options.stop == Stop::Code);
    // The page is in a memory of its own, which no guest can name.
    config.wasm_multi_memory(options.stop == Stop::Pages);
    config.consume_fuel(options.metering == Metering::Fuel);
    config.max_wasm_stack(STACK_BYTES);

    match options.guard {
        Guard::Code => without_signals(&mut config),
        Guard::Pages => with_guard_pages(&mut config),
    }
    // Copying a guest's constants is cheaper than mapping them: an instance that is made, called and
    // dropped takes 18 us instead of 31 (`examples/call_cost.rs`), and no file descriptor per module.
    config.memory_init_cow(false);

    // A fault names the reason. Frames of the guest would cost a walk over the stack for each fault, and
    // tables for each module.
    config.wasm_backtrace_max_frames(None);
    config.native_unwind_info(cfg!(windows));
    config.generate_address_map(false);
    config.debug_symbols(false);
    config
}

/// Signal handlers belong to the process, and the process may be somebody else's: Python's faulthandler, a crash
/// reporter, a JVM. Then code checks memory accesses, and huge reservations of address space with guard pages are
/// of no use, because they only serve to leave checks out.
fn without_signals(config: &mut Config) {
    config.signals_based_traps(false);
    config.memory_reservation(0);
    config.memory_guard_size(0);
    config.guard_before_linear_memory(false);
    config.memory_reservation_for_growth(GROWTH_RESERVATION_BYTES);
    config.memory_may_move(true);
}

/// All addresses that 32 bits can name are reserved, and some more beyond for the offsets of instructions. So no
/// access needs a check, and a memory never moves.
fn with_guard_pages(config: &mut Config) {
    config.signals_based_traps(true);
    config.memory_reservation(RESERVATION_BYTES);
    config.memory_guard_size(GUARD_BYTES);
    config.guard_before_linear_memory(true);
    config.memory_may_move(false);
    // Signals, as everywhere else, because a thread that waits for ports would not survive a fork.
    #[cfg(target_vendor = "apple")]
    config.macos_use_mach_ports(false);
}
