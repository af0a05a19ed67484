//! The facts about a guest's function that a call needs.

use super::result::Returns;
use crate::manifest::Signature;
use crate::runtime::FunctionId;

/// A guest function with the facts that a call needs.
#[derive(Clone, Copy)]
pub struct Callee<'a> {
    /// The function, resolved in the instance that is called.
    pub function: FunctionId,
    /// Its parameters and result.
    pub signature: &'a Signature,
    /// Whether subtypes are passed in and out. Few functions want them, and reading them costs a call per
    /// argument.
    pub subtype: bool,
    /// Largest result in bytes.
    pub result_bytes_max: usize,
}

impl Callee<'_> {
    #[inline(always)]
    pub(super) fn returns(&self) -> Returns {
        Returns {
            class: self.signature.returns,
            subtype: self.subtype,
            bytes_max: self.result_bytes_max,
            keepable: false,
        }
    }
}
