//! What validating and compiling an instruction costs, where that is not constant.
//!
//! **Validating.** A block, a branch or a call moves all values of its type. In code that can be reached those values
//! were put there by other instructions; in unreachable code two bytes can stand for thousands of
//! moves, and a compiler does no better with them than the validator. So the moves are counted and
//! bounded by the size of the code.
//!
//! **Compiling** costs the product of places where control or machine state changes hands (branches,
//! loops, calls, memory accesses with their bounds checks) and the values alive there (locals, the
//! operand stack). What is compiled to a sequence with several ways to trap, or to a call of the
//! executor, costs by itself, too. `docs/limits.md` has the measurements that the weights are from; a
//! unit is about 0.3 microseconds of Wasmtime's compiler at worst.

use wasmparser::{BlockType, ConstExpr, FuncValidator, Operator, ValidatorResources};

use super::read::Module;

/// Moves that each byte of code may cost. Ordinary code stays below 1.
const WORK_PER_BYTE_MAX: usize = 4;
/// Moves that any module may cost.
const WORK_MIN: usize = 100_000;

/// The moves that all code of a module may cost.
pub(super) fn max(code_bytes: usize) -> usize {
    code_bytes.saturating_mul(WORK_PER_BYTE_MAX).saturating_add(WORK_MIN)
}

/// The moves of an instruction, before it is validated.
pub(super) fn of(
    module: &Module,
    validator: &FuncValidator<ValidatorResources>,
    operator: &Operator<'_>,
) -> usize {
    let label = |depth: u32| {
        let frame = validator.get_control_frame(depth as usize);
        frame.map_or(0, |frame| of_block(module, frame.block_type))
    };
    match operator {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            of_block(module, *blockty)
        }
        Operator::Else | Operator::End => label(0),
        Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
            label(*relative_depth)
        }
        // All targets have to agree with the default one.
        Operator::BrTable { targets } => {
            label(targets.default()).saturating_mul(targets.len() as usize + 1)
        }
        Operator::Return => label(validator.control_stack_height().saturating_sub(1)),
        Operator::Call { function_index } => {
            let ty = module.functions.get(*function_index as usize);
            ty.map_or(0, |&ty| of_type(module, ty))
        }
        Operator::CallIndirect { type_index, .. } => of_type(module, *type_index),
        _ => 0,
    }
}

fn of_block(module: &Module, ty: BlockType) -> usize {
    match ty {
        BlockType::Empty => 0,
        BlockType::Type(_) => 1,
        BlockType::FuncType(ty) => of_type(module, ty),
    }
}

fn of_type(module: &Module, ty: u32) -> usize {
    module.types.get(ty as usize).map_or(0, |ty| ty.params.len() + ty.results.len())
}

/// Values that a block passes, for the instructions that open one.
pub(super) fn of_block_type(module: &Module, operator: &Operator<'_>) -> usize {
    match operator {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            of_block(module, *blockty)
        }
        _ => 0,
    }
}

/// What an active segment costs: an executor compiles all of them into the function that starts an
/// instance. Go's compiler makes 20,000 to 40,000 of them, which have to pass.
pub(super) const ACTIVE_SEGMENT: u64 = 400;

/// What a constant expression costs: nothing when it is one constant.
pub(super) fn of_constant(expression: &ConstExpr<'_>) -> u64 {
    const INSTRUCTION: u64 = 200;
    // The end of the expression is one, too.
    let instructions = expression.get_operators_reader().into_iter().count() as u64;
    INSTRUCTION * instructions.saturating_sub(2)
}

/// Adds up what compiling a function would cost.
pub(super) struct Compiling {
    locals: usize,
    /// Of each open block, whether it is a loop.
    blocks: Vec<bool>,
    loops: u64,
    work: u64,
}

impl Compiling {
    /// A function with so many locals, parameters included.
    pub(super) fn new(locals: usize) -> Self {
        Self { locals, blocks: Vec::new(), loops: 0, work: 0 }
    }

    /// The cost so far.
    pub(super) fn work(&self) -> u64 {
        self.work
    }

