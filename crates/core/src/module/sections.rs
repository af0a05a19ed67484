//! Copies a module section by section.

use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};

use super::problem::{error, invalid};
use crate::error::Result;

/// The sections of a module, but those that `replace` leaves out or replaces, which it says by true. The
/// header has to be one of a module.
///
/// # Errors
/// The bytes are no sections.
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
            // The code section is announced before its end is known to be there.
            let data = wasm.get(range).ok_or_else(|| error("the module is cut off"))?;
            copy.section(&RawSection { id, data });
        }
    }
    Ok(copy)
}
