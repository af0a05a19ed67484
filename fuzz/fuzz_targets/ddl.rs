//! See the target `ddl` in `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    commensal_fuzzing::target("ddl").expect("a target").run_one(data);
});
