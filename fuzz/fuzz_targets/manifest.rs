//! See the target `manifest` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("manifest").expect("a target").run_one(data);
});
