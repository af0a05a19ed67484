//! Copies a module section by section.

use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};

use super::problem::{error, invalid};
use crate::error::Result;

/// Copies the sections of a module except those for which `replace` returns true, because it left them out or
/// replaced them. The header must be a module's.
///
/// # Errors
/// The bytes are not sections.
pub(super) fn copied(
    wasm: &[u8],
    mut replace: impl FnMut(&Payload<'_>, &mut Module) -> bool,
) -> Result<Module> {
    let mut copy = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        if replace(&payload, &mut copy) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            // The code section is announced before its bytes are known to be complete.
            let data = wasm.get(range).ok_or_else(|| error("the module is cut off"))?;
            copy.section(&RawSection { id, data });
        }
    }
    Ok(copy)
}
