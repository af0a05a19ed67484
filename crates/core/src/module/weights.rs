//! The weights of a module's parts in the budget for compiling. They come from the measurements of
//! `cargo run --release -p commensal-runtime-wasmtime --example compile_costs`, which fails if something costs
//! more than its weight.
//!
//! A unit is at most a quarter of a microsecond of Wasmtime's compiler with optimisation. Two things cost: the
//! instruction itself, and the values alive at it where control or machine state changes hands (branches, loops,
//! calls, memory accesses with their bounds checks), because the compiler has to carry those values across.

use wasmparser::Operator;

/// The cost of an instruction, in units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// By itself.
    pub(super) alone: u64,
    /// For each value alive at it.
    pub(super) alive: u64,
}

/// How many times more memory a unit of an instruction's own cost takes than a unit of values alive.
pub(super) const MEMORY_ALONE: u64 = 4;
/// A `br_table` takes time with the square of its targets: this many pairs cost a unit.
pub(super) const TARGET_PAIRS: u64 = 8;
/// A value that a block, a branch or a call moves.
pub(super) const VALUE: u64 = 24;
/// A result of a block, counted in each block around it.
pub(super) const NESTED: u64 = 1;

/// A function: its frame, its entry, its place in the tables of code.
pub(super) const FUNCTION: u64 = 600;
/// A group of locals of one type.
pub(super) const LOCAL_GROUP: u64 = 3;
/// This many locals cost a unit.
pub(super) const LOCALS: u64 = 1;
/// A result of a function.
pub(super) const RESULT: u64 = 19;
/// An additional entry of a function that can be called from outside or by reference.
pub(super) const ESCAPES: u64 = 2_000;
/// Each parameter and result of such a function.
pub(super) const ESCAPING_VALUE: u64 = 12;
/// A type, which has code between guest and host.
pub(super) const TYPE: u64 = 100;
/// A parameter or result of it.
pub(super) const TYPE_VALUE: u64 = 48;
/// An import, export, global, table, or passive or declared segment: an entry in a list.
pub(super) const ITEM: u64 = 10;
/// An instruction of a constant expression that is not a single constant.
pub(super) const CONSTANT: u64 = 60;
/// An element that is written when an instance starts, not laid out before.
pub(super) const ELEMENT: u64 = 350;
/// A segment of data that is copied when an instance starts.
pub(super) const ACTIVE_DATA: u64 = 800;

/// Optimising a function of this many units takes twice as long as its units, and the extra time grows with their
/// square.
pub(super) const SQUARE: u64 = 500_000;
/// Beyond this many instructions of a function, compiling without optimising takes longer for each, twice as long after
/// `PLAIN_LONGER` more, because its register allocator does.
pub(super) const PLAIN_LONG: u64 = 50_000;
pub(super) const PLAIN_LONGER: u64 = 350_000;
/// This many squared ways on which a local may differ cost a unit.
pub(super) const WAYS_SQUARED: u64 = 4;
/// Optimising keeps what was last read of or written to each global: so many of them cost a unit at each access.
pub(super) const GLOBALS: u64 = 2;
/// Each loop costs this many units for each loop before it in its function, because all of them ask for the epoch.
pub(super) const LOOP_PAIRS: u64 = 1;
/// Each way to a loop counts this many times.
pub(super) const LOOP_WAYS: u64 = 3;
/// For each way to a label, this many pairs of locals that it passes on cost a unit.
pub(super) const CHANGED_PAIRS: u64 = 22;

/// The cost of most instructions.
const PLAIN: Weight = weight(8, 0);

const fn weight(alone: u64, alive: u64) -> Weight {
    Weight { alone, alive }
}

macro_rules! any_of {
    ($operator:expr; $($variant:ident)*) => {
        matches!($operator, $(Operator::$variant { .. })|*)
    };
}

