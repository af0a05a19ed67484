//! How much a guest's statement can make values grow.
//!
//! The engine's only limit on the length of a value is 1 GB, some functions have none, and it knows nothing
//! of a guest's limit. So what a program can make of a value is bounded before it runs. Functions that make
//! a text of any length from a few bytes are refused. Operations that add two values, or double one, are
//! counted, and the statement's own values have to be that much shorter.

use std::collections::HashSet;

use crate::error::refusal;
use commensal_core::{Error, ErrorKind, Result};

/// Functions whose result can be longer than their arguments by more than a small factor, or that take any
/// number of values together.
const REFUSED: &[&str] = &[
    "array_agg",
    "array_append",
    "array_cat",
    "array_prepend",
    "array_to_string",
    "concat",
    "concat_ws",
    "format",
    "group_concat",
    "json_array",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_replace",
    "json_set",
    "jsonb_array",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_patch",
    "jsonb_replace",
    "jsonb_set",
    "lpad",
    "printf",
    "randomblob",
    "repeat",
    "replace",
    "rpad",
    "string_agg",
    "string_to_array",
    "struct_pack",
    "zeroblob",
];

/// Beginnings of names of such functions. A sparse vector names its length in four bytes, a decimal number its exponent.
const PREFIXES_REFUSED: &[&str] = &["numeric_", "vector"];

/// Functions whose result is longer by a factor, with the number of doublings that makes.
const FACTORS: &[(&str, u32)] = &[
    ("hex", 1),
    ("json", 3),
    ("json_quote", 3),
    ("jsonb", 3),
    ("quote", 2),
    ("unistr_quote", 3),
    ("upper", 2),
    ("lower", 2),
];

/// How often a statement can double a value.
const DOUBLINGS_MAX: u32 = 12;

/// Whether guests cannot call this function because of what it makes.
pub(crate) fn is_refused(name: &str) -> bool {
    let begins = |prefix: &&str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(name))
        || PREFIXES_REFUSED.iter().any(begins)
}

/// What the program of a statement does to the lengths of values.
#[derive(Default)]
pub(crate) struct Growth {
    /// The operands of each addition of two texts.
    additions: Vec<[i64; 2]>,
    doublings: u32,
    /// Registers that hold a constant at some time, and those that hold something else.
    constants: HashSet<i64>,
    others: HashSet<i64>,
    /// Rows are taken from where the program has put them, as in a recursive common table expression.
    loops: bool,
}

impl Growth {
    /// Counts a call of a function.
    pub(crate) fn call(&mut self, name: &str, result: i64) {
        let factor = FACTORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        self.doublings += factor.map_or(0, |(_, doublings)| *doublings);
        self.others.insert(result);
    }

    /// Counts an instruction with P1, P2 and P3.
    pub(crate) fn add(&mut self, opcode: &str, [p1, p2, p3]: [i64; 3]) {
        match opcode {
            "Concat" => {
                self.additions.push([p1, p2]);
                self.others.insert(p3);
            }
            "String8" | "Integer" | "Int64" | "Real" => {
                self.constants.insert(p2);
            }
            "IdxDelete" | "Delete" => self.loops = true,
            // It is not known which of these it writes.
            _ => self.others.extend([p1, p2, p3]),
        }
    }

    /// How often a statement with a text of this many bytes can double a value.
    ///
    /// # Errors
    /// More often than guests may, or without end; the text is too long for this.
    pub(crate) fn doublings(&self, bytes: usize, bytes_max: usize) -> Result<u32> {
        let is_constant =
            |register: &i64| self.constants.contains(register) && !self.others.contains(register);
        // A constant is part of the text, and adds no more than that.
        let two = |operands: &&[i64; 2]| !operands.iter().any(is_constant);
        let additions = self.additions.iter().filter(two).count();
        let doublings = self.doublings.saturating_add(u32::try_from(additions).unwrap_or(u32::MAX));
        let some = doublings > 0 || !self.additions.is_empty();
        if self.loops && some {
            return Err(refusal(
                "Turso does not limit text that a recursive query lengthens: || and functions that \
                 lengthen text are not for guests there",
            ));
        }
        if doublings > DOUBLINGS_MAX {
            return Err(refusal(format!(
                "Turso does not limit text: a guest's statement can join two texts, or lengthen \
                 one, {DOUBLINGS_MAX} times, and this one does so {doublings} times"
            )));
        }
        check(bytes, doublings, bytes_max)?;
        Ok(doublings)
    }
}

/// Checks that a value of this length, doubled this often, is within the limit.
///
/// # Errors
/// It is not.
pub(crate) fn check(bytes: usize, doublings: u32, bytes_max: usize) -> Result<()> {
    /// SQLite's result code of a value that is too long.
    const TOOBIG: i32 = 18;
    match bytes <= bytes_max >> doublings {
        true => Ok(()),
        false => {
            Err(Error::new(ErrorKind::Limit, "string or blob too big").with_engine_code(TOOBIG))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_of_constants_do_not_double() {
        let mut growth = Growth::default();
        growth.add("Column", [0, 0, 1]);
        growth.add("String8", [0, 2, 0]);
        growth.add("Concat", [1, 2, 3]);
        assert_eq!(growth.doublings(100, 1000).unwrap(), 0);
        growth.add("Concat", [3, 1, 4]);
        assert_eq!(growth.doublings(100, 1000).unwrap(), 1);
        // A register that is written by something else as well is no constant.
        growth.add("Copy", [1, 2, 0]);
        assert_eq!(growth.doublings(100, 1000).unwrap(), 2);
        assert_eq!(growth.doublings(300, 1000).unwrap_err().engine_code(), Some(18));
        growth.call("JSON_quote", 7);
        assert_eq!(growth.doublings(10, 1000).unwrap(), 5);
        for _ in 0..8 {
            growth.call("hex", 7);
        }
        assert_eq!(growth.doublings(0, 1000).unwrap_err().engine_code(), Some(23));
    }

    #[test]
    fn what_goes_around_has_no_bound() {
        let mut growth = Growth::default();
        growth.add("IdxDelete", [1, 9, 3]);
        growth.add("Column", [0, 0, 1]);
        assert_eq!(growth.doublings(100, 1000).unwrap(), 0);
        growth.add("Concat", [1, 1, 3]);
        assert!(growth.doublings(100, 1000).is_err());
        assert!(is_refused("REPLACE") && is_refused("group_concat") && !is_refused("substr"));
    }
}
