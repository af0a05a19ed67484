//! See the target `record` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("record").expect("a target").run_one(data);
});
