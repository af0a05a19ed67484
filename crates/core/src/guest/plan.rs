//! Calls by a plan that was made when the function was bound: the native form with the commonest parameters.
//!
//! A row fetches the arguments, checks their classes, calls, and gives the result. Whatever is not so common (a NULL,
//! another class, a text that the scratch area has no room for) is called as if there were no plan.

use commensal_abi::NATIVE_INTEGER;

use super::{Arguments, CallResult, Callee, Guest, Sink};
use crate::manifest::{CallForm, Signature};
use crate::runtime::{FunctionId, StatementBudget};
use crate::value::{StorageClass, ValueRef};

/// Most words that a plan passes.
const WORDS_MAX: usize = 4;

/// How the arguments are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Integer1,
    Integer2,
    Integer3,
    Integer4,
    Real1,
    Real2,
    Real3,
    Real4,
    Text,
    Blob,
}

/// The plan for a function of one instance.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    form: Form,
    returns: StorageClass,
    function: FunctionId,
}

/// Room for the words of a call.
pub(crate) type Words = [u64; WORDS_MAX];

impl Plan {
    /// The plan for calls of this function; `None` if its parameters are not among the commonest.
    pub(crate) fn new(function: FunctionId, signature: &Signature) -> Option<Self> {
        use StorageClass::{Blob, Integer, Real, Text};
        let classes: Vec<_> = signature.params.iter().map(|param| param.class).collect();
        let form = match (signature.form, classes.as_slice()) {
            (CallForm::Native, [Some(Integer)]) => Form::Integer1,
            (CallForm::Native, [Some(Integer), Some(Integer)]) => Form::Integer2,
            (CallForm::Native, [Some(Integer), Some(Integer), Some(Integer)]) => Form::Integer3,
            (CallForm::Native, [Some(Integer), Some(Integer), Some(Integer), Some(Integer)]) => {
                Form::Integer4
            }
            (CallForm::Native, [Some(Real)]) => Form::Real1,
            (CallForm::Native, [Some(Real), Some(Real)]) => Form::Real2,
            (CallForm::Native, [Some(Real), Some(Real), Some(Real)]) => Form::Real3,
            (CallForm::Native, [Some(Real), Some(Real), Some(Real), Some(Real)]) => Form::Real4,
            (CallForm::Native, [Some(Text)]) => Form::Text,
            (CallForm::Native, [Some(Blob)]) => Form::Blob,
            _ => return None,
        };
        Some(Self { form, returns: signature.returns?, function })
    }

    /// Fetches the arguments. Returns the number of words; `None` if they are not what the plan is for.
    #[inline(always)]
    pub(crate) fn fetch<A: Arguments + ?Sized>(
        self,
        guest: &mut Guest,
        arguments: &A,
        words: &mut Words,
    ) -> Option<usize> {
        match self.form {
            Form::Integer1 => integers::<1, A>(arguments, words),
            Form::Integer2 => integers::<2, A>(arguments, words),
            Form::Integer3 => integers::<3, A>(arguments, words),
            Form::Integer4 => integers::<4, A>(arguments, words),
            Form::Real1 => reals::<1, A>(arguments, words),
            Form::Real2 => reals::<2, A>(arguments, words),
            Form::Real3 => reals::<3, A>(arguments, words),
            Form::Real4 => reals::<4, A>(arguments, words),
            Form::Text => {
                bytes(guest, arguments, words, |arguments| arguments.text(0).map(str::as_bytes))
            }
            Form::Blob => bytes(guest, arguments, words, |arguments| match arguments.get(0) {
                Ok(ValueRef::Blob(blob)) => Some(blob),
                _ => None,
            }),
        }
    }

    /// Calls the function and passes its result to `sink`. `callee` is asked only for what numbers do not need.
    ///
    /// # Errors
    /// Like [`Guest::call`].
    #[inline(always)]
    pub(crate) fn call<'c, R>(
        self,
        guest: &mut Guest,
        words: &[u64],
        budget: &mut StatementBudget,
        callee: impl FnOnce() -> Callee<'c>,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let word = guest.call_words_here(self.function, words, budget)?;
        if self.returns == StorageClass::Integer && word != NATIVE_INTEGER.cast_unsigned() {
            return Ok(sink.integer(word.cast_signed()));
        }
        if self.returns == StorageClass::Real && !f64::from_bits(word).is_nan() {
            return Ok(sink.real(f64::from_bits(word)));
        }
        guest.native_result(word, callee().returns(), sink)
    }
}

#[inline(always)]
fn integers<const COUNT: usize, A: Arguments + ?Sized>(
    arguments: &A,
    words: &mut Words,
) -> Option<usize> {
    fill::<COUNT, A>(arguments, words, |position| {
        arguments.integer(position).map(i64::cast_unsigned)
    })
}

#[inline(always)]
fn reals<const COUNT: usize, A: Arguments + ?Sized>(
    arguments: &A,
    words: &mut Words,
) -> Option<usize> {
    fill::<COUNT, A>(arguments, words, |position| arguments.real(position).map(f64::to_bits))
}

/// The words of exactly so many arguments.
#[inline(always)]
fn fill<const COUNT: usize, A: Arguments + ?Sized>(
    arguments: &A,
    words: &mut Words,
    word: impl Fn(usize) -> Option<u64>,
) -> Option<usize> {
    if arguments.len() != COUNT {
        return None;
    }
    for (position, place) in words.iter_mut().enumerate().take(COUNT) {
        *place = word(position)?;
    }
    Some(COUNT)
}

/// Puts the bytes of the only argument into the scratch area, if there is room.
#[inline(always)]
fn bytes<A: Arguments + ?Sized>(
    guest: &mut Guest,
    arguments: &A,
    words: &mut Words,
    only: impl FnOnce(&A) -> Option<&[u8]>,
) -> Option<usize> {
    if arguments.len() != 1 {
        return None;
    }
    let bytes = only(arguments)?;
    if bytes.len() > guest.scratch_bytes as usize {
        return None;
    }
    let place = guest.instance.memory()?.get_mut(guest.scratch as usize..)?;
    place.get_mut(..bytes.len())?.copy_from_slice(bytes);
    [words[0], words[1]] = [guest.scratch.into(), bytes.len() as u64];
    Some(2)
}
