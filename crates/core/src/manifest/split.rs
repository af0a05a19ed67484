//! Cuts a manifest into its objects and checks its size before anything is allocated.
//!
//! It knows only JSON's strings and brackets; [`super::json`] judges the rest.

use super::error;
use crate::error::Result;
use crate::limits::Limits;

/// An object's text and where it starts: lines and columns count from 1.
pub(super) struct Piece<'a> {
    pub(super) text: &'a [u8],
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The objects of a manifest in order.
///
/// # Errors
/// Anything but objects and white space, or an exceeded limit.
pub(super) fn pieces<'a>(text: &'a [u8], limits: &Limits) -> Result<Vec<Piece<'a>>> {
    if text.len() > limits.manifest_bytes_max {
        return Err(error(format!(
            "the manifest has {} bytes, more than manifest_bytes_max = {}, which the host can raise",
            text.len(),
            limits.manifest_bytes_max
        )));
    }
    let mut pieces = Vec::new();
    let (mut line, mut line_start, mut values, mut at) = (1, 0, 0, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\n' => {
                at += 1;
                (line, line_start) = (line + 1, at);
            }
            b'{' => {
                let start = Piece { text: &text[at..], line, column: at - line_start + 1 };
                if pieces.len() == limits.manifest_objects_max {
                    return Err(error(format!(
                        "manifest, line {line}: more objects than manifest_objects_max = {}, which \
                         the host can raise",
                        limits.manifest_objects_max
                    )));
                }
                let extent = extent(&start, limits, &mut values)?;
                let piece = &text[at..at + extent];
                for (i, _) in piece.iter().enumerate().filter(|&(_, &b)| b == b'\n') {
                    (line, line_start) = (line + 1, at + i + 1);
                }
                pieces.push(Piece { text: piece, ..start });
                at += extent;
            }
            _ => {
                return Err(error(format!(
                    "manifest, line {line}, column {}: expected an object, which begins with \"{{\"",
                    at - line_start + 1
                )));
            }
        }
    }
    Ok(pieces)
}

/// Size in bytes of the object that `piece` begins with. Adds an upper bound for its number of values to
/// `values`.
fn extent(piece: &Piece<'_>, limits: &Limits, values: &mut usize) -> Result<usize> {
    let fail = |what: &str| {
        Err(error(format!("manifest, line {}, column {}: {what}", piece.line, piece.column)))
    };
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (i, &byte) in piece.text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                *values += 1;
                if depth > limits.manifest_depth_max {
                    return fail(&format!(
                        "nested deeper than manifest_depth_max = {}, which the host can raise",
                        limits.manifest_depth_max
                    ));
                }
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(i + 1);
                }
            }
            // Every value but the first of its container follows a comma; keys precede a colon.
            b',' | b':' => *values += 1,
            _ => {}
        }
        if *values > limits.manifest_values_max {
            return fail(&format!(
                "the manifest has more values than manifest_values_max = {}, which the host can raise",
                limits.manifest_values_max
            ));
        }
    }
    fail("the object is not closed")
}
