//! What is known of a function of a guest's when it is called.

use super::result::Returns;
use crate::manifest::Signature;
use crate::runtime::FunctionId;

/// A guest function and what is known of it.
#[derive(Clone, Copy)]
pub struct Callee<'a> {
    /// The function, resolved in the instance that is called.
    pub function: FunctionId,
    /// What it takes and gives.
    pub signature: &'a Signature,
    /// Whether subtypes pass, in and out: few functions want them, and asking for them costs each
    /// argument a call.
    pub subtype: bool,
    /// Most bytes of a result.
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
