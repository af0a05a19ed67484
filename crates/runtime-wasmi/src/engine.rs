//! How wasmi's engines are configured, and why.

use wasmi::{CompilationMode, Config, Engine};
use wasmparser::WasmFeatures;

/// Values of a call: parameters, locals and operands, 8 bytes each (16 for `v128`). They are on the
/// heap, in a block that grows when it is needed.
///
/// This is four times what Wasmtime's calls get of the machine's stack, because each local has a slot in
/// memory here, while compiled code keeps many in registers.
pub const STACK_BYTES: usize = 1 << 20;

/// Machine stack of a call: that of the interpreter's loop, whatever the guest does.
pub(crate) const INTERPRETER_STACK_BYTES: usize = 32 << 10;

/// Depth of calls, whose frames are on the heap too. Wasmtime's stack has room for about as many.
pub const RECURSION_MAX: usize = 8192;

/// Both in words.
pub(crate) const STACK: &str = "the limit of 1024 KiB and 8192 calls";

/// How many stacks a module keeps for its next calls. As many threads can call it without allocating.
const STACKS_KEPT: usize = 16;

/// What a module may use: the same as with Wasmtime, for the same reasons, but no vectors.
///
/// A generated module with `v128.store8_lane` made wasmi 2.0.0 decode what is not an instruction. That ends
/// the process where wasmi checks itself, and is undefined elsewhere.
///
/// This is checked apart from wasmi, whose own switches are coarser: the types of references bring
/// `externref` along.
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
    // Errors of translation then come when a module is compiled, and calls translate nothing.
    config.compilation_mode(CompilationMode::Eager);
    config.ignore_custom_sections(true);
    // Fuel is the only way to stop a call, so it is needed without metering, too.
    config.consume_fuel(true);
    config.set_max_stack_height(STACK_BYTES);
    config.set_max_recursion_depth(RECURSION_MAX);
    config.set_max_cached_stacks(STACKS_KEPT);
    Engine::new(&config)
}
