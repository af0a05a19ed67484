//! The bits of NaNs, which the specification leaves open and guests can look at. Computed NaNs are
//! canonical, so that results do not depend on the processor.

use super::support::bits;

const F32: u32 = 0x7fc0_0000;
/// The upper half.
const F64: u32 = 0x7ff8_0000;

#[test]
fn computed_nans_are_canonical() {
    let (f32, f64) = ("(f32.load (local.get $zero))", "(f64.load offset=8 (local.get $zero))");
    for operation in ["add", "sub", "mul", "div", "min", "max"] {
        let x = bits(&format!("(i32.reinterpret_f32 (f32.{operation} {f32} (f32.const 1)))"));
        assert_eq!(x, F32, "f32.{operation}");
        let x = bits(&format!("(i32.reinterpret_f32 (f32.{operation} (f32.const 1) {f32}))"));
        assert_eq!(x, F32, "f32.{operation}");
        let x = bits(&upper(&format!("(f64.{operation} {f64} (f64.const 1))")));
        assert_eq!(x, F64, "f64.{operation}");
    }
    for operation in ["sqrt", "ceil", "floor", "trunc", "nearest"] {
        assert_eq!(
            bits(&format!("(i32.reinterpret_f32 (f32.{operation} {f32}))")),
            F32,
            "f32.{operation}"
        );
        assert_eq!(bits(&upper(&format!("(f64.{operation} {f64})"))), F64, "f64.{operation}");
    }
    assert_eq!(bits(&format!("(i32.reinterpret_f32 (f32.demote_f64 {f64}))")), F32, "demote");
    assert_eq!(bits(&upper(&format!("(f64.promote_f32 {f32})"))), F64, "promote");
    let zero = "(f32.load offset=48 (local.get $zero))";
    assert_eq!(bits(&format!("(i32.reinterpret_f32 (f32.div {zero} {zero}))")), F32, "0 / 0");
}

/// Instructions that only move bits keep them: loads, `neg`, `abs`, `copysign`.
#[test]
fn moved_nans_keep_their_bits() {
    let f32 = "(f32.load (local.get $zero))";
    assert_eq!(bits(&format!("(i32.reinterpret_f32 {f32})")), 0xffb0_0201);
    assert_eq!(bits(&format!("(i32.reinterpret_f32 (f32.neg {f32}))")), 0x7fb0_0201);
    assert_eq!(bits(&format!("(i32.reinterpret_f32 (f32.abs {f32}))")), 0x7fb0_0201);
    let copied = format!("(f32.copysign {f32} (f32.const 1))");
    assert_eq!(bits(&format!("(i32.reinterpret_f32 {copied})")), 0x7fb0_0201);
}

/// The upper half of an `f64`.
fn upper(f64: &str) -> String {
    format!("(i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 {f64}) (i64.const 32)))")
}
