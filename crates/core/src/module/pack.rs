//! Puts a manifest into a module, for languages that cannot emit custom sections and after a tool has
//! removed them.

use wasm_encoder::{CustomSection, RawSection};
use wasmparser::{Parser, Payload};

use super::info::ModuleInfo;
use super::judge::Judgement;
use super::problem::error;
use crate::abi::MANIFEST_SECTION;
use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::Manifest;

/// The module with this manifest in place of the one it may have: in canonical form, in one custom
/// section at the end. Packing the result again changes nothing.
///
/// # Errors
/// The manifest is wrong, declares what the module does not export, or the module is refused for a
/// reason of its own.
pub fn pack(wasm: &[u8], manifest: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let text = Manifest::parse(manifest, limits)?.to_json();
    // Judges the header, so that what is copied below is a module.
    Judgement::of(wasm, limits)?;
    let mut packed = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|e| {
            error(format!("the module is invalid: {} (at byte {})", e.message(), e.offset()))
        })?;
        if let Payload::CustomSection(section) = &payload
            && section.name() == MANIFEST_SECTION
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            // The code section is announced before its end is known to be there.
            let data = wasm.get(range).ok_or_else(|| error("the module is cut off"))?;
            packed.section(&RawSection { id, data });
        }
    }
    packed.section(&CustomSection { name: MANIFEST_SECTION.into(), data: text.as_bytes().into() });
    let packed = packed.finish();
    ModuleInfo::read(&packed, limits)?;
    Ok(packed)
}
