//! The bits of NaNs, which the specification leaves open and guests can look at: canonical ones wherever
//! something was computed, so that results do not depend on the processor.

use super::support::{call, instance};

const F32: u32 = 0x7fc0_0000;
/// The upper half.
const F64: u32 = 0x7ff8_0000;

/// A module whose export `f` gives bits of what the expression computes. Its operands are in memory,
/// so that no compiler knows them: an f32 NaN with a sign and a payload at 0, such an f64 at 8, both in
/// all lanes from 16 and from 32; zeros from 48.
fn bits(expression: &str) -> u32 {
    let wat = format!(
        r#"(module (memory (export "memory") 1)
            (data (i32.const 0) "\01\02\b0\ff")
            (data (i32.const 8) "\01\02\03\04\05\06\f7\ff")
            (data (i32.const 16) "\01\02\b0\ff\01\02\b0\ff\01\02\b0\ff\01\02\b0\ff")
            (data (i32.const 32) "\01\02\03\04\05\06\f7\ff\01\02\03\04\05\06\f7\ff")
            (func (export "f") (param $zero i32) (param i32) (result i32) {expression}))"#
    );
    call(&mut *instance(&wat), "f", 0, 0).expect("nothing traps")
}

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

#[test]
fn computed_nans_in_lanes_are_canonical() {
    let (f32, f64) =
        ("(v128.load offset=16 (local.get $zero))", "(v128.load offset=32 (local.get $zero))");
    for operation in ["add", "sub", "mul", "div", "min", "max"] {
        let x = bits(&format!("(i32x4.extract_lane 1 (f32x4.{operation} {f32} {f32}))"));
        assert_eq!(x, F32, "f32x4.{operation}");
        let x = bits(&format!("(i32x4.extract_lane 3 (f64x2.{operation} {f64} {f64}))"));
        assert_eq!(x, F64, "f64x2.{operation}");
    }
    for operation in ["sqrt", "ceil", "floor", "trunc", "nearest"] {
        let x = bits(&format!("(i32x4.extract_lane 1 (f32x4.{operation} {f32}))"));
        assert_eq!(x, F32, "f32x4.{operation}");
        let x = bits(&format!("(i32x4.extract_lane 3 (f64x2.{operation} {f64}))"));
        assert_eq!(x, F64, "f64x2.{operation}");
    }
    let x = bits(&format!("(i32x4.extract_lane 1 (f32x4.demote_f64x2_zero {f64}))"));
    assert_eq!(x, F32, "demote");
    let x = bits(&format!("(i32x4.extract_lane 1 (f64x2.promote_low_f32x4 {f32}))"));
    assert_eq!(x, F64, "promote");
}

/// What only moves bits leaves them: loads, `neg`, `abs`, `copysign`.
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
