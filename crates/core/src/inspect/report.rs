//! An inspection as JSON, for `commensal inspect --json` and `wasm_inspect`.

use serde_json::{Value, json};

use super::Inspection;
use crate::error::Error;
use crate::limits::{Capability, Limits};
use crate::manifest::Manifest;
use crate::module::{ModuleInfo, binary};

/// The facts about a module, in binary or text form, without running it, as a JSON object. The result is JSON
/// even for a bad module, with the reasons under `problems`.
pub fn inspect_json(source: &[u8], limits: &Limits) -> String {
    let inspection = binary(source, limits).and_then(|wasm| ModuleInfo::inspect(&wasm, limits));
    match inspection {
        Ok(inspection) => inspection.to_json(),
        Err(error) => json!({ "problems": [error.message()] }).to_string(),
    }
}

impl Inspection {
    /// The inspection as a JSON object.
    pub fn to_json(&self) -> String {
        let Self { info, problems, .. } = self;
        let imports = info.imports.iter().map(|import| {
            json!({
                "module": import.module,
                "name": import.name,
                "type": import.ty.to_string(),
                "capability": import.capability().map(Capability::name),
            })
        });
        let exports = info
            .exports
            .iter()
            .map(|export| json!({ "name": export.name, "type": export.ty.to_string() }));
        let report = json!({
            "sha256": info.sha256_hex(),
            "abi": info.abi.to_string(),
            "bytes": info.bytes,
            "code_bytes": info.code_bytes,
            "data_bytes": info.data_bytes,
            "functions": info.functions,
            "imports": imports.collect::<Vec<_>>(),
            "exports": exports.collect::<Vec<_>>(),
            "manifest": info.manifest.as_ref().map(objects),
            "problems": messages(problems),
            "extension_problems": messages(info.extension_problems()),
        });
        report.to_string()
    }
}

fn messages(errors: &[Error]) -> Vec<&str> {
    errors.iter().map(Error::message).collect()
}

/// The manifest's lines.
fn objects(manifest: &Manifest) -> Vec<Value> {
    manifest.to_json().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