    /// Adds an instruction, before it is validated; `block` is what [`of_block_type`] says of it.
    pub(super) fn add(
        &mut self,
        block: usize,
        validator: &FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
    ) {
        const LOOP: u64 = 5;
        const BRANCH: u64 = 4;
        const TARGET: u64 = 16;
        let weight = match operator {
            Operator::Block { .. } => {
                self.blocks.push(false);
                0
            }
            Operator::If { .. } => {
                self.blocks.push(false);
                BRANCH
            }
            // What changes in a loop passes through all loops around it.
            Operator::Loop { .. } => {
                self.blocks.push(true);
                self.loops += 1;
                LOOP * self.loops
            }
            Operator::End => {
                if self.blocks.pop() == Some(true) {
                    self.loops -= 1;
                }
                0
            }
            Operator::Br { .. } | Operator::BrIf { .. } => BRANCH,
            Operator::BrTable { targets } => TARGET * (u64::from(targets.len()) + 1),
            Operator::Call { .. } | Operator::CallIndirect { .. } => 2,
            operator if is_memory_access(operator) => 1,
            operator if is_division(operator) || is_truncation(operator) => 2,
            _ => 0,
        };
        let alive = (self.locals + validator.operand_stack_height() as usize) as u64;
        // Results of nested blocks are alive in all of them.
        let nested = block as u64 * self.blocks.len() as u64;
        let cost =
            weight.saturating_mul(alive).saturating_add(nested).saturating_add(alone(operator));
        self.work = self.work.saturating_add(cost);
    }
}

/// What an instruction costs whatever is alive at it.
fn alone(operator: &Operator<'_>) -> u64 {
    match operator {
        operator if is_division(operator) => 800,
        operator if is_truncation(operator) => 1600,
        Operator::RefFunc { .. } | Operator::DataDrop { .. } | Operator::ElemDrop { .. } => 150,
        Operator::MemoryGrow { .. } => 150,
        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } | Operator::MemoryInit { .. } => {
            600
        }
        Operator::TableGet { .. } | Operator::TableSet { .. } => 300,
        Operator::TableGrow { .. } | Operator::TableFill { .. } | Operator::TableInit { .. } => {
            1600
        }
        Operator::TableCopy { .. } => 4000,
        _ => 0,
    }
}

fn is_division(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::I32DivS
            | Operator::I32DivU
            | Operator::I32RemS
            | Operator::I32RemU
            | Operator::I64DivS
            | Operator::I64DivU
            | Operator::I64RemS
            | Operator::I64RemU
    )
}

/// Conversions that trap where there is no such integer.
fn is_truncation(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::I32TruncF32S
            | Operator::I32TruncF32U
            | Operator::I32TruncF64S
            | Operator::I32TruncF64U
            | Operator::I64TruncF32S
            | Operator::I64TruncF32U
            | Operator::I64TruncF64S
            | Operator::I64TruncF64U
    )
}

/// Loads, stores and bulk operations of memories and tables.
fn is_memory_access(operator: &Operator<'_>) -> bool {
    macro_rules! accesses {
        ($($variant:ident)*) => {
            matches!(operator, $(Operator::$variant { .. })|*)
        };
    }
    accesses! {
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U I64Load8S I64Load8U
        I64Load16S I64Load16U I64Load32S I64Load32U I32Store I64Store F32Store F64Store I32Store8
        I32Store16 I64Store8 I64Store16 I64Store32 V128Load V128Load8x8S V128Load8x8U V128Load16x4S
        V128Load16x4U V128Load32x2S V128Load32x2U V128Load8Splat V128Load16Splat V128Load32Splat
        V128Load64Splat V128Load32Zero V128Load64Zero V128Store V128Load8Lane V128Load16Lane
        V128Load32Lane V128Load64Lane V128Store8Lane V128Store16Lane V128Store32Lane
        V128Store64Lane MemoryGrow MemoryCopy MemoryFill MemoryInit TableGet TableSet TableGrow
        TableCopy TableFill TableInit
    }
}
