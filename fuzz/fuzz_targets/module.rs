//! See the target `module` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("module").expect("a target").run_one(data);
});
