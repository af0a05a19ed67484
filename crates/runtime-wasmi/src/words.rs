//! Functions of any shape, called with words.

use commensal_core::module::function_text;
use commensal_core::runtime::{NumberType, ResolveError, Shape, Shaped};
use wasmi::{F64, Func, FuncType, Store, Val, ValType};

use crate::store_data::StoreData;

/// A function of one instance, of this shape.
pub(crate) struct WordFunction {
    pub(crate) function: Func,
    params: Box<[NumberType]>,
    result: Option<NumberType>,
    /// Values of the parameters.
    pub(crate) values: Box<[Val]>,
    /// The value of the result, if there is one.
    pub(crate) results: Box<[Val]>,
}

impl WordFunction {
    /// The function, if it has this shape.
    pub(crate) fn new(
        store: &Store<StoreData>,
        function: Func,
        shape: Shape<'_>,
    ) -> Result<Self, ResolveError> {
        let ty = function.ty(store);
        let numbers = |types: &[ValType]| types.iter().map(|ty| number(*ty)).collect::<Vec<_>>();
        let wanted = |types: &[NumberType]| types.iter().map(|ty| Some(*ty)).collect::<Vec<_>>();
        if numbers(ty.params()) != wanted(shape.params)
            || numbers(ty.results()) != wanted(shape.result.as_slice())
        {
            return Err(ResolveError::Signature(text(&ty)));
        }
        let zeros = |count: usize| vec![Val::I64(0); count].into();
        Ok(Self {
            function,
            params: shape.params.into(),
            result: shape.result,
            values: zeros(shape.params.len()),
            results: zeros(shape.result.as_slice().len()),
        })
    }

    /// Takes as many words as it has parameters. False for any other number.
    pub(crate) fn set(&mut self, words: &[u64]) -> bool {
        for ((value, &word), ty) in self.values.iter_mut().zip(words).zip(&self.params) {
            *value = match ty {
                NumberType::I32 => Val::I32(word as i32),
                NumberType::I64 => Val::I64(word as i64),
                NumberType::F64 => Val::F64(F64::from_bits(word)),
            };
        }
        words.len() == self.params.len()
    }

    /// The word of its last result; 0 if there is none.
    pub(crate) fn word(&self) -> u64 {
        match self.results.first() {
            Some(Val::I32(value)) => value.cast_unsigned().into(),
            Some(Val::I64(value)) => value.cast_unsigned(),
            Some(Val::F64(value)) => value.to_bits(),
            _ => 0,
        }
    }
}

impl Shaped for WordFunction {
    fn shape(&self) -> Shape<'_> {
        Shape { params: &self.params, result: self.result }
    }
}

fn number(ty: ValType) -> Option<NumberType> {
    match ty {
        ValType::I32 => Some(NumberType::I32),
        ValType::I64 => Some(NumberType::I64),
        ValType::F64 => Some(NumberType::F64),
        _ => None,
    }
}

/// A function type in the text format.
pub(crate) fn text(ty: &FuncType) -> String {
    function_text(ty.params().iter().map(|ty| name(*ty)), ty.results().iter().map(|ty| name(*ty)))
}

fn name(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "funcref",
        ValType::ExternRef => "externref",
    }
}
