//! The cost of compiling anything besides code: types, exported and referenced functions, and the function that
//! starts an instance.

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, Operator, Payload, TableInit,
};

use super::contents::{Module, values_of};
use super::problem::invalid;
use super::segments;
use super::weights::{
    ACTIVE_DATA, CONSTANT, ELEMENT, ESCAPES, ESCAPING_VALUE, ITEM, TYPE, TYPE_VALUE,
};
use crate::error::Result;

/// Adds the cost of a section's items. The validator has accepted the section.
pub(super) fn add(module: &mut Module, payload: &Payload<'_>) -> Result<()> {
    let units = match payload {
        Payload::TypeSection(types) => {
            let mut units = 0;
            for ty in types.clone().into_iter_err_on_gc_types() {
                let ty = ty.map_err(invalid)?;
                let values = ty.params().len() + ty.results().len();
                units += TYPE + TYPE_VALUE * values as u64;
            }
            units
        }
        Payload::ImportSection(imports) => ITEM * u64::from(imports.count()),
        Payload::ExportSection(exports) => {
            let mut units = 0;
            for export in exports.clone() {
                let export = export.map_err(invalid)?;
                units += ITEM;
                if export.kind == ExternalKind::Func {
                    units += escapes(module, export.index);
                }
            }
            units
        }
        Payload::GlobalSection(globals) => {
            for global in globals.clone() {
                let units = constant(&global.map_err(invalid)?.init_expr)?;
                module.start.add_alone(units);
            }
            0
        }
        Payload::TableSection(tables) => {
            for table in tables.clone() {
                if let TableInit::Expr(init) = table.map_err(invalid)?.init {
                    let units = ELEMENT + constant(&init)?;
                    module.start.add_alone(units);
                }
            }
            0
        }
        Payload::ElementSection(segments) => {
            let mut units = 0;
            // If one segment is written when an instance starts, so are those after it.
            let mut is_laid_out = true;
            for segment in segments.clone() {
                let segment = segment.map_err(invalid)?;
                units += ITEM;
                let is_written = match &segment.kind {
                    ElementKind::Declared => false,
                    ElementKind::Passive => true,
                    ElementKind::Active { offset_expr, .. } => {
                        let functions = matches!(segment.items, ElementItems::Functions(_));
                        let offset = constant(offset_expr)?;
                        module.start.add_alone(offset);
                        is_laid_out &= functions && offset == ITEM;
                        !is_laid_out
                    }
                };
                units += elements(module, &segment.items, is_written)?;
            }
            units
        }
        Payload::DataCountSection { .. } => {
            module.names_segments = true;
            0
        }
        Payload::DataSection(segments) => {
            let (mut units, mut computed, mut active) = (0, 0, 0);
            for segment in segments.clone() {
                units += ITEM;
                if let DataKind::Active { offset_expr, .. } = segment.map_err(invalid)?.kind {
                    computed += constant(&offset_expr)?;
                    active += 1;
                }
            }
            let may_join = !module.names_segments && !module.memories.is_empty();
            let written = segments::count(segments.clone(), may_join).min(active);
            module.start.add_alone(ACTIVE_DATA * written + computed);
            units
        }
        _ => 0,
    };
    module.compiling = module.compiling.saturating_add(units);
    module.optimizing = module.optimizing.saturating_add(units);
    module.plain = module.plain.saturating_add(units);
    Ok(())
}

/// The cost of a function's entry for callers outside the module's own code.
fn escapes(module: &Module, function: u32) -> u64 {
    let (params, results) = values_of(module, function);
    ESCAPES + ESCAPING_VALUE * (params + results) as u64
}

/// The cost of a segment's elements. `is_written` says whether code writes each.
fn elements(module: &mut Module, items: &ElementItems<'_>, is_written: bool) -> Result<u64> {
    let mut units = 0;
    let written = if is_written { ELEMENT } else { 0 };
    match items {
        ElementItems::Functions(functions) => {
            for function in functions.clone() {
                units += escapes(module, function.map_err(invalid)?);
                module.start.add_alone(written);
            }
        }
        ElementItems::Expressions(_, expressions) => {
            for expression in expressions.clone() {
                let expression = expression.map_err(invalid)?;
                if let Some(Operator::RefFunc { function_index }) = expression
                    .get_operators_reader()
                    .into_iter()
                    .next()
                    .transpose()
                    .map_err(invalid)?
                {
                    units += escapes(module, function_index);
                }
                let constant = constant(&expression)?;
                module.start.add_alone(written + constant);
            }
        }
    }
    Ok(units)
}

/// The cost of a constant expression. One that is a single constant costs as much as an item.
fn constant(expression: &ConstExpr<'_>) -> Result<u64> {
    let mut instructions = 0_u64;
    let mut reader = expression.get_operators_reader();
    while !reader.eof() {
        match reader.read().map_err(invalid)? {
            Operator::End => {}
            // These need a call.
            Operator::RefFunc { .. } | Operator::GlobalGet { .. } => instructions += 2,
            _ => instructions += 1,
        }
    }
    Ok(if instructions <= 1 { ITEM } else { CONSTANT * instructions })
}
