//! Mistakes with `#[function]` and `#[aggregate]` get messages that say what to do.
//!
//! After a deliberate change: `TRYBUILD=overwrite cargo test -p commensal-sdk --test compile_fail`.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
