//! Decoders of bytes: records, manifests, modules.

use commensal::Limits;
use commensal::core::abi::Record;
use commensal::core::manifest::Manifest;
use commensal::core::module::{ModuleInfo, pack};

/// Decodes a record, which must be refused or encode to the same bytes.
///
/// # Panics
/// It encodes to other bytes.
pub fn record(data: &[u8]) -> bool {
    let mut bytes = [0; Record::SIZE];
    let len = data.len().min(bytes.len());
    bytes[..len].copy_from_slice(&data[..len]);
    let argument = Record::from_bytes(&bytes);
    if let Ok(record) = argument {
        assert_eq!(record.to_bytes(), bytes);
        assert!(record.tag.is_bytes() || record.len == 0);
    }
    match Record::result_from_bytes(&bytes) {
        Ok(record) => assert_eq!((Ok(record), record.flags), (argument, 0)),
        Err(_) => assert!(argument.is_err() || bytes[2] != 0),
    }
    argument.is_ok()
}

/// Words of manifests.
pub(crate) const MANIFEST_WORDS: &[&str] = &[
    "{\"abi\":1}",
    "\"info\":{}",
    "{\"function\":{\"name\":\"a\"}}",
    "{\"collation\":{\"name\":\"a\",\"compare\":\"b\"}}",
    "\"export\":\"x\"",
    "\"params\":[\"...\"]",
    "\"integer?\"",
    "\"text?...\"",
    "\"returns\":\"blob\"",
    "\"deterministic\":true",
    "\"subtype\":false",
    "\"bind\":\"b\"",
    "\"eponymous\":\"only\"",
    "\"hidden\":true",
    "\"nochange\":true",
    "\"update\":\"u\"",
    "\"inverse\":\"i\"",
    "\"value\":\"v\"",
    "\"columns\":[{\"name\":\"a\"}]",
    "\"operators\":[]",
    "\"base\":\"real\"",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "1e999",
    "-0.0",
    "null",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
];

/// Parses a manifest, which must be refused or have a canonical text that parses to the same.
///
/// # Panics
/// The canonical text parses to something else.
pub fn manifest(data: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(manifest) = Manifest::parse(data, &limits) else { return false };
    let text = manifest.to_json();
    let again = Manifest::parse(text.as_bytes(), &limits).expect("the canonical text");
    assert_eq!(again, manifest);
    assert_eq!(again.to_json(), text);
    true
}

/// Inspects a module, which must give an error or facts that agree with it.
///
/// # Panics
/// The facts do not agree with the module.
pub fn module(wasm: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(inspection) = ModuleInfo::inspect(wasm, &limits) else { return false };
    assert_eq!(inspection.info.bytes, wasm.len());
    assert!(inspection.problems.len() < 100);
    for export in &inspection.info.exports {
        let _ = inspection.info.guest_function(&export.name);
    }
    let _ = inspection.info.guest_function("nothing");
    let _ = inspection.info.extension();
    if let Ok(packed) = pack(wasm, b"{\"abi\":1}", &limits) {
        assert_eq!(pack(&packed, b"{\"abi\":1}", &limits).as_deref(), Ok(&packed[..]));
    }
    inspection.problems.is_empty()
}
