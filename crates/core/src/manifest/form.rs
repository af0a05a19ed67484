//! The native form of calls: WebAssembly's own parameters and result in place of records.

use super::{Param, Signature};
use crate::runtime::{NumberType, Shape};
use crate::value::StorageClass;

/// Most words of the parameters of a function that is called in the native form.
pub const NATIVE_WORDS_MAX: usize = 16;

/// The parameters and result of an export that a function of the native form has.
pub(crate) struct NativeShape {
    params: Vec<NumberType>,
    result: Option<NumberType>,
}

impl NativeShape {
    pub(crate) fn as_shape(&self) -> Shape<'_> {
        Shape { params: &self.params, result: self.result }
    }
}

impl Signature {
    /// Checks that the native form can pass such arguments and results. The error names the first that it cannot.
    pub(super) fn check_native(&self) -> Result<(), String> {
        if self.variadic.is_some() {
            return Err("\"call\" is native, which passes a fixed number of arguments".to_owned());
        }
        for (i, param) in self.params.iter().enumerate() {
            if param.class.is_none() || param.nullable {
                return Err(format!(
                    "\"call\" is native, but parameter {} is {param}; it has to be integer, real, text or blob, without \
                     \"?\"",
                    i + 1
                ));
            }
        }
        if self.returns.is_none() {
            return Err("\"call\" is native, so \"returns\" has to be integer, real, text or blob"
                .to_owned());
        }
        let words = self.native_shape().params.len();
        if words > NATIVE_WORDS_MAX {
            return Err(format!(
                "\"call\" is native, but its parameters are {words} numbers, more than {NATIVE_WORDS_MAX}: text and \
                 blobs are two each"
            ));
        }
        Ok(())
    }

    /// The shape of the export in the native form.
    pub(crate) fn native_shape(&self) -> NativeShape {
        let params = self.params.iter().flat_map(|param| words(*param)).copied().collect();
        let result = self.returns.map(|class| match class {
            StorageClass::Real => NumberType::F64,
            // Text and blobs: bytes in the high half, address in the low one.
            _ => NumberType::I64,
        });
        NativeShape { params, result }
    }
}

fn words(param: Param) -> &'static [NumberType] {
    match param.class {
        Some(StorageClass::Integer) => &[NumberType::I64],
        Some(StorageClass::Real) => &[NumberType::F64],
        // An address and a number of bytes.
        _ => &[NumberType::I32; 2],
    }
}
