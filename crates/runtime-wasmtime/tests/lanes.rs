//! NaNs in vectors are canonical, too. Not all runtimes have vectors, so this is not a shared test.

use commensal_runtime_wasmtime::WasmtimeRuntime;
use support::bits;

#[path = "../../core/tests/runtime/support.rs"]
mod support;

const F32: u32 = 0x7fc0_0000;
/// The upper half.
const F64: u32 = 0x7ff8_0000;

fn runtime() -> WasmtimeRuntime {
    WasmtimeRuntime::new()
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
