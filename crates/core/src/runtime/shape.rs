//! Shapes of calls: the parameters and result of a guest's function, in words that hold any number.

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

/// The parameters and result of a guest's function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape<'a> {
    /// Types of the parameters. Each call has a word for each.
    pub params: &'a [NumberType],
    /// Type of the result, if there is one.
    pub result: Option<NumberType>,
}

impl Shape<'_> {
    /// The shape of every guest function of ABI version 1. It takes the number of records and their address, and
    /// returns the address of the result's record.
    pub const RECORDS: Self = Self { params: &[NumberType::I32; 2], result: Some(NumberType::I32) };

    /// The shape of `commensal_scratch`. It takes a number of bytes and returns their address.
    pub const SCRATCH: Self = Self { params: &[NumberType::I32], result: Some(NumberType::I32) };
}

/// WebAssembly's text format: `(func (param i32 i32) (result i32))`.
impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |types: &[NumberType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>();
        f.write_str(&function_text(names(self.params), names(self.result.as_slice())))
    }
}
