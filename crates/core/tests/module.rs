//! The reasons for refusing modules, with the exact messages, and what is read from accepted ones.

use commensal_core::module::{Abi, FunctionType, ModuleInfo, ValType, binary, pack, segments};
use commensal_core::{ErrorKind, Limits, Result};

/// A valid module, plus `fields`.
fn good(fields: &str) -> String {
    format!(
        "(module {fields}
           (memory (export \"memory\") 1)
           (func (export \"commensal_scratch\") (param i32) (result i32) i32.const 1024)
           (func (export \"f\") (param i32 i32) (result i32) i32.const 0)
           (func (export \"slugify\") (param i32 i32) (result i32) i32.const 0))"
    )
}

/// The same with its manifest.
fn with_manifest(manifest: &str) -> String {
    good("").replacen(
        "(module",
        &format!("(module (@custom \"commensal\" {manifest:?})").replace("\\\"", "\\22"),
        1,
    )
}

fn read(wat: &str, limits: &Limits) -> Result<ModuleInfo> {
    ModuleInfo::read(&binary(wat.as_bytes(), limits)?, limits)
}

#[track_caller]
fn refused(wat: &str, limits: &Limits, kind: ErrorKind, message: &str) {
    let shown = &wat[..wat.len().min(500)];
    let error = read(wat, limits).expect_err(shown);
    assert_eq!((error.message(), error.kind()), (message, kind), "{shown}");
}

#[test]
fn sources_that_are_no_module() {
    let limits = Limits::default();
    let neither = |start: &str| {
        format!(
            "not a WebAssembly module: a binary one begins with the bytes 00 61 73 6d, a text with \
             \"(\"; this begins with {start}"
        )
    };
    let cases: &[(&[u8], &str)] = &[
        (b"", "the module is empty"),
        (b"hello", &neither("68 65 6c 6c")),
        (b"\xff\xfe", &neither("ff fe")),
        (b"\0as", &neither("00 61 73")),
        (b"\0asm", "the module is cut off: it ends within its first 8 bytes"),
        (b"\0asm\x02\0\0\0", "it is a WebAssembly module of an unknown version"),
        (
            b"\0asm\x0d\0\x01\0",
            "it is a component, not a core module: Commensal runs core modules; build it for \
             wasm32-unknown-unknown, or without the component step",
        ),
        (
            b"(component)",
            "it is a component, not a core module: Commensal runs core modules; build it for \
             wasm32-unknown-unknown, or without the component step",
        ),
        (
            b"(module\n  (func (resul i32)))",
            "the module's text, line 2, column 10: unknown operator or unexpected token",
        ),
        (b"(module", "the module's text, line 1, column 8: expected `)`"),
        (
            b"(module (func\n  call $nothing))",
            "the module's text, line 2, column 8: unknown func: failed to find name `$nothing`",
        ),
        (b"\0asm\x01\0\0\0\x01", "the module is invalid: unexpected end-of-file (at byte 9)"),
    ];
    for (source, message) in cases {
        let error = binary(source, &limits)
            .and_then(|wasm| ModuleInfo::read(&wasm, &limits))
            .expect_err(&String::from_utf8_lossy(source));
        assert_eq!(error.message(), *message);
        assert_eq!(error.kind(), ErrorKind::Module);
    }
}

#[test]
fn modules_against_the_abi() {
    let no_scratch = "the module does not export commensal_scratch (func (param i32) (result \
                      i32)), through which the host asks for memory for arguments: it is not built \
                      for an ABI that Commensal knows, or the linker has dropped the export";
    let cases = [
        (
            "(module)".to_owned(),
            "the module has no memory; it must have one and export it as \"memory\"",
        ),
        (
            "(module (memory 1))".to_owned(),
            "the module does not export its memory; it must be exported as \"memory\"",
        ),
        (
            good("").replace("\"memory\"", "\"m\"").replace("\"f\"", "\"memory\""),
            "the module's export \"memory\" must be its memory, but is (func (param i32 i32) (result i32))",
        ),
        ("(module (memory (export \"memory\") 1))".to_owned(), no_scratch),
        (
            "(module (memory (export \"memory\") 1)
               (func (export \"commensal_scratch\") (param i64) (result i32) i32.const 0))"
                .to_owned(),
            "the export \"commensal_scratch\" is (func (param i64) (result i32)), not (func (param i32) (result i32))",
        ),
        (
            good("(func (export \"_initialize\") (result i32) i32.const 0)"),
            "the export \"_initialize\" is (func (result i32)), not (func)",
        ),
        (
            good("(import \"env\" \"abort\" (func (param i32 f32)))"),
            "the module imports env.abort (func (param i32 f32)), which Commensal does not have",
        ),
        (
            good("(import \"env\" \"a b\" (global (mut i32)))"),
            "the module imports \"env\".\"a b\" (global (mut i32)), which Commensal does not have",
        ),
        (
            "(module (import \"env\" \"memory\" (memory 1 2)) (export \"memory\" (memory 0)))"
                .to_owned(),
            "the module imports env.memory (memory 1 2), which Commensal does not have",
        ),
        (
            good("(import \"commensal\" \"log\" (func (param i32)))"),
            "the module imports commensal.log as (func (param i32)), but it is (func (param i32 i32 i32))",
        ),
        (
            good("(import \"commensal\" \"now\" (table 1 funcref))"),
            "the module imports commensal.now as (table 1 funcref), but it is (func (result i64))",
        ),
        (
            "(module (memory (export \"memory\") 1)
               (func (export \"turso_malloc\") (param i32) (result i32) i32.const 0))"
                .to_owned(),
            "the module is built for the Turso ABI: only CREATE makes one of ours of it",
        ),
        (
            "(module (memory (export \"memory\") 1)
               (func (export \"turso_malloc\") (param i64) (result i32) i32.const 0))"
                .to_owned(),
            "the export \"turso_malloc\" is (func (param i64) (result i32)), not (func (param i32) (result i32))",
        ),
        (
            "(module (func (export \"turso_malloc\") (param i32) (result i32) i32.const 0))"
                .to_owned(),
            "the module does not export its memory as \"memory\"",
        ),
        (
            "(module (import \"env\" \"abort\" (func)) (memory (export \"memory\") 1)
               (func (export \"turso_malloc\") (param i32) (result i32) i32.const 0))"
                .to_owned(),
            "the module imports env.abort (func), which Commensal does not have",
        ),
        (
            "(module (import \"env\" \"memory\" (memory 1)) (export \"memory\" (memory 0))
               (func (export \"turso_malloc\") (param i32) (result i32) i32.const 0))"
                .to_owned(),
            "the module imports env.memory (memory 1), which Commensal does not have",
        ),
        (
            "(module (func (export \"add\") (param i64 i64) (result i64) i64.const 0))".to_owned(),
            "the module is built for the libSQL ABI: only CREATE makes one of ours of it",
        ),
        (
            "(module (func (export \"add\") (param i64) (result i64) i64.const 0)
               (func (export \"libsql_malloc\") (result i32) i32.const 0))"
                .to_owned(),
            "the export \"libsql_malloc\" is (func (result i32)), not (func (param i32) (result i32))",
        ),
        (
            with_manifest("{\"abi\":1}\n{\"function\":{\"name\":\"g\"}}"),
            "the manifest declares the function \"g\", but the module has no export \"g\"",
        ),
        (
            with_manifest(
                "{\"abi\":1}{\"function\":{\"name\":\"g\",\"export\":\"commensal_scratch\"}}",
            ),
            "the manifest declares the function \"g\", but the export \"commensal_scratch\" is \
             (func (param i32) (result i32)), not (func (param i32 i32) (result i32))",
        ),
        (
            with_manifest("{\"abi\":1}\n{\"function\":{\"nam\":\"g\"}}"),
            "manifest, line 2: function: \"name\" is missing",
        ),
    ];
    let limits = Limits::default();
    for (wat, message) in cases {
        let wasm = binary(wat.as_bytes(), &limits).unwrap();
        let read = ModuleInfo::read(&wasm, &limits).expect_err(&wat);
        // What a module of another ABI lacks matters only if it is made into one of ours.
        let problems = ModuleInfo::inspect(&wasm, &limits).unwrap().problems;
        let error = problems.into_iter().next().unwrap_or(read);
        assert_eq!(error.message(), message, "{wat}");
    }
}

#[test]
fn features_that_are_off() {
    let cases = [
        ("(memory i64 1)", "memory64 must be enabled for 64-bit memories"),
        ("(memory 1) (memory 1)", "multiple memories"),
        ("(memory 1 1 shared)", "threads must be enabled for shared memories"),
        (
            "(func (result v128) (v128.const i64x2 0 0) (v128.const i64x2 0 0) i8x16.relaxed_swizzle)",
            "relaxed SIMD support is not enabled",
        ),
        ("(tag)", "exceptions proposal not enabled"),
        ("(func (param externref))", "gc types are disallowed but found type which requires gc"),
        ("(func return_call 0)", "tail calls support is not enabled"),
        ("(type (struct))", "gc proposal not supported"),
        ("(func i32.const 0)", "type mismatch: values remaining on stack at end of block"),
    ];
    for (fields, message) in cases {
        let error = read(&format!("(module {fields})"), &Limits::default()).expect_err(fields);
        let (found, position) = error.message().split_once(" (at byte ").expect("a position");
        assert_eq!(found, format!("the module is invalid: {message}"), "{fields}");
        assert!(position.ends_with(')'), "{position}");
    }
    let used = "(table 2 funcref) (global i32 (i32.add (i32.const 1) (i32.const 2)))
        (func (param i32) (result i32 i64) local.get 0 i32.extend8_s
          f32.const 1 i64.trunc_sat_f32_s
          (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
          v128.const i64x2 0 0 drop)";
    read(&good(used), &Limits::default()).expect("WebAssembly 2.0 and extended constants");
}

/// What an executor compiles to much code is bounded, even if few values are alive at it.
#[test]
fn what_is_costly_by_itself_is_bounded_too() {
    let many = |count: usize, text: &str| text.repeat(count);
    let function =
        |body: String| format!("(func (param i32 i32 f64) (result i32) {body} (i32.const 0))");
    let start = "what starts an instance of the module would take too much memory";
    for (what, fields, message) in [
        ("active data", many(45_000, "(data (i32.const 0) \"a\")"), start),
        ("computed globals", many(90_000, "(global i32 i32.const 1 i32.const 2 i32.add)"), start),
        (
            "division",
            function(many(25_000, "(drop (i32.rem_u (local.get 0) (local.get 1)))")),
            "too much memory to compile: its instructions",
        ),
        (
            "truncation",
            function(many(12_000, "(drop (i64.trunc_f64_s (local.get 2)))")),
            "too much memory to compile: its instructions",
        ),
    ] {
        let error = read(&good(&fields), &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{what}: {error}");
        assert!(error.message().contains(message), "{what}: {error}");
        assert!(error.message().contains("function_work_max"), "{what}: {error}");
    }
    // Passive segments are only data.
    read(&good(&many(45_000, "(data \"a\")")), &Limits::default()).unwrap();
}

/// A function with three nested loops, and 100 values alive at them: 5 x (1 + 2 + 3) x 100 =
/// 3,000 units of compiling, and some hundred for itself, which count fourfold as memory.
fn loops(name: &str) -> String {
    let locals = " i32".repeat(98);
    format!(
        "(func (export \"{name}\") (param i32 i32) (result i32) (local{locals}) (loop (loop (loop))) \
         (i32.const 0))"
    )
}

#[test]
fn compiling_may_cost_as_much_as_the_limits_say() {
    let mut limits = Limits::default();
    let module = good(&(loops("once") + &loops("again")));
    let work = read(&module, &limits).expect("it is within the limits").compile_work;
    (limits.function_work_max, limits.module_work_max) = (u64::MAX, work);
    assert_eq!(read(&module, &limits).expect("it is within the limits").functions, 5);
    limits.module_work_max = work - 1;
    let error = read(&module, &limits).expect_err("it is not");
    assert!(error.message().contains("too much time to compile"), "{error}");
}

/// A function with this many exits from a block, each of which passes on this many changed locals.
fn exits(exits: usize, locals: usize) -> String {
    let change = |local| format!("(local.set {local} (i32.add (local.get {local}) (i32.const 3)))");
    let changes: String = (2..locals + 2).map(change).collect();
    let branches = "(br_if 0 (local.get 0))".repeat(exits);
    let locals = " i32".repeat(locals);
    format!("(func (param i32 i32) (local{locals}) (block {changes} {branches}))")
}

#[test]
fn what_optimising_costs_grows_with_the_square_of_the_ways_to_a_label() {
    let work = |fields: &str| {
        let module = read(&good(fields), &Limits::default()).expect("it is within the limits");
        (module.compile_work, module.optimized_work)
    };
    let ((compile, optimize), (compile_twice, optimize_twice)) =
        (work(&exits(1000, 10)), work(&exits(2000, 10)));
    assert!(compile_twice < compile * 5 / 2, "{compile} {compile_twice}");
    assert!(optimize_twice > optimize * 7 / 2, "{optimize} {optimize_twice}");
    // A local that changes within an inner block also changes within the outer one.
    let within = exits(1000, 10)
        .replace("(local.set", "(block (local.set")
        .replace("(i32.const 3)))", "(i32.const 3))))");
    assert!(work(&within).1 >= optimize);
    assert!(work(&exits(20_000, 100)).1 > Limits::default().optimized_work_max);
}

#[test]
fn limits_of_structure() {
    let limit = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let cases = [
        (
            good(""),
            limit(|l| l.module_bytes_max = 50),
            "the module has 98 bytes, more than module_bytes_max = 50, which the host can raise",
        ),
        (
            good(""),
            limit(|l| l.module_text_bytes_max = 50),
            "the module's text has 286 bytes, more than module_text_bytes_max = 50: translate it to \
             the binary format first, or let the host raise the limit",
        ),
        (
            good(""),
            limit(|l| l.module_functions_max = 2),
            "the module has 3 functions, more than module_functions_max = 2, which the host can raise",
        ),
        (
            good(""),
            limit(|l| l.module_items_max = 3),
            "the module has 4 exports, more than module_items_max = 3, which the host can raise",
        ),
        (
            good(""),
            limit(|l| l.function_bytes_max = 4),
            "the function \"commensal_scratch\" of the module has 5 bytes, more than function_bytes_max = 4, which the host can raise",
        ),
        (
            good("(func (local i32 i32 i32) (local i64))"),
            limit(|l| l.function_locals_max = 3),
            "function 0 of the module has 4 locals, more than function_locals_max = 3, which the host can raise",
        ),
        (
            good("(func (export \"t\") i32.const 0 br_table 0 0 0 i32.const 0 br_table 0 0 0)"),
            limit(|l| l.function_branch_targets_max = 3),
            "the function \"t\" of the module has 4 targets of br_table, more than function_branch_targets_max = 3, which the host can raise",
        ),
        (
            good("(type (func (param i32 i32 i32) (result i32)))"),
            limit(|l| l.function_type_values_max = 3),
            "the module has 4 parameters and results in one function type, more than function_type_values_max = 3, which the host can raise",
        ),
        (
            good(&loops("once")),
            limit(|l| l.function_work_max = 4_000),
            "the function \"once\" of the module would take too much memory to compile: its instructions, and the values alive at branches, calls and memory accesses, come to more than function_work_max = 4000, which the host can raise",
        ),
        (
            good(&loops("once")),
            limit(|l| l.module_work_max = 9_500),
            "the function \"once\" of the module would take too much time to compile: its instructions, and the values alive at branches, calls and memory accesses, come to more than module_work_max = 9500, which the host can raise",
        ),
        (
            good("(table 60 funcref) (table 60 funcref)"),
            limit(|l| l.table_elements_max = 100),
            "the module has 120 table elements, more than table_elements_max = 100, which the host can raise",
        ),
        (
            good("").replace(") 1)", ") 2)"),
            limit(|l| l.memory_bytes_max = 65_536),
            "the module starts with 131072 bytes of memory, more than memory_bytes_max = 65536, which memory_mb raises where the host permits it",
        ),
        (
            with_manifest("{\"abi\":1}"),
            limit(|l| l.manifest_bytes_max = 8),
            "the module has 9 bytes of manifest, more than manifest_bytes_max = 8, which the host can raise",
        ),
    ];
    for (wat, limits, message) in cases {
        refused(&wat, &limits, ErrorKind::Limit, message);
    }
}

#[test]
fn locals_by_the_million_cost_nothing() {
    // Six bytes declare four billion locals.
    let mut wasm = binary(b"(module (func (local i32)))", &Limits::default()).unwrap().into_owned();
    let at = wasm.windows(4).position(|w| w == [1, 1, 0x7f, 0x0b]).expect("the locals");
    wasm.splice(at + 1..at + 2, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    wasm[at - 1] += 4;
    wasm[at - 3] += 4;
    let error = ModuleInfo::read(&wasm, &Limits::default()).expect_err("too many locals");
    assert_eq!(
        error.message(),
        "function 0 of the module has 4294967295 locals, more than function_locals_max = 10000, which \
         the host can raise"
    );
}

#[test]
fn two_bytes_cannot_cost_a_hundred_moves() {
    let ty = format!("(type $t (func (result {})))", "i32 ".repeat(128));
    let cases = [
        "block (type $t) unreachable end unreachable ".repeat(2_000),
        format!(
            "block (type $t) unreachable i32.const 0 br_table {} end unreachable",
            "0 ".repeat(2_000)
        ),
        format!("unreachable {}", "call $many unreachable ".repeat(2_000)),
        "i32.const 0 call_indirect (type $t) unreachable ".repeat(3_000),
    ];
    let mut limits = Limits::default();
    (limits.function_work_max, limits.module_work_max) = (u64::MAX, u64::MAX);
    for body in cases {
        let wat = good(&format!(
            "{ty} (table 1 funcref) (func $many (type $t) unreachable) (func (export \"slow\") {body})"
        ));
        refused(
            &wat,
            &limits,
            ErrorKind::Module,
            "the function \"slow\" of the module moves far more values in blocks, branches and calls \
             than its code has instructions to make: it would take too long to compile",
        );
    }
    // Values that are made do not count.
    let made = format!("(func {} call $takes)", "i32.const 0 ".repeat(128)).repeat(1_000);
    read(
        &good(&format!("(func $takes (param {})) {made}", "i32 ".repeat(128))),
        &Limits::default(),
    )
    .expect("calls with many arguments");
}

#[test]
fn all_problems_at_once() {
    let wat = "(module (import \"env\" \"a\" (func)) (import \"env\" \"b\" (func)) (import \"env\" \"a\" (func)))";
    let limits = Limits::default();
    let wasm = binary(wat.as_bytes(), &limits).unwrap();
    let inspection = ModuleInfo::inspect(&wasm, &limits).unwrap();
    let problems: Vec<_> = inspection.problems.iter().map(|e| e.message()).collect();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[0].contains("env.a") && problems[1].contains("env.b"), "{problems:?}");
    assert_eq!(ModuleInfo::read(&wasm, &limits).unwrap_err(), inspection.problems[0]);

    // A long list of unknown imports is cut.
    let imports: String = (0..1000).map(|i| format!("(import \"env\" \"f{i}\" (func))")).collect();
    let wasm = binary(format!("(module {imports})").as_bytes(), &limits).unwrap().into_owned();
    assert!(ModuleInfo::inspect(&wasm, &limits).unwrap().problems.len() < 30);

    // If the end is invalid, the rest is shown.
    let wat = good("(func (export \"bad\") (result i64) i32.const 0)");
    let wasm = binary(wat.as_bytes(), &limits).unwrap();
    let inspection = ModuleInfo::inspect(&wasm, &limits).unwrap();
    assert_eq!(inspection.problems.len(), 1);
    assert!(inspection.info.export("bad").is_some());
}

#[test]
fn facts() {
    let wat = good("(import \"commensal\" \"interrupted\" (func (result i32)))");
    let info = read(&wat, &Limits::default()).unwrap();
    assert_eq!(info.abi, Abi::Commensal);
    assert_eq!(info.functions, 3);
    assert_eq!(info.imports[0].ty.to_string(), "(func (result i32))");
    let exports: Vec<_> = info.exports.iter().map(|e| format!("{} {}", e.name, e.ty)).collect();
    assert_eq!(
        exports,
        [
            "memory (memory 1)",
            "commensal_scratch (func (param i32) (result i32))",
            "f (func (param i32 i32) (result i32))",
            "slugify (func (param i32 i32) (result i32))",
        ]
    );
    assert!(!info.sees_clock_or_random());
    assert_eq!(info.sha256_hex().len(), 64);
    for (import, ty, seen) in [
        ("log", "(param i32 i32 i32)", false),
        ("now", "(result i64)", true),
        ("random", "(param i32 i32)", true),
    ] {
        let wat = good(&format!("(import \"commensal\" \"{import}\" (func {ty}))"));
        assert_eq!(
            read(&wat, &Limits::default()).unwrap().sees_clock_or_random(),
            seen,
            "{import}"
        );
    }
    let ty =
        FunctionType { params: vec![ValType::F64, ValType::FuncRef], results: vec![ValType::V128] };
    assert_eq!(ty.to_string(), "(func (param f64 funcref) (result v128))");
}

#[test]
fn missing_and_wrong_exports() {
    let info = read(&good("(func (export \"g\") (param i64))"), &Limits::default()).unwrap();
    info.guest_function("f").expect("it is there");
    let cases = [
        (
            "slugfy",
            "the module has no export \"slugfy\"; did you mean \"slugify\"? It exports \"f\", \"slugify\"",
        ),
        (
            "Slug_ify",
            "the module has no export \"Slug_ify\"; did you mean \"slugify\"? It exports \"f\", \"slugify\"",
        ),
        ("unlike", "the module has no export \"unlike\"; it exports \"f\", \"slugify\""),
        ("g", "the export \"g\" is (func (param i64)), not (func (param i32 i32) (result i32))"),
        ("memory", "the export \"memory\" is (memory 1), not (func (param i32 i32) (result i32))"),
    ];
    for (export, message) in cases {
        assert_eq!(info.guest_function(export).unwrap_err().message(), message);
    }
    let long = "x".repeat(10_000);
    assert!(info.guest_function(&long).unwrap_err().message().len() < 300);

    let many: String = (0..50)
        .map(|i| format!("(func (export \"e{i}\") (param i32 i32) (result i32) i32.const 0)"))
        .collect();
    let info = read(&good(&many), &Limits::default()).unwrap();
    let message = info.guest_function("nothing").unwrap_err().message().to_owned();
    assert!(message.ends_with("\"e19\" and 32 more"), "{message}");
}

#[test]
fn extensions_need_a_manifest_and_functions_do_not() {
    let stripped = read(&good(""), &Limits::default()).unwrap();
    assert_eq!(
        stripped.extension().unwrap_err().message(),
        "the module has no manifest: its custom section \"commensal\" is missing, as after strip or \
         wasm-opt; keep custom sections, or add the manifest with commensal pack"
    );
    let cases = [
        ("{\"abi\":1}", "the manifest declares nothing"),
        (
            "{\"abi\":1}{\"collation\":{\"name\":\"c\",\"compare\":\"f\",\"bind\":\"f\"}}",
            "the manifest declares the collation \"c\", whose \"bind\" this version does not run",
        ),
        (
            "{\"abi\":1}{\"function\":{\"name\":\"g\",\"export\":\"f\",\"bind\":\"f\"}}",
            "the manifest declares the function \"g\", whose \"bind\" this version does not run",
        ),
    ];
    for (manifest, message) in cases {
        let info = read(&with_manifest(manifest), &Limits::default()).unwrap();
        assert_eq!(info.extension().unwrap_err().message(), message);
        info.guest_function("slugify").expect("an export that is not declared");
        let error = info.guest_function("f").err();
        assert_eq!(error.is_some(), message.ends_with("does not run"), "{error:?}");
    }
    let both = "{\"abi\":1}{\"collation\":{\"name\":\"c\",\"compare\":\"f\"}}{\"function\":{\"name\":\"f\"}}";
    let info = read(&with_manifest(both), &Limits::default()).unwrap();
    info.guest_function("f").expect("it is a function as well");
    let info = read(&with_manifest(&both[..both.len() / 2]), &Limits::default());
    assert_eq!(info.unwrap_err().kind(), ErrorKind::Manifest);
    let manifest = "{\"abi\":1}{\"function\":{\"name\":\"f\",\"deterministic\":true}}";
    let info = read(&with_manifest(manifest), &Limits::default()).unwrap();
    assert_eq!(info.extension().unwrap().functions_of("f").count(), 1);
    let clock = with_manifest(manifest).replacen(
        "(memory",
        "(import \"commensal\" \"now\" (func (result i64))) (memory",
        1,
    );
    assert_eq!(
        read(&clock, &Limits::default()).unwrap().extension().unwrap_err().message(),
        "the manifest declares the function \"f\", which has to be deterministic, but the module imports \
         commensal.now"
    );
}

#[test]
fn several_sections_are_one_manifest() {
    let wat = with_manifest("{\"abi\":1}{\"function\":{\"name\":\"f\"}}")
        .replacen("(memory", "(@custom \"commensal\" \"{\\22abi\\22:1}{\\22function\\22:{\\22name\\22:\\22slugify\\22}}\") (memory", 1);
    let info = read(&wat, &Limits::default()).unwrap();
    let names: Vec<_> = info.extension().unwrap().functions.iter().map(|f| &f.name[..]).collect();
    assert_eq!(names, ["f", "slugify"]);
}

#[test]
fn packing() {
    let limits = Limits::default();
    let bare = binary(good("").as_bytes(), &limits).unwrap().into_owned();
    let manifest = b" {\"abi\": 1}\n{\"function\": {\"name\": \"f\", \"params\": [\"text?\"]}}";
    let packed = pack(&bare, manifest, &limits).unwrap();
    assert_eq!(pack(&packed, manifest, &limits).unwrap(), packed);
    assert!(packed.starts_with(&bare));
    let info = ModuleInfo::read(&packed, &limits).unwrap();
    let text = info.extension().unwrap().to_json();
    assert_eq!(pack(&packed, text.as_bytes(), &limits).unwrap(), packed);

    // An existing section is replaced, even if it is not a manifest.
    let broken = with_manifest("nonsense");
    let broken = binary(broken.as_bytes(), &limits).unwrap();
    let repaired = pack(&broken, manifest, &limits).unwrap();
    assert_eq!(ModuleInfo::read(&repaired, &limits).unwrap().manifest, info.manifest);

    let cases: [(&[u8], &str); 3] = [
        (
            b"{\"abi\":1}{\"function\":{\"name\":\"g\"}}",
            "the manifest declares the function \"g\", but the module has no export \"g\"",
        ),
        (
            b"",
            "the manifest has no {\"abi\":\u{2026}}: it does not say for which ABI version it is (this \
             version of Commensal knows 1)",
        ),
        (b"x", "manifest, line 1, column 1: expected an object, which begins with \"{\""),
    ];
    for (manifest, message) in cases {
        assert_eq!(pack(&bare, manifest, &limits).unwrap_err().message(), message);
    }
    let error = pack(&bare[..bare.len() - 3], manifest, &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Module);
}

#[test]
fn every_cut_and_every_flipped_byte_is_an_error_or_a_module() {
    let limits = Limits::default();
    let wat = with_manifest("{\"abi\":1}{\"function\":{\"name\":\"f\"}}");
    let wasm = binary(wat.as_bytes(), &limits).unwrap().into_owned();
    for cut in 0..wasm.len() {
        if let Ok(info) = ModuleInfo::read(&wasm[..cut], &limits) {
            assert!(info.manifest.is_none(), "only the custom section at the end may be missing");
        }
    }
    for at in 0..wasm.len() {
        for bit in 0..8 {
            let mut wasm = wasm.clone();
            wasm[at] ^= 1 << bit;
            if let Ok(info) = ModuleInfo::read(&wasm, &limits) {
                info.guest_function("f").and(info.guest_function("slugify")).err();
                assert_eq!(info.bytes, wasm.len());
            }
        }
    }
}

/// Short code that costs a compiler much. The default limits refuse each, by one part of the budget or the
/// other, and the error says which.
#[test]
fn bombs_are_refused_by_default() {
    let limits = Limits::default();
    let many = |text: &str, n: usize| text.repeat(n);
    let function = |body: String| good(&format!("(func (param $n i32) {body})"));
    let cases = [
        // 108 KB took seven seconds.
        function(many("(drop (i32.div_s (local.get 0) (local.get 0)))", 15_000)),
        function(many("(drop (i64.rem_u (i64.const 1) (i64.const 2)))", 15_000)),
        function(many("(drop (i32.trunc_f64_s (f64.const 1)))", 15_000)),
        // 594 KB took 44 seconds.
        good(&many("(data (i32.const 8) \"a\")", 20_000)),
        good(&format!(
            "(table 10 funcref) {}",
            many("(elem (i32.const 1) funcref (ref.null func))", 20_000)
        )),
        good(&format!(
            "(table $t 10 funcref) {}",
            many("(func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))", 30_000)
        )),
        function(many("(call_indirect (local.get 0))", 15_000))
            .replace("(module", "(module (table 1 funcref)"),
        function(many("(memory.fill (local.get 0) (local.get 0) (local.get 0))", 15_000)),
    ];
    for wat in cases {
        let error = read(&wat, &limits).expect_err(&wat[..300]);
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        assert!(error.message().contains("_work_max"), "{error}: {}", &wat[..300]);
    }
}

/// Segments of data that are close together are compiled as one, unless that could change the result.
#[test]
fn segments_of_data_are_joined() {
    let parse = |module: &str| binary(module.as_bytes(), &Limits::default()).unwrap().into_owned();
    let joined = |module: &str| segments::joined(&parse(module)).into_owned();
    let apart = "(module (memory 1) (data (i32.const 9) \"c\") (data (i32.const 4) \"ab\") (data (i32.const 900) \"d\"))";
    let one =
        "(module (memory 1) (data (i32.const 4) \"ab\\00\\00\\00c\") (data (i32.const 900) \"d\"))";
    assert_eq!(joined(apart), parse(one));
    for as_it_is in [
        // The second one writes over the first.
        "(module (memory 1) (data (i32.const 4) \"ab\") (data (i32.const 5) \"c\"))",
        "(module (memory 1) (data (i32.const 4) \"a\") (data \"passive\") (data (i32.const 5) \"c\"))",
        "(module (memory 1) (data (i32.const 4) \"a\") (data (offset (i32.add (i32.const 4) (i32.const 1))) \"c\"))",
        // An instruction names a segment.
        "(module (memory 1) (func (data.drop 0)) (data (i32.const 4) \"a\") (data (i32.const 5) \"c\"))",
        "(module (import \"a\" \"b\" (memory 1)) (data (i32.const 4) \"a\") (data (i32.const 6) \"c\"))",
        "(module (memory 1) (data (i32.const -1) \"a\") (data (i32.const -2) \"bcd\"))",
        "(module (memory 1) (data (i32.const 4) \"a\"))",
    ] {
        assert_eq!(joined(as_it_is), parse(as_it_is), "{as_it_is}");
    }
}
