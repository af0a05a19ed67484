//! How wasmi's engines are configured, and why.

use wasmi::{CompilationMode, Config, Engine};
use wasmparser::WasmFeatures;

/// Values of a call: parameters, locals and operands, 8 bytes each (16 for `v128`). They are on the
/// heap, in a block that grows when it is needed.
///
/// Four times what Wasmtime's calls get of the machine's stack, as here each local has a slot in
/// memory, and compiled code keeps many in registers.
pub const STACK_BYTES: usize = 1 << 20;

/// Machine stack of a call: that of the interpreter's loop, whatever the guest does.
pub(crate) const INTERPRETER_STACK_BYTES: usize = 32 << 10;

/// Depth of calls, whose frames are on the heap too: about what Wasmtime's stack has room for.
pub const RECURSION_MAX: usize = 8192;

/// Both in words.
pub(crate) const STACK: &str = "the limit of 1024 KiB and 8192 calls";

/// Stacks that a module keeps for its next calls: as many threads can call it without allocating.
const STACKS_KEPT: usize = 16;

/// What a module may use: the same as with Wasmtime, but no vectors. See that runtime for the reasons.
///
/// A generated module with `v128.store8_lane` made wasmi 2.0.0 decode what is no instruction, which ends
/// the process where wasmi checks itself and is undefined elsewhere; so no guest gets at its vectors.
///
/// Checked apart from wasmi, whose own switches are coarser: with the types of references comes
/// `externref`.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST);

/// An engine for one module. wasmi keeps a module's code as long as the engine lives, so an engine for
/// all modules would keep the code of functions that were replaced or dropped.
pub(crate) fn engine() -> Engine {
    let mut config = Config::default();
    config
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    // Errors of translation come when a module is compiled, and calls translate nothing.
    config.compilation_mode(CompilationMode::Eager);
    config.ignore_custom_sections(true);
    // The only way to stop a call, so also without metering.
    config.consume_fuel(true);
    config.set_max_stack_height(STACK_BYTES);
    config.set_max_recursion_depth(RECURSION_MAX);
    config.set_max_cached_stacks(STACKS_KEPT);
    Engine::new(&config)
}
