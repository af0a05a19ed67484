//! Bytes into the manifest: it is refused, or it comes back from its canonical text.
#![no_main]

use commensal_core::{Limits, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let Ok(manifest) = Manifest::parse(data, &limits) else { return };
    let text = manifest.to_json();
    let again = Manifest::parse(text.as_bytes(), &limits).expect("the canonical text");
    assert_eq!(again, manifest);
    assert_eq!(again.to_json(), text);
});
