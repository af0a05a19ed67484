//! `fuzz/smith` generates a module, `commensal_fuzzing` runs it on both runtimes.
#![no_main]

use commensal_fuzzing::differential::compare;
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    match commensal_smith::module(&mut Unstructured::new(data)) {
        Ok(Some(wasm)) if compare(&wasm) => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
