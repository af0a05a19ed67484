//! Functions of any shape, called with words.
//!
//! Calling a function for which Rust has no type costs ten times as much, because its values are looked at
//! one by one. Its words need no such look, because their types are known since the function was found.
#![expect(unsafe_code, reason = "a function is called with values that nothing checks")]

use commensal_core::module::function_text;
use commensal_core::runtime::{NumberType, ResolveError, Shape, Shaped};
use wasmtime::{Func, FuncType, Store, ValRaw, ValType};

use crate::store_data::StoreData;

/// A function of one instance, of this shape. Belongs to the instance whose store has the function.
pub(crate) struct WordFunction {
    function: Func,
    params: Box<[NumberType]>,
    result: Option<NumberType>,
    /// One word for each parameter, and at least one for the result.
    words: Box<[ValRaw]>,
}

impl WordFunction {
    /// The function, if it has this shape.
    pub(crate) fn new(
        store: &Store<StoreData>,
        function: Func,
        shape: Shape<'_>,
    ) -> Result<Self, ResolveError> {
        let ty = function.ty(store);
        let is = |ty: ValType, wanted: &NumberType| number(&ty) == Some(*wanted);
        let fits = ty.params().len() == shape.params.len()
            && ty.params().zip(shape.params).all(|(ty, wanted)| is(ty, wanted))
            && ty.results().len() == usize::from(shape.result.is_some())
            && ty.results().zip(&shape.result).all(|(ty, wanted)| is(ty, wanted));
        if !fits {
            return Err(ResolveError::Signature(text(&ty)));
        }
        let words = vec![ValRaw::i64(0); shape.params.len().max(1)].into();
        Ok(Self { function, params: shape.params.into(), result: shape.result, words })
    }

    /// Calls it with one word for each parameter. `None`, without a call, for another number of words.
    #[inline]
    pub(crate) fn call(
        &mut self,
        store: &mut Store<StoreData>,
        params: &[u64],
    ) -> Option<wasmtime::Result<u64>> {
        if params.len() != self.params.len() {
            return None;
        }
        // Of the word of an i32, only the low half counts.
        for (to, &word) in self.words.iter_mut().zip(params) {
            *to = ValRaw::u64(word);
        }
        // SAFETY: the function has exactly these parameters, numbers that were just written, and at most
        // one result, for which there is a word (`new` compared its type, and made the words). No call of
        // an engine is asynchronous here.
        let called = unsafe { self.function.call_unchecked(store, &raw mut *self.words) };
        Some(called.map(|()| {
            let word = self.words[0];
            match self.result {
                None => 0,
                Some(NumberType::I32) => word.get_u32().into(),
                Some(NumberType::I64) => word.get_u64(),
                Some(NumberType::F64) => word.get_f64(),
            }
        }))
    }
}

impl Shaped for WordFunction {
    fn shape(&self) -> Shape<'_> {
        Shape { params: &self.params, result: self.result }
    }
}

fn number(ty: &ValType) -> Option<NumberType> {
    match ty {
        ValType::I32 => Some(NumberType::I32),
        ValType::I64 => Some(NumberType::I64),
        ValType::F64 => Some(NumberType::F64),
        _ => None,
    }
}

/// A function type in the text format.
pub(crate) fn text(ty: &FuncType) -> String {
    function_text(ty.params(), ty.results())
}
