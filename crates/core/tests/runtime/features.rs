//! Which modules compile: what compilers emit by default, and no other proposal.

use commensal_core::runtime::{CompileOptions, Metering, Runtime, RuntimeError};

fn compile(wasm: &[u8]) -> Result<(), RuntimeError> {
    crate::runtime().compile(wasm, CompileOptions::new(Metering::None)).map(|_| ())
}

#[test]
fn what_compilers_emit_compiles() {
    for wat in [
        "(module (func (result i32) (i32.extend8_s (i32.const 200))))",
        "(module (func (result i32) (i32.trunc_sat_f32_u (f32.const 1))))",
        "(module (func (result i32 i64) (i32.const 1) (i64.const 2)))",
        "(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))))",
        "(module (memory 1) (data $d \"x\") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)))",
        "(module (global (export \"g\") (mut i32) (i32.const 1)))",
        "(module (table 1 funcref) (table 2 funcref) (func (result i32) (table.size 1)))",
        "(module (table 1 funcref) (func $f (table.set (i32.const 0) (ref.func $f))) (elem declare func $f))",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
    ] {
        let wasm = wat::parse_str(wat).unwrap();
        assert_eq!(compile(&wasm), Ok(()), "{wat}");
    }
}

/// Vectors are an option of compilers, and of runtimes.
#[test]
fn vectors_compile_where_the_runtime_has_them() {
    let wat = "(module (func (result v128) (i32x4.neg (v128.const i32x4 1 2 3 4))))";
    let result = compile(&wat::parse_str(wat).unwrap());
    assert_eq!(result.is_ok(), crate::HAS_VECTORS, "{result:?}");
}

/// LLVM leaves room for relocation in a table's index: five bytes, where the first version of the
/// format has a zero byte.
#[test]
fn overlong_table_index_compiles() {
    let wasm = [
        b"\0asm\x01\0\0\0".as_slice(),
        b"\x01\x04\x01\x60\0\0",
        b"\x03\x02\x01\0",
        b"\x04\x04\x01\x70\0\x01",
        b"\x0a\x0d\x01\x0b\0\x41\0\x11\x00\x80\x80\x80\x80\x00\x0b",
    ]
    .concat();
    assert_eq!(compile(&wasm), Ok(()));
}

#[test]
fn other_proposals_are_refused() {
    for wat in [
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (memory 1 (pagesize 1)))",
        "(module (func $f (return_call $f)))",
        "(module (tag))",
        "(module (type (struct)))",
        "(module (func (param externref)))",
        "(module (func (param (ref func))))",
        "(module (func (result v128) (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 1 2 3 4))))",
        "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))",
        "(module (import \"elsewhere\" \"f\" (func)))",
        "(component)",
    ] {
        let wasm = wat::parse_str(wat).unwrap();
        assert!(compile(&wasm).is_err(), "{wat}");
    }
}

#[test]
fn garbage_is_refused_with_a_reason() {
    for wasm in [b"".as_slice(), b"\0asm", b"(module)", b"\0asm\x01\0\0\0\xff"] {
        let RuntimeError(reason) = compile(wasm).unwrap_err();
        assert!(!reason.is_empty());
    }
}