/// The weight of an instruction within this many loops.
pub(super) fn of(operator: &Operator<'_>, loops: u64) -> Weight {
    match operator {
        Operator::Block { .. } => weight(5, 0),
        // A value that changes in a loop passes through all loops around it.
        Operator::Loop { .. } => weight(50, 5 * loops),
        Operator::If { .. } | Operator::Br { .. } | Operator::BrIf { .. } => weight(80, 4),
        Operator::Return => weight(40, 0),
        Operator::BrTable { targets } => {
            let targets = u64::from(targets.len()) + 1;
            weight(14 * targets, 16 * targets)
        }
        Operator::Call { .. } => weight(80, 2),
        Operator::CallIndirect { .. } => weight(1_000, 36),
        operator if is_access(operator) => weight(160, 1),
        operator if is_division(operator) => weight(250, 2),
        operator if is_truncation(operator) => weight(500, 2),
        operator if is_table_access(operator) => weight(550, 4),
        Operator::TableCopy { .. } => weight(4_000, 78),
        operator if is_range_of_table(operator) => weight(2_800, 20),
        operator if is_range_of_memory(operator) => weight(1_150, 3),
        operator if calls_host(operator) => weight(120, 1),
        Operator::MemoryGrow { .. } => weight(570, 3),
        Operator::MemorySize { .. } | Operator::TableSize { .. } => weight(48, 0),
        operator if is_float(operator) => weight(60, 0),
        operator if is_vector(operator) => weight(40, 0),
        _ => PLAIN,
    }
}

/// Loads and stores, with their bounds checks.
fn is_access(operator: &Operator<'_>) -> bool {
    any_of! {
        operator;
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U
        I64Load16S I64Load16U I64Load32S I64Load32U I32Store I64Store F32Store F64Store I32Store8
        I32Store16 I64Store8 I64Store16 I64Store32 V128Load V128Load8x8S V128Load8x8U V128Load16x4S
        V128Load16x4U V128Load32x2S V128Load32x2U V128Load8Splat V128Load16Splat V128Load32Splat
        V128Load64Splat V128Load32Zero V128Load64Zero V128Store V128Load8Lane V128Load16Lane
        V128Load32Lane V128Load64Lane V128Store8Lane V128Store16Lane V128Store32Lane V128Store64Lane
    }
}

/// Divisions, which trap for several reasons.
fn is_division(operator: &Operator<'_>) -> bool {
    any_of! {
        operator; I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU
    }
}

/// Conversions that trap if the result is no integer of the type.
fn is_truncation(operator: &Operator<'_>) -> bool {
    any_of! {
        operator;
        I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U I64TruncF64S
        I64TruncF64U
    }
}

/// Accesses to single elements of tables, which are made when they are first read.
fn is_table_access(operator: &Operator<'_>) -> bool {
    any_of! { operator; TableGet TableSet }
}

fn is_range_of_table(operator: &Operator<'_>) -> bool {
    any_of! { operator; TableFill TableInit TableGrow }
}

fn is_range_of_memory(operator: &Operator<'_>) -> bool {
    any_of! { operator; MemoryCopy MemoryFill MemoryInit }
}

/// Instructions that the executor performs by a call of its own.
fn calls_host(operator: &Operator<'_>) -> bool {
    any_of! { operator; RefFunc DataDrop ElemDrop }
}

/// Arithmetic whose results are canonicalised, and saturating conversions.
fn is_float(operator: &Operator<'_>) -> bool {
    any_of! {
        operator;
        F32Add F32Sub F32Mul F32Div F32Min F32Max F32Sqrt F32Ceil F32Floor F32Trunc F32Nearest
        F64Add F64Sub F64Mul F64Div F64Min F64Max F64Sqrt F64Ceil F64Floor F64Trunc F64Nearest
        F32DemoteF64 F64PromoteF32 F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
        F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U I32TruncSatF32S I32TruncSatF32U
        I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S
        I64TruncSatF64U F32Copysign F64Copysign I32Popcnt I64Popcnt I32Clz I64Clz I32Ctz I64Ctz
    }
}

/// Vector instructions.
fn is_vector(operator: &Operator<'_>) -> bool {
    macro_rules! names {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
            matches!(operator, $(Operator::$op { .. })|*)
        };
    }
    wasmparser::for_each_visit_simd_operator!(names)
}
