//! The last step of a translation: joins the guest and the addition.

use wasm_encoder::{CustomSection, Section};

use super::link;
use crate::error::Result;
use crate::limits::Limits;
use crate::manifest::{Json, Manifest};
use crate::module::{ModuleInfo, binary};

/// Links the addition, which is text, and gives the module a manifest that names its origin.
pub(super) fn finish(
    wasm: &[u8],
    info: &ModuleInfo,
    addition: &str,
    replaced: bool,
    mut manifest: Manifest,
    limits: &Limits,
) -> Result<Vec<u8>> {
    manifest.info = vec![
        ("translated_from".to_owned(), Json::Text(info.abi.to_string())),
        ("translated_sha256".to_owned(), Json::Text(info.sha256_hex())),
    ];
    let mut wide = limits.clone();
    wide.module_text_bytes_max = usize::MAX;
    let addition = binary(addition.as_bytes(), &wide)?;
    let mut linked = link::link(wasm, &addition, replaced)?;
    let text = manifest.to_json();
    let section =
        CustomSection { name: crate::abi::MANIFEST_SECTION.into(), data: text.as_bytes().into() };
    section.append_to(&mut linked);
    Ok(linked)
}
