//! If a guest or a file decides a number of items, the time grows only linearly with it. The test measures
//! processor time of its own thread, for eight times as many items against once, so the speed and load of
//! the machine do not matter: linear code takes about eight times as long, quadratic code sixty-four
//! times.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;

use commensal_core::Limits;
use commensal_core::manifest::Manifest;
use commensal_core::module::{Abi, ModuleInfo};
use wasm_encoder::{
    CodeSection, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// The nanoseconds that this thread has run.
fn thread_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("it begins with nanoseconds")
}

/// The shortest of several times of `work`.
fn cost(mut work: impl FnMut()) -> u64 {
    let once = |work: &mut dyn FnMut()| {
        let began = thread_ns();
        work();
        thread_ns() - began
    };
    (0..3).map(|_| once(&mut work)).min().unwrap_or_default()
}

/// Checks that eight times as many items take no more than twenty-five times as long.
fn is_linear<T>(name: &str, n: u32, make: impl Fn(u32) -> T, work: impl Fn(&T)) {
    let (few, many) = (make(n), make(n * 8));
    let often = |items: &T, times: u32| cost(|| (0..times).for_each(|_| work(items)));
    work(&few);
    // Often enough for the clock, which advances with the scheduler's ticks of some milliseconds.
    let mut times = 1;
    let mut few_ns = often(&few, times);
    while few_ns < 20_000_000 {
        times *= 2;
        few_ns = often(&few, times);
    }
    let (few, many) = (few_ns, often(&many, times));
    assert!(many < few * 25, "{name}: {n} items take {few} ns, eight times as many {many} ns");
}

/// A module for another ABI that exports one function under `n` names, and that function's type.
fn foreign(n: u32, marker: &str, result: ValType, sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I32], [result]);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0).export(marker, ExportKind::Func, 1);
    for i in 0..n {
        exports.export(&format!("f{i}"), ExportKind::Func, 0);
    }
    let mut trap = Function::new([]);
    trap.instructions().unreachable().end();
    let mut code = CodeSection::new();
    code.function(&trap).function(&trap);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code);
    for (name, data) in sections {
        module.section(&CustomSection { name: (*name).into(), data: data.into() });
    }
    module.finish()
}

#[test]
fn exports_of_modules_for_other_abis() {
    let limits = Limits::default();
    let cases = [
        ("Turso, all functions", "turso_malloc", ValType::I64),
        ("Turso, no function", "turso_malloc", ValType::F32),
        ("libSQL, all functions", "libsql_malloc", ValType::I64),
        ("libSQL, no function", "libsql_malloc", ValType::F32),
    ];
    for (name, marker, result) in cases {
        let make = |n| foreign(n, marker, result, &[]);
        is_linear(name, 10_000, make, |wasm| {
            let _ = ModuleInfo::inspect(wasm, &limits);
        });
    }
}

#[test]
fn stored_modules_are_never_translated() {
    let wasm = foreign(1_900, "turso_malloc", ValType::I64, &[]);
    let limits = Limits::default();
    let inspection = ModuleInfo::inspect(&wasm, &limits).unwrap();
    assert_eq!(inspection.info.abi, Abi::Turso);
    assert!(inspection.problems.is_empty(), "{:?}", inspection.problems);
    // The clock advances with the scheduler, so less than a tick counts as no time.
    let often = |work: &dyn Fn()| cost(|| (0..40).for_each(|_| work()));
    let inspecting = often(&|| {
        let _ = ModuleInfo::inspect(&wasm, &limits);
    });
    let reading = often(&|| {
        let error = ModuleInfo::read(&wasm, &limits).unwrap_err();
        assert!(error.message().contains("only CREATE makes one of ours of it"), "{error}");
    });
    // Translating writes and parses several hundred bytes of text for each of the functions.
    println!("{reading} ns, inspecting takes {inspecting} ns");
    assert!(reading * 5 < inspecting, "{reading} ns, inspecting takes {inspecting} ns");
}

/// A manifest of `n` objects, each made by `write`.
fn manifest(n: u32, write: impl Fn(&mut String, u32)) -> Manifest {
    let mut text = String::from("{\"abi\":1}\n");
    (0..n).for_each(|i| write(&mut text, i));
    Manifest::parse(text.as_bytes(), &Limits::default()).expect("the test's manifest is right")
}

/// A module of ours that has a manifest.
fn packed(manifest: &Manifest) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("f", ExportKind::Func, 0).export("commensal_scratch", ExportKind::Func, 1);
    let mut trap = Function::new([]);
    trap.instructions().unreachable().end();
    let mut code = CodeSection::new();
    code.function(&trap).function(&trap);
    let text = manifest.to_json();
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code);
    module.section(&CustomSection { name: "commensal".into(), data: text.as_bytes().into() });
    module.finish()
}

#[test]
fn types_and_their_operators() {
    // Each type has all operators, and all of them use the last function.
    const OPERATORS: [&str; 13] =
        ["<", "<=", ">", ">=", "=", "<>", "+", "-", "*", "/", "%", "||", "->"];
    let make = |n| {
        packed(&manifest(n, |text, i| {
            let operator = |op| format!("{{\"op\":\"{op}\",\"function\":\"f{}\"}}", n - 1);
            let _ = write!(
                text,
                "{{\"function\":{{\"name\":\"f{i}\",\"export\":\"f\",\"params\":[\"any\",\"any\"]}}}}\n\
                 {{\"type\":{{\"name\":\"t{i}\",\"base\":\"text\",\"encode\":\"f\",\"decode\":\"f\",\
                 \"operators\":[{}]}}}}\n",
                OPERATORS.map(operator).join(",")
            );
        }))
    };
    is_linear("types", 180, make, |wasm| {
        let info = ModuleInfo::read(wasm, &Limits::default()).unwrap();
        info.extension().unwrap();
    });
}

#[test]
fn names_that_differ_in_case_only() {
    // Exports for libSQL under all ways to write one name. Each gets its own name in SQL.
    let make = |n: u32| {
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        for i in 0..n {
            let letter = |bit: u32| if i >> bit & 1 == 0 { 'a' } else { 'A' };
            let name: String = (0..12).map(letter).collect();
            exports.export(&name, ExportKind::Func, 0);
        }
        let mut types = TypeSection::new();
        types.ty().function([ValType::I64], [ValType::I64]);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut trap = Function::new([]);
        trap.instructions().unreachable().end();
        let mut code = CodeSection::new();
        code.function(&trap);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&memories).section(&exports);
        module.section(&code);
        module.finish()
    };
    is_linear("names", 200, make, |wasm| {
        let _ = ModuleInfo::inspect(wasm, &Limits::default()).unwrap();
    });
}

#[test]
fn a_signature_section_is_bounded() {
    let limits = Limits::default();
    // A name of one byte, no parameters, no result.
    let entries = b"\x01f\x00\x09".repeat(limits.manifest_bytes_max / 4 + 1);
    let wasm = foreign(1, "turso_malloc", ValType::I64, &[("turso_sig", entries)]);
    let problem = &ModuleInfo::inspect(&wasm, &limits).unwrap().problems[0];
    assert!(problem.message().contains("manifest_bytes_max"), "{problem}");
}
