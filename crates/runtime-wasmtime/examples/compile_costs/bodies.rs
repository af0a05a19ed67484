//! Function bodies that are hard for a compiler: many values are alive across many branches, calls and
//! memory accesses.

use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemArg,
    MemorySection, MemoryType, Module, TableSection, TableType, TypeSection, ValType,
};

/// Fills the body of a function of type 0, `() -> ()`, with `m` locals.
type Body = fn(&mut Function, n: u32, m: u32);

/// Name, the meaning of `n` and `m`, body.
const SHAPES: &[(&str, &str, Body)] = &[
    ("plain", "n additions over m locals", plain),
    ("scattered", "n operations over m locals and the stack, without any order", scattered),
    ("bulk", "n memory.copy", bulk),
    ("loads", "n loads over m locals", loads),
    ("loops", "n nested loops, which all change m locals", loops),
    ("exits", "n exits from one block, which all pass m changed locals on", exits),
    ("diamonds", "n times if/else; m locals live throughout", diamonds),
    ("blocks", "n nested blocks with m results", blocks),
    ("nest", "n nested blocks", nest),
    ("table", "br_table of n targets into n blocks; m locals live throughout", table),
    ("same", "br_table of n targets into one block with m results", same),
    ("calls", "n calls with m parameters and m results", calls),
    ("indirect", "n indirect calls; m locals live throughout", indirect),
    ("selects", "n selects between two loads by a third, with a way out after each m", selects),
    ("grow", "n memory.grow; m locals live throughout", grow),
];

/// The number of values alive that each is measured with, and the first size.
const ALIVE: &[(u32, u32)] = &[(10, 1_000), (40, 500), (100, 100), (1_000, 50), (8_000, 20)];

pub(crate) fn cases() -> Vec<(String, u32)> {
    let mut cases = Vec::new();
    for (name, ..) in SHAPES {
        cases.extend(ALIVE.iter().map(|(m, n)| (format!("body:{name}:{m}"), *n)));
    }
    cases
}

pub(crate) fn module(name: &str, n: u32, m: u32) -> Vec<u8> {
    let (.., body) = SHAPES.iter().find(|s| s.0 == name).expect("the body is known");
    around(*body, n, m)
}

/// The most values of a type.
const VALUES_MAX: u32 = 1_000;

/// Type 1 is `(i64 x m) -> (i64 x m)`, type 2 `() -> (i64 x m)`.
fn around(body: Body, n: u32, m: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let many = || std::iter::repeat_n(ValType::I64, m.min(VALUES_MAX) as usize);
    types.ty().function(many(), many());
    types.ty().function([], many());
    let mut functions = FunctionSection::new();
    functions.function(0);
    functions.function(1);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: wasm_encoder::RefType::FUNCREF,
        table64: false,
        minimum: 1,
        maximum: None,
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("f", ExportKind::Func, 0);
    let mut worst = Function::new([(m, ValType::I64)]);
    body(&mut worst, n, m);
    worst.instructions().end();
    let mut trap = Function::new([]);
    trap.instructions().unreachable().end();
    let mut code = CodeSection::new();
    code.function(&worst).function(&trap);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    module.section(&exports).section(&code);
    module.finish()
}

const WORD: MemArg = MemArg { offset: 0, align: 3, memory_index: 0 };

/// Gives each local its own value.
fn define(f: &mut Function, m: u32) {
    for local in 0..m {
        f.instructions().i32_const(local as i32).i64_load(WORD).local_set(local);
    }
}

/// Uses each local.
fn consume(f: &mut Function, m: u32) {
    for local in 0..m {
        f.instructions().i32_const(local as i32).local_get(local).i64_store(WORD);
    }
}

/// Changes each local.
fn change(f: &mut Function, m: u32) {
    for local in 0..m {
        f.instructions().local_get(local).i64_const(3).i64_add().local_set(local);
    }
}

fn plain(f: &mut Function, n: u32, m: u32) {
    for i in 0..n {
        f.instructions().local_get(i % m).local_get(i * 7 % m).i64_add().local_set(i * 3 % m);
    }
    consume(f, m.min(10_000));
}

fn scattered(f: &mut Function, n: u32, m: u32) {
    const STACK: u32 = 25;
    let mut state = 1_u32;
    let mut random = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut stack = 0;
    for _ in 0..n {
        match random(10) {
            0..5 if stack < STACK => {
                f.instructions().local_get(random(m));
                stack += 1;
            }
            9 if stack > 0 => {
                f.instructions().local_set(random(m));
                stack -= 1;
            }
            8 if stack > 0 => {
                f.instructions().local_tee(random(m));
            }
            5..8 if stack > 1 => {
                match random(7) {
                    0 => f.instructions().i64_add(),
                    1 => f.instructions().i64_sub(),
                    2 => f.instructions().i64_mul(),
                    3 => f.instructions().i64_and(),
                    4 => f.instructions().i64_xor(),
                    5 => f.instructions().i64_rotl(),
                    _ => f.instructions().i64_shl(),
                };
                stack -= 1;
            }
            _ => {}
        }
    }
    for _ in 0..stack {
        f.instructions().drop();
    }
    consume(f, m);
}

