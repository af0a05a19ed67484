//! Puts a manifest into a module, for languages that cannot emit custom sections and for tools that remove them.

use wasm_encoder::CustomSection;
use wasmparser::Payload;

use super::info::ModuleInfo;
use super::judge::Judgement;
use super::sections;
use crate::abi::MANIFEST_SECTION;
use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::Manifest;

/// The module with this manifest instead of the one it may have. The manifest is in canonical form, in one custom
/// section at the end. Packing the result again changes nothing.
///
/// # Errors
/// The manifest is wrong or declares something that the module does not export, or the module itself is refused.
pub fn pack(wasm: &[u8], manifest: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let text = Manifest::parse(manifest, limits)?.to_json();
    // Checks the header, so that the bytes copied below are a module.
    Judgement::of(wasm, limits)?;
    let mut packed = sections::copied(
        wasm,
        |payload, _| matches!(payload, Payload::CustomSection(section) if section.name() == MANIFEST_SECTION),
    )?;
    packed.section(&CustomSection { name: MANIFEST_SECTION.into(), data: text.as_bytes().into() });
    let packed = packed.finish();
    ModuleInfo::read(&packed, limits)?;
    Ok(packed)
}
