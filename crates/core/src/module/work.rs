//! The cost of validating and compiling an instruction, if it is not constant.
//!
//! **Validating.** A block, branch or call moves all values of its type. In reachable code, other instructions
//! put those values there. In unreachable code, two bytes can stand for thousands of moves, which burden a
//! compiler as much as the validator. So the moves are counted and bounded by the size of the code.
//!
//! **Compiling** is estimated by `compiling.rs`.

use wasmparser::{BlockType, FuncValidator, Operator, ValidatorResources};

use super::contents::Module;

/// Moves that each byte of code may cost. Ordinary code stays below 1.
const WORK_PER_BYTE_MAX: usize = 4;
/// Moves that any module may cost.
const WORK_MIN: usize = 100_000;

/// The moves that all code of a module may cost.
pub(super) fn max(code_bytes: usize) -> usize {
    code_bytes.saturating_mul(WORK_PER_BYTE_MAX).saturating_add(WORK_MIN)
}

/// The moves of an instruction that is not validated yet.
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
        // All targets must agree with the default one.
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

/// Number of values that a block passes, for instructions that open one.
pub(super) fn of_block_type(module: &Module, operator: &Operator<'_>) -> usize {
    match operator {
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            of_block(module, *blockty)
        }
        _ => 0,
    }
}
