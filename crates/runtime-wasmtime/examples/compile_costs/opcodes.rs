//! Every instruction that the validator knows, alone and with many values alive. They are found by trying
//! all codes with all operands, so no instruction has to be listed.

use std::sync::LazyLock;

use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, Encode,
    ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, MemArg,
    MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{BinaryReader, Operator, OperatorsReader, Validator, WasmFeatures};

/// The code around an instruction.
const SHAPES: &[(&str, u32)] = &[
    // Operands are loaded, results stored.
    ("fresh8", 2_000),
    ("fresh1000", 500),
    // Operands are locals, results go to locals.
    ("locals8", 4_000),
    ("locals1000", 1_000),
    // In nested loops.
    ("loops100", 200),
    // Results stay on the stack until the end.
    ("stack", 500),
    // In nested blocks, each with a way out.
    ("blocks100", 500),
];

const TYPES: [ValType; 6] = [
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
    ValType::V128,
    ValType::Ref(RefType::FUNCREF),
];

/// An instruction with its immediates, its operands and its results.
struct Op {
    name: String,
    code: Vec<u8>,
    params: Vec<ValType>,
    result: Option<ValType>,
}

static OPS: LazyLock<Vec<Op>> = LazyLock::new(find);

pub(crate) fn cases() -> Vec<(String, u32)> {
    let with = |op: &Op| {
        let name = op.name.clone();
        SHAPES.iter().map(move |(shape, n)| (format!("op:{name}:{shape}"), *n)).collect::<Vec<_>>()
    };
    OPS.iter().flat_map(with).collect()
}

pub(crate) fn module(name: &str, shape: &str, n: u32) -> Vec<u8> {
    let op = OPS.iter().find(|op| op.name == name).expect("the instruction is known");
    let m = match shape {
        "fresh1000" | "locals1000" => 1_000,
        "loops100" | "blocks100" => 100,
        _ => 8,
    };
    let mut types: Vec<ValType> = op.params.iter().chain(&op.result).copied().collect();
    types.sort_by_key(|ty| TYPES.iter().position(|t| t == ty));
    types.dedup();
    if types.is_empty() {
        types.push(ValType::I64);
    }
    let mut f = Function::new(types.iter().map(|&ty| (m, ty)));
    let local = |ty: ValType, i: u32| {
        let at = types.iter().position(|&t| t == ty).expect("its type has locals") as u32;
        at * m + i % m
    };
    for &ty in &types {
        for i in 0..m {
            load(&mut f, ty, i);
            f.instructions().local_set(local(ty, i));
        }
    }
    let fresh = shape.starts_with("fresh");
    let operands = |f: &mut Function, i: u32| {
        for (k, &ty) in op.params.iter().enumerate() {
            let k = k as u32;
            if fresh {
                load(f, ty, i * 3 + k);
            } else {
                f.instructions().local_get(local(ty, i * 7 + k * 13));
            }
        }
    };
    let nested = if shape == "loops100" { 20 } else { 0 };
    for _ in 0..nested {
        f.instructions().loop_(wasm_encoder::BlockType::Empty);
    }
    let blocks = if shape == "blocks100" { n } else { 0 };
    for _ in 0..blocks {
        f.instructions().block(wasm_encoder::BlockType::Empty);
    }
    let mut reachable = true;
    for i in 0..n {
        operands(&mut f, i);
        f.raw(op.code.iter().copied());
        match op.result {
            Some(ty) if fresh => store(&mut f, ty, i, &[]),
            Some(_) if shape == "stack" => {}
            Some(ty) => {
                f.instructions().local_set(local(ty, i * 3 + 1));
            }
            None => {}
        }
        if blocks > 0 {
            load(&mut f, ValType::I32, i);
            f.instructions().br_if(0).end();
        }
        reachable &= op.name != "Unreachable" && op.name != "Return";
    }
    let _ = reachable;
    if shape == "stack"
        && let Some(ty) = op.result
    {
        for i in 0..n {
            f.instructions().local_set(local(ty, i));
            store(&mut f, ty, i, &[local(ty, i)]);
        }
    }
    for _ in 0..nested {
        load(&mut f, ValType::I32, 0);
        f.instructions().br_if(0).end();
    }
    for &ty in &types {
        for i in 0..m {
            store(&mut f, ty, i, &[local(ty, i)]);
        }
    }
    f.instructions().end();
    skeleton(&f)
}

fn at(offset: u32, align: u32) -> MemArg {
    MemArg { offset: u64::from(offset % 4096) * 16, align, memory_index: 0 }
}

fn load(f: &mut Function, ty: ValType, i: u32) {
    let mut to = f.instructions();
    match ty {
        ValType::Ref(_) => to.i32_const(0).table_get(0),
        ValType::I32 => to.i32_const(0).i32_load(at(i, 2)),
        ValType::I64 => to.i32_const(0).i64_load(at(i, 3)),
        ValType::F32 => to.i32_const(0).f32_load(at(i, 2)),
        ValType::F64 => to.i32_const(0).f64_load(at(i, 3)),
        ValType::V128 => to.i32_const(0).v128_load(at(i, 4)),
    };
}

