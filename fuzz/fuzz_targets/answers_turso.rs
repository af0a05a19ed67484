//! See the target `answers_turso` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("answers_turso").expect("a target").run_one(data);
});
