//! Modules that wasm-smith makes from bytes, with the exports that the target `differential` calls.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, Module};

/// The exports of every module.
static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "f") (param i32 i32) (result i32) unreachable)
            (func (export "g") (param i32 i32) (result i32) unreachable)
            (func (export "commensal_scratch") (param i32) (result i32) unreachable))"#,
    )
    .expect("the text is well-formed")
});

/// A module traps after this many rounds of loops and calls.
const ROUNDS: u32 = 500;

/// Makes a module from these bytes; `None` if it might never end.
///
/// # Errors
/// There are not enough bytes.
pub fn module(data: &mut Unstructured<'_>) -> Result<Option<Vec<u8>>> {
    let mut module = Module::new(config(data.ratio(1, 8)?), data)?;
    if module.ensure_termination(ROUNDS).is_err() {
        return Ok(None);
    }
    Ok(Some(module.to_bytes()))
}

/// The features that both runtimes have, and nothing that a limit would stop. NaNs need no care, because both
/// runtimes make them canonical. With reference types, most modules have an `externref` and are refused.
fn config(references: bool) -> Config {
    Config {
        exports: Some(EXPORTS.clone()),
        allow_start_export: true,
        exceptions_enabled: false,
        gc_enabled: false,
        max_imports: 0,
        // The exported memory is added to these.
        max_memories: 0,
        max_memory32_bytes: 4 << 20,
        max_table_elements: 1000,
        max_tables: 4,
        memory64_enabled: false,
        memory_max_size_required: true,
        reference_types_enabled: references,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    }
}
