//! Functions of any shape, called with words.
//!
//! The commonest shapes of the native form have types, so that their words go straight into the call.
//! Calling a function for which Rust has no type costs ten times as much, because its values are looked at
//! one by one. Its words need no such look, because their types are known since the function was found.
#![expect(unsafe_code, reason = "a function is called with values that nothing checks")]

use commensal_core::module::function_text;
use commensal_core::runtime::{NumberType, ResolveError, Shape, Shaped};
use wasmtime::{Func, FuncType, Store, TypedFunc, ValRaw, ValType};

use crate::store_data::StoreData;

/// A function of one instance, of this shape. Belongs to the instance whose store has the function.
pub(crate) struct WordFunction {
    entry: Entry,
    params: Box<[NumberType]>,
    result: Option<NumberType>,
}

/// How a function is entered.
enum Entry {
    Integer1(TypedFunc<(i64,), i64>),
    Integer2(TypedFunc<(i64, i64), i64>),
    Integer3(TypedFunc<(i64, i64, i64), i64>),
    Integer4(TypedFunc<(i64, i64, i64, i64), i64>),
    Real1(TypedFunc<(f64,), f64>),
    Real2(TypedFunc<(f64, f64), f64>),
    Real3(TypedFunc<(f64, f64, f64), f64>),
    Real4(TypedFunc<(f64, f64, f64, f64), f64>),
    /// An address and a number of bytes, as text and blobs are passed. The result may be the same in one word.
    Bytes(TypedFunc<(u32, u32), i64>),
    /// Any other. There is one word for each parameter, and at least one for the result.
    Any(Func, Box<[ValRaw]>),
}

impl Entry {
    fn new(store: &Store<StoreData>, function: Func, shape: Shape<'_>) -> Self {
        use NumberType::{F64, I32, I64};
        let any = || Self::Any(function, vec![ValRaw::i64(0); shape.params.len().max(1)].into());
        // None fails, because the shape is that of the function.
        macro_rules! typed {
            ($entry:ident) => {
                function.typed(store).map(Self::$entry).unwrap_or_else(|_| any())
            };
        }
        match (shape.params, shape.result) {
            ([I64], Some(I64)) => typed!(Integer1),
            ([I64, I64], Some(I64)) => typed!(Integer2),
            ([I64, I64, I64], Some(I64)) => typed!(Integer3),
            ([I64, I64, I64, I64], Some(I64)) => typed!(Integer4),
            ([F64], Some(F64)) => typed!(Real1),
            ([F64, F64], Some(F64)) => typed!(Real2),
            ([F64, F64, F64], Some(F64)) => typed!(Real3),
            ([F64, F64, F64, F64], Some(F64)) => typed!(Real4),
            ([I32, I32], Some(I64)) => typed!(Bytes),
            _ => any(),
        }
    }
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
        let entry = Entry::new(store, function, shape);
        Ok(Self { entry, params: shape.params.into(), result: shape.result })
    }

    /// Calls it with one word for each parameter. `None`, without a call, for another number of words.
    #[inline(always)]
    pub(crate) fn call(
        &mut self,
        store: &mut Store<StoreData>,
        params: &[u64],
    ) -> Option<wasmtime::Result<u64>> {
        let integer = u64::cast_signed;
        let real = f64::from_bits;
        Some(match (&mut self.entry, params) {
            (Entry::Integer1(f), &[a]) => f.call(store, (integer(a),)).map(i64::cast_unsigned),
            (Entry::Integer2(f), &[a, b]) => {
                f.call(store, (integer(a), integer(b))).map(i64::cast_unsigned)
            }
            (Entry::Integer3(f), &[a, b, c]) => {
                f.call(store, (integer(a), integer(b), integer(c))).map(i64::cast_unsigned)
            }
            (Entry::Integer4(f), &[a, b, c, d]) => f
                .call(store, (integer(a), integer(b), integer(c), integer(d)))
                .map(i64::cast_unsigned),
            (Entry::Real1(f), &[a]) => f.call(store, (real(a),)).map(f64::to_bits),
            (Entry::Real2(f), &[a, b]) => f.call(store, (real(a), real(b))).map(f64::to_bits),
            (Entry::Real3(f), &[a, b, c]) => {
                f.call(store, (real(a), real(b), real(c))).map(f64::to_bits)
            }
            (Entry::Real4(f), &[a, b, c, d]) => {
                f.call(store, (real(a), real(b), real(c), real(d))).map(f64::to_bits)
            }
            (Entry::Bytes(f), &[address, len]) => {
                f.call(store, (address as u32, len as u32)).map(i64::cast_unsigned)
            }
            (Entry::Any(..), _) if params.len() == self.params.len() => {
                return self.call_any(store, params);
            }
            _ => return None,
        })
    }

    /// Calls a function for whose shape there is no type, with one word for each parameter.
    #[inline(never)]
    fn call_any(
        &mut self,
        store: &mut Store<StoreData>,
        params: &[u64],
    ) -> Option<wasmtime::Result<u64>> {
        let Entry::Any(function, words) = &mut self.entry else { return None };
        // Of the word of an i32, only the low half counts.
        for (to, &word) in words.iter_mut().zip(params) {
            *to = ValRaw::u64(word);
        }
        // SAFETY: the function has exactly these parameters, numbers that were just written, and at most
        // one result, for which there is a word (`new` compared its type, `Entry::new` made the words, and
        // `call` counted the numbers). No call of an engine is asynchronous here.
        let called = unsafe { function.call_unchecked(store, &raw mut **words) };
        Some(called.map(|()| {
            let word = words[0];
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
