//! The names that Commensal reserves for itself.

/// Whether it is `run_wasm` or begins with `wasm_`.
pub(crate) fn is_reserved(name: &str) -> bool {
    let prefix = name.as_bytes().get(..5);
    name.eq_ignore_ascii_case("run_wasm")
        || prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"wasm_"))
}