/// Stores a local, or a value from the stack.
fn store(f: &mut Function, ty: ValType, i: u32, from: &[u32]) {
    // The last local of each type is as good as any.
    let scratch: &[u32] = from;
    let mut to = f.instructions();
    if let [local] = scratch {
        match ty {
            ValType::Ref(_) => to.i32_const(0).local_get(*local).table_set(0),
            ValType::I32 => to.i32_const(0).local_get(*local).i32_store(at(i, 2)),
            ValType::I64 => to.i32_const(0).local_get(*local).i64_store(at(i, 3)),
            ValType::F32 => to.i32_const(0).local_get(*local).f32_store(at(i, 2)),
            ValType::F64 => to.i32_const(0).local_get(*local).f64_store(at(i, 3)),
            ValType::V128 => to.i32_const(0).local_get(*local).v128_store(at(i, 4)),
        };
        return;
    }
    // A global of its type takes it.
    let global = TYPES.iter().position(|&t| t == ty).expect("the type is known");
    to.global_set(global as u32);
}

/// A module around a function of type `() -> ()`, with one of everything.
fn skeleton(function: &Function) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0).function(0);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 10,
        maximum: None,
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 2,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    for ty in TYPES {
        let zero = match ty {
            ValType::I32 => ConstExpr::i32_const(0),
            ValType::I64 => ConstExpr::i64_const(0),
            ValType::F32 => ConstExpr::f32_const(0.0.into()),
            ValType::F64 => ConstExpr::f64_const(0.0.into()),
            ValType::V128 => ConstExpr::v128_const(0),
            ValType::Ref(_) => ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
        };
        globals.global(GlobalType { val_type: ty, mutable: true, shared: false }, &zero);
    }
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut elements = ElementSection::new();
    elements.passive(Elements::Functions((&[0, 1][..]).into()));
    let mut nothing = Function::new([]);
    nothing.instructions().end();
    let mut code = CodeSection::new();
    code.function(function).function(&nothing);
    let mut data = DataSection::new();
    data.passive(*b"0123456789");
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements);
    module.section(&DataCountSection { count: 1 }).section(&code).section(&data);
    module.finish()
}

/// The features that a module of Commensal's may use.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2.union(WasmFeatures::EXTENDED_CONST).difference(WasmFeatures::GC_TYPES)
}

/// Immediates that some instruction has.
fn immediates() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = vec![vec![], vec![0], vec![1], vec![0, 0], vec![0, 0, 0]];
    all.extend([vec![0x70], vec![1, 0x7f], vec![0; 4], vec![0; 8], vec![0; 16]]);
    all
}

fn find() -> Vec<Op> {
    let mut codes: Vec<Vec<u8>> = (0..=0xff_u8).map(|byte| vec![byte]).collect();
    for (prefix, count) in [(0xfc_u8, 32_u32), (0xfd, 0x180)] {
        for number in 0..count {
            let mut code = vec![prefix];
            number.encode(&mut code);
            codes.push(code);
        }
    }
    codes
        .into_iter()
        .filter_map(|code| immediates().iter().find_map(|i| try_op(&code, i)))
        .collect()
}

fn try_op(code: &[u8], immediates: &[u8]) -> Option<Op> {
    let code = [code, immediates].concat();
    let name = {
        let mut reader = OperatorsReader::new(BinaryReader::new(&code, 0));
        let operator = reader.read().ok()?;
        if !reader.eof() || is_structure(&operator) {
            return None;
        }
        let name = format!("{operator:?}");
        name.split([' ', '{']).next().unwrap_or_default().to_owned()
    };
    for count in 0..=3_u32 {
        for number in 0..6_usize.pow(count) {
            let params: Vec<ValType> =
                (0..count).map(|i| TYPES[number / 6_usize.pow(i) % 6]).collect();
            if !is_valid(&params, &code, &[0]) {
                continue;
            }
            if is_valid(&params, &code, &[]) {
                return Some(Op { name, code, params, result: None });
            }
            let result = (0..6).find(|&i| is_valid(&params, &code, &[0x24, i]))?;
            return Some(Op { name, code, params, result: Some(TYPES[usize::from(result)]) });
        }
    }
    None
}

/// Instructions that open and end blocks, or end reachable code. The bodies have these anyway.
fn is_structure(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
    )
}

/// Whether the instruction takes these operands and the following code takes the rest.
fn is_valid(params: &[ValType], code: &[u8], then: &[u8]) -> bool {
    let mut f = Function::new(params.iter().map(|&ty| (1, ty)));
    for i in 0..params.len() as u32 {
        f.instructions().local_get(i);
    }
    f.raw(code.iter().copied()).raw(then.iter().copied());
    f.instructions().end();
    Validator::new_with_features(features()).validate_all(&skeleton(&f)).is_ok()
}
