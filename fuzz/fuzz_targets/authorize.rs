//! See the target `authorize` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("authorize").expect("a target").run_one(data);
});
