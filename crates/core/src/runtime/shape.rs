//! Shapes of calls: what a function of a guest takes and gives, in words that hold any number.

use std::fmt;

use crate::module::function_text;

/// A number that a word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// `i32`, in the low half of the word.
    I32,
    /// `i64`.
    I64,
    /// `f64`, its bits.
    F64,
}

impl NumberType {
    /// Its name in WebAssembly's text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F64 => "f64",
        }
    }
}

/// What a function of a guest takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape<'a> {
    /// Types of the parameters, of which each call has as many words.
    pub params: &'a [NumberType],
    /// Type of the result, if there is one.
    pub result: Option<NumberType>,
}

impl Shape<'_> {
    /// Of every function of a guest by ABI version 1: how many records, their address; the address of the
    /// result's record.
    pub const RECORDS: Self = Self { params: &[NumberType::I32; 2], result: Some(NumberType::I32) };

    /// Of `commensal_scratch`: bytes; their address.
    pub const SCRATCH: Self = Self { params: &[NumberType::I32], result: Some(NumberType::I32) };
}

/// In WebAssembly's text format: `(func (param i32 i32) (result i32))`.
impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |types: &[NumberType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>();
        f.write_str(&function_text(names(self.params), names(self.result.as_slice())))
    }
}