fn loads(f: &mut Function, n: u32, m: u32) {
    for i in 0..n {
        f.instructions().local_get(i % m).i32_wrap_i64().i64_load(WORD).local_set(i * 7 % m);
    }
}

fn bulk(f: &mut Function, n: u32, _: u32) {
    for _ in 0..n {
        f.instructions().i32_const(0).i32_const(1).i32_const(1 << 20).memory_copy(0, 0);
    }
}

fn loops(f: &mut Function, n: u32, m: u32) {
    for _ in 0..n {
        f.instructions().loop_(BlockType::Empty);
    }
    change(f, m);
    for _ in 0..n {
        f.instructions().i32_const(0).i32_load(MemArg { align: 2, ..WORD }).br_if(0).end();
    }
}

fn exits(f: &mut Function, n: u32, m: u32) {
    define(f, m);
    f.instructions().block(BlockType::Empty).local_get(0).i32_wrap_i64().br_if(0);
    change(f, m);
    for _ in 0..n {
        f.instructions().local_get(0).i32_wrap_i64().br_if(0);
    }
    f.instructions().end();
    consume(f, m);
}

fn diamonds(f: &mut Function, n: u32, m: u32) {
    define(f, m);
    for i in 0..n {
        f.instructions().local_get(i % m).i32_wrap_i64().if_(BlockType::Empty);
        f.instructions().i64_const(1).local_set(i * 7 % m).else_();
        f.instructions().i64_const(2).local_set(i * 5 % m).end();
    }
    consume(f, m);
}

fn blocks(f: &mut Function, n: u32, m: u32) {
    // As many as the type has.
    let m = m.min(VALUES_MAX);
    for _ in 0..n {
        f.instructions().block(BlockType::FunctionType(2));
    }
    define(f, m);
    for local in 0..m {
        f.instructions().local_get(local);
    }
    for _ in 0..n {
        f.instructions().local_get(0).i32_wrap_i64().br_if(0).end();
    }
    for _ in 0..m {
        f.instructions().drop();
    }
}

fn nest(f: &mut Function, n: u32, _: u32) {
    for _ in 0..n {
        f.instructions().block(BlockType::Empty);
    }
    for _ in 0..n {
        f.instructions().end();
    }
}

fn table(f: &mut Function, n: u32, m: u32) {
    define(f, m);
    for _ in 0..n {
        f.instructions().block(BlockType::Empty);
    }
    f.instructions().i32_const(0).i32_load(MemArg { align: 2, ..WORD }).br_table(0..n, 0);
    for i in 0..n {
        f.instructions().end().local_get(i % m).i64_const(5).i64_mul().local_set(i * 7 % m);
    }
    consume(f, m);
}

fn same(f: &mut Function, n: u32, m: u32) {
    // As many as the type has.
    let m = m.min(VALUES_MAX);
    f.instructions().block(BlockType::FunctionType(2));
    define(f, m);
    for local in 0..m {
        f.instructions().local_get(local);
    }
    f.instructions().local_get(0).i32_wrap_i64().br_table(std::iter::repeat_n(0, n as usize), 0);
    f.instructions().end();
    for _ in 0..m {
        f.instructions().drop();
    }
}

fn calls(f: &mut Function, n: u32, m: u32) {
    let values = m.min(VALUES_MAX);
    for local in 0..values {
        f.instructions().local_get(local);
    }
    for _ in 0..n {
        f.instructions().call(1);
    }
    for _ in 0..values {
        f.instructions().drop();
    }
}

fn indirect(f: &mut Function, n: u32, m: u32) {
    define(f, m);
    for _ in 0..n {
        f.instructions().i32_const(0).call_indirect(0, 0);
    }
    consume(f, m);
}

fn selects(f: &mut Function, n: u32, m: u32) {
    let at = |i: u32| MemArg { offset: u64::from(i % 4096) * 16, ..WORD };
    f.instructions().block(BlockType::Empty);
    for i in 0..n {
        f.instructions().i32_const(0);
        for k in 0..3 {
            f.instructions().i32_const(0).i64_load(at(i * 3 + k));
        }
        f.instructions().i32_wrap_i64().select().i64_store(at(i));
        if i % m == m - 1 {
            f.instructions().i32_const(0).i64_load(at(i)).i32_wrap_i64().br_if(0);
        }
    }
    f.instructions().end();
}

fn grow(f: &mut Function, n: u32, m: u32) {
    define(f, m);
    for _ in 0..n {
        f.instructions().i32_const(0).memory_grow(0).drop();
    }
    consume(f, m);
}
