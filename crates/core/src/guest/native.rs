//! Calls in the native form: WebAssembly's own parameters and result in place of records.
//!
//! Numbers go in and out without memory. The bytes of text and blobs go into the scratch area, from its beginning.

use commensal_abi::{NATIVE_BYTES, NATIVE_INTEGER, Record, Tag};

use super::arguments::{Placed, Room, Upwards, argument};
use super::result::{Returns, bytes_in, memory_shrank, value};
use super::{Arguments, CallError, CallResult, Callee, Guest, Sink};
use crate::manifest::NATIVE_WORDS_MAX;
use crate::runtime::StatementBudget;
use crate::value::{StorageClass, ValueRef};

/// The words of the parameters, and how many there are.
struct Words {
    words: [u64; NATIVE_WORDS_MAX],
    count: usize,
}

impl Words {
    #[inline(always)]
    fn push(&mut self, word: u64) {
        // A manifest has no more parameters than there is room for.
        if let Some(place) = self.words.get_mut(self.count) {
            *place = word;
            self.count += 1;
        }
    }
}

impl Guest {
    /// Calls a function of the native form and passes its result to `sink`. Copies nothing if memory can be addressed.
    ///
    /// # Errors
    /// See [`CallError`].
    #[inline]
    pub(super) fn call_native<A: Arguments + ?Sized, R>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let mut words = Words { words: [0; NATIVE_WORDS_MAX], count: 0 };
        if !numbers(callee, arguments, &mut words)
            && !self.place_words(callee, arguments, budget, &mut words)?
        {
            return Ok(sink.value(ValueRef::Null, 0));
        }
        let word = self.call_words(callee.function, &words.words[..words.count], budget)?;
        self.native_result(word, callee.returns(), sink)
    }

    /// Places the arguments. False if a NULL makes the result NULL.
    #[inline(always)]
    fn place_words<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        budget: &mut StatementBudget,
        words: &mut Words,
    ) -> CallResult<bool> {
        match self.try_place_words(callee, arguments, words)? {
            Placed::Done => Ok(true),
            Placed::Null => Ok(false),
            Placed::Needs(bytes) => {
                self.grow_scratch_for(bytes, budget)?;
                match self.try_place_words(callee, arguments, words)? {
                    Placed::Done => Ok(true),
                    Placed::Null => Ok(false),
                    Placed::Needs(bytes) => Err(CallError::ArgumentsTooLarge(bytes).into()),
                }
            }
        }
    }

    #[inline(always)]
    fn try_place_words<A: Arguments + ?Sized>(
        &mut self,
        callee: Callee<'_>,
        arguments: &A,
        words: &mut Words,
    ) -> CallResult<Placed> {
        words.count = 0;
        let (base, len) = (self.scratch, self.scratch_bytes as usize);
        if let Some(memory) = self.instance.memory() {
            // As for records.
            let area = memory.get_mut(base as usize..).and_then(|area| area.get_mut(..len));
            let area = area.ok_or_else(memory_shrank)?;
            return encode(&mut Upwards::new(area, base), callee, arguments, words);
        }
        self.check_here()?;
        self.staging.resize(len, 0);
        let mut room = Upwards::new(&mut self.staging, base);
        let placed = encode(&mut room, callee, arguments, words)?;
        let used = room.used();
        if matches!(placed, Placed::Done) && used > 0 {
            self.instance.write(base, &self.staging[..used]).map_err(|_| memory_shrank())?;
        }
        Ok(placed)
    }

    /// Passes the result that a word stands for to `sink`.
    pub(super) fn native_result<R>(
        &mut self,
        word: u64,
        returns: Returns,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let has_record = self.result_record != 0;
        match returns.class {
            Some(StorageClass::Integer)
                if word != NATIVE_INTEGER.cast_unsigned() || !has_record =>
            {
                Ok(sink.value(ValueRef::Integer(word.cast_signed()), 0))
            }
            Some(StorageClass::Real) if !f64::from_bits(word).is_nan() => {
                Ok(sink.value(ValueRef::Real(f64::from_bits(word)), 0))
            }
            Some(StorageClass::Text) if word != NATIVE_BYTES => {
                self.native_bytes(Tag::Text, word, returns, sink)
            }
            Some(StorageClass::Blob) if word != NATIVE_BYTES => {
                self.native_bytes(Tag::Blob, word, returns, sink)
            }
            _ if has_record => self.result(self.result_record, returns, sink),
            _ => Ok(sink.value(ValueRef::Null, 0)),
        }
    }

    #[inline(always)]
    fn native_bytes<R>(
        &mut self,
        tag: Tag,
        word: u64,
        returns: Returns,
        sink: impl Sink<R>,
    ) -> CallResult<R> {
        let record = Record::bytes(tag, word as u32, (word >> 32) as u32);
        match self.instance.memory() {
            Some(memory) => {
                value(record, bytes_in(memory, record, returns.bytes_max)?, returns, sink)
            }
            None => {
                self.check_here()?;
                self.copied(record, returns, sink)
            }
        }
    }
}

/// The words of arguments that are all integers, the most frequent class. False if one is not, or if their number is not
/// that of the parameters.
#[inline(always)]
fn numbers<A: Arguments + ?Sized>(callee: Callee<'_>, arguments: &A, words: &mut Words) -> bool {
    let params = &callee.signature.params;
    params.len() == arguments.len()
        && params.iter().enumerate().all(|(position, param)| {
            let integer = match param.class {
                Some(StorageClass::Integer) => arguments.integer(position),
                _ => None,
            };
            integer.is_some_and(|integer| {
                words.push(integer.cast_unsigned());
                true
            })
        })
}

/// The words of all arguments. The bytes of text and blobs go into the room.
#[inline(always)]
fn encode<A: Arguments + ?Sized>(
    room: &mut Upwards<'_>,
    callee: Callee<'_>,
    arguments: &A,
    words: &mut Words,
) -> CallResult<Placed> {
    let signature = callee.signature;
    if arguments.len() < signature.params.len() {
        return Err(super::arguments::too_few(signature, arguments).into());
    }
    for position in 0..arguments.len() {
        let text = match signature.params.get(position).and_then(|param| param.class) {
            Some(StorageClass::Text) => arguments.text(position),
            _ => None,
        };
        let value = match text {
            Some(text) => Some(ValueRef::Text(text)),
            None => argument(signature, arguments, position)?,
        };
        let bytes = match value {
            None | Some(ValueRef::Null) => return Ok(Placed::Null),
            Some(ValueRef::Integer(integer)) => {
                words.push(integer.cast_unsigned());
                continue;
            }
            Some(ValueRef::Real(real)) => {
                words.push(real.to_bits());
                continue;
            }
            Some(ValueRef::Text(text)) => text.as_bytes(),
            Some(ValueRef::Blob(blob)) => blob,
        };
        let Some(address) = room.put(bytes) else {
            return super::arguments::needs(signature, arguments);
        };
        words.push(address.into());
        words.push(bytes.len() as u64);
    }
    Ok(Placed::Done)
}
