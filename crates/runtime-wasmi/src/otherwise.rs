//! Gives each `if` with parameters an `else`. If there is none, the parameters are the results.
//!
//! At the end of such an `if`, wasmi 2.0.0 forgets which values were in registers at its beginning. If the
//! condition is false, the result is whatever is in the register; with debug assertions, it panics. At an
//! explicit `else` it remembers. An `else` right before `end` changes no meaning.

use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{BinaryReaderError, BlockType, FunctionBody, Operator, Parser, Payload};

/// The opcode of `else`.
const ELSE: u8 = 0x05;

/// Returns the module with the missing `else`s, or `None` if none is missing. The module must be valid.
pub(crate) fn complete(wasm: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let (mut params, mut code, mut is_changed) = (Vec::new(), CodeSection::new(), false);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(types) => {
                for function in types.into_iter_err_on_gc_types() {
                    params.push(!function?.params().is_empty());
                }
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let (mut bytes, mut from) = (Vec::with_capacity(range.len()), range.start);
                for at in missing(&body, &params)? {
                    bytes.extend_from_slice(&wasm[from..at]);
                    bytes.push(ELSE);
                    (from, is_changed) = (at, true);
                }
                bytes.extend_from_slice(&wasm[from..range.end]);
                code.raw(&bytes);
            }
            _ => {}
        }
    }
    if !is_changed {
        return Ok(None);
    }
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionStart { .. } => {
                module.section(&code);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&RawSection { id, data: &wasm[range] });
                }
            }
        }
    }
    Ok(Some(module.finish()))
}

/// Where in the module an `else` is missing in this function. `params` says which types have parameters.
fn missing(body: &FunctionBody<'_>, params: &[bool]) -> Result<Vec<usize>, BinaryReaderError> {
    // Whether the end of each open block needs an `else`.
    let (mut open, mut missing) = (Vec::new(), Vec::new());
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, offset) = operator?;
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } => open.push(false),
            Operator::If { blockty } => open.push(match blockty {
                BlockType::FuncType(index) => params.get(index as usize).is_some_and(|has| *has),
                BlockType::Empty | BlockType::Type(_) => false,
            }),
            Operator::Else => {
                if let Some(last) = open.last_mut() {
                    *last = false;
                }
            }
            Operator::End if open.pop() == Some(true) => missing.push(offset),
            _ => {}
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let module = |body: &str| {
            let text = format!(
                "(module (type $i (func (param i32) (result i32)))
                   (func (import \"a\" \"b\") (param f64))
                   (func (param i32) (result i32) i32.const 7 local.get 0 {body})
                   (func (param i64)) (memory 1) (data (i32.const 0) \"x\"))"
            );
            wat::parse_str(text).unwrap()
        };
        let given = module(body);
        let changed = complete(&given).unwrap();
        assert_eq!(changed.as_ref().unwrap_or(&given), &module(expected), "{body}");
        assert_eq!(changed.is_some(), body != expected, "{body}");
        assert_eq!(complete(&module(expected)).unwrap(), None, "{body}");
    }

    #[test]
    fn only_what_is_missing_is_put_in() {
        for same in [
            "drop",
            "if end",
            "if (type $i) i32.clz else i32.ctz end",
            "if (result i32) i32.const 1 else i32.const 2 end drop",
            "drop block (type $i) loop (type $i) end end",
        ] {
            check(same, same);
        }
        check("if (type $i) i32.clz end", "if (type $i) i32.clz else end");
        check(
            "if (type $i) local.get 0 if (type $i) if nop end else local.get 0 if (type $i) end end end",
            "if (type $i) local.get 0 if (type $i) if nop end else local.get 0 if (type $i) else end end \
             else end",
        );
        check(
            "if (type $i) block end unreachable end",
            "if (type $i) block end unreachable else end",
        );
    }
}
