//! Joins a module's active data segments before it is compiled.
//!
//! Executors compile what writes each segment, so that many small ones cost more than all the code:
//! Go's linker makes a segment of each run of bytes between zeros, 38,000 in a module of 3.5 MB, which
//! took 17 of 22 seconds and 1 GB. An instance's memory is zero in the beginning, so segments that lie
//! close to one another are one segment with zeros in it.

use std::borrow::Cow;

use wasm_encoder::{ConstExpr, DataSection};
use wasmparser::{DataKind, DataSectionReader, Operator, Parser, Payload};

use super::sections;

/// Zeros that are written to join two segments, at most. Most gaps of Go's are below 32.
const GAP_BYTES_MAX: usize = 64;

/// One segment of the result, before its bytes are put together.
struct Joined<'a> {
    offset: u32,
    /// Zeros before each part, and the part.
    parts: Vec<(usize, &'a [u8])>,
}

/// Segments as they can be joined; `None` where the result could differ: one is passive, its offset is
/// computed, or two of them overlap. Where none do, their order means nothing.
fn join(section: DataSectionReader<'_>) -> Option<Vec<Joined<'_>>> {
    let mut segments: Vec<(u32, &[u8])> = Vec::new();
    for segment in section {
        let segment = segment.ok()?;
        let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else { return None };
        let mut operators = offset_expr.get_operators_reader();
        let Operator::I32Const { value } = operators.read().ok()? else { return None };
        if !matches!(operators.read(), Ok(Operator::End)) {
            return None;
        }
        segments.push((value as u32, segment.data));
    }
    segments.sort_by_key(|&(offset, _)| offset);
    let mut joined: Vec<Joined<'_>> = Vec::new();
    let mut end = 0_usize;
    for (offset, data) in segments {
        let gap = (offset as usize).checked_sub(end)?;
        end = (offset as usize).checked_add(data.len())?;
        match joined.last_mut() {
            Some(last) if gap <= GAP_BYTES_MAX => last.parts.push((gap, data)),
            _ => joined.push(Joined { offset, parts: vec![(0, data)] }),
        }
    }
    Some(joined)
}

/// How many segments are left of these. `may_join` says that the module has a memory of its own and no
/// instruction that names a segment.
pub(super) fn count(section: DataSectionReader<'_>, may_join: bool) -> u64 {
    let all = u64::from(section.count());
    if may_join { join(section).map_or(all, |joined| joined.len() as u64) } else { all }
}

/// The module with its active data segments joined, if that makes fewer of them. It has been checked.
pub fn joined(wasm: &[u8]) -> Cow<'_, [u8]> {
    rewrite(wasm).map_or(Cow::Borrowed(wasm), Cow::Owned)
}

fn rewrite(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut has_memory = false;
    let mut joined = None;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::MemorySection(memories) => has_memory = memories.count() > 0,
            // Without it no instruction names a segment.
            Payload::DataCountSection { .. } => return None,
            Payload::DataSection(section) if has_memory => {
                let before = section.count() as usize;
                joined = join(section).filter(|joined| joined.len() < before);
            }
            _ => {}
        }
    }
    let mut data = DataSection::new();
    for Joined { offset, parts } in joined? {
        let mut bytes = Vec::with_capacity(parts.iter().map(|(gap, part)| gap + part.len()).sum());
        for (gap, part) in parts {
            bytes.resize(bytes.len() + gap, 0);
            bytes.extend_from_slice(part);
        }
        data.active(0, &ConstExpr::i32_const(offset as i32), bytes);
    }
    let module = sections::copied(wasm, |payload, module| {
        let is_data = matches!(payload, Payload::DataSection(_));
        if is_data {
            module.section(&data);
        }
        is_data
    });
    module.ok().map(wasm_encoder::Module::finish)
}
