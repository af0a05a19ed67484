//! See the target `admit` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("admit").expect("a target").run_one(data);
});
