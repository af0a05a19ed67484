//! See the target `definitions_turso` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("definitions_turso").expect("a target").run_one(data);
});
