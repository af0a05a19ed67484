//! Joins a module's active data segments before it is compiled.
//!
//! Executors compile code that writes each segment, so many small segments cost more than all other code. Go's
//! linker makes a segment of each run of bytes between zeros: 38,000 in a module of 3.5 MB, which took 17 of 22
//! seconds and 1 GB. An instance's memory is zero at first, so segments that lie close together can become one
//! segment with zeros in it.

use std::borrow::Cow;

use wasm_encoder::{ConstExpr, DataSection};
use wasmparser::{DataKind, DataSectionReader, Operator, Parser, Payload};

use super::sections;

/// Largest gap of zeros that is written to join two segments, in bytes. Most gaps of Go's are below 32.
const GAP_BYTES_MAX: usize = 64;

/// One segment of the result, before its parts are put together.
struct Joined<'a> {
    offset: u32,
    /// Each part and the number of zeros before it.
    parts: Vec<(usize, &'a [u8])>,
}

/// Joins segments. `None` if the result could differ: one is passive, has a computed offset, or overlaps another.
/// Without overlaps their order does not matter.
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

/// Number of segments that are left after joining. `may_join` says that the module has its own memory and no
/// instruction that names a segment.
pub(super) fn count(section: DataSectionReader<'_>, may_join: bool) -> u64 {
    let all = u64::from(section.count());
    if may_join { join(section).map_or(all, |joined| joined.len() as u64) } else { all }
}

/// Joins the active data segments of a checked module, if that makes fewer of them.
pub fn joined(wasm: &[u8]) -> Cow<'_, [u8]> {
    rewrite(wasm).map_or(Cow::Borrowed(wasm), Cow::Owned)
}

fn rewrite(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut has_memory = false;
    let mut joined = None;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::MemorySection(memories) => has_memory = memories.count() > 0,
            // Without this section no instruction can name a segment.
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
