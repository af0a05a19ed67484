//! Results on their way out: a guest's record, which may be anything, and its bytes.

use commensal_abi::{Record, RecordError, Tag};

use super::{CallError, CallResult, Sink};
use crate::runtime::{is_within, range};
use crate::value::{StorageClass, ValueRef};

/// The constraints on a result.
#[derive(Clone, Copy)]
pub struct Returns {
    /// Its storage class; `None` for any. NULL is always allowed.
    pub class: Option<StorageClass>,
    /// Whether its subtype is passed on.
    pub subtype: bool,
    /// Largest size in bytes.
    pub bytes_max: usize,
    /// Whether it may be marked as a value that an update may leave unchanged.
    pub keepable: bool,
}

/// Largest part of an error message that is shown, in bytes.
const MESSAGE_BYTES_MAX: usize = 4096;

/// Why a guest's answer is not a record without flags.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    /// Its address is not aligned.
    Misaligned(u32),
    /// It is outside memory: its address, and the size of memory in bytes.
    Outside(u32, usize),
    /// It is no record, or one with a flag.
    Record(RecordError),
}

impl From<Wrong> for Box<CallError> {
    #[cold]
    fn from(wrong: Wrong) -> Self {
        let what = match wrong {
            Wrong::Misaligned(pointer) => {
                format!("its result at {pointer} is not {}-aligned", Record::ALIGN)
            }
            Wrong::Outside(pointer, memory_bytes) => {
                format!("its result at {pointer} is outside of its memory of {memory_bytes} bytes")
            }
            Wrong::Record(error) => format!("its result is not a record: {error}"),
        };
        CallError::Protocol(what).into()
    }
}

impl Wrong {
    /// The record with a flag, if `bytes`, which were read there, are one.
    #[cold]
    pub(super) fn flagged(
        self,
        bytes: Option<&[u8; Record::SIZE]>,
        keepable: bool,
    ) -> CallResult<Record> {
        match (self, bytes) {
            (Self::Record(_), Some(bytes)) => {
                let record = match keepable {
                    true => Record::keepable_from_bytes(bytes),
                    false => Record::flagged_from_bytes(bytes),
                };
                Ok(record.map_err(Self::Record)?)
            }
            _ => Err(self.into()),
        }
    }
}

/// The record that a guest returned at `pointer`, if it has no flags. `bytes` were read there, if they are within
/// memory.
#[inline(always)]
pub(super) fn record(
    pointer: u32,
    bytes: Option<&[u8; Record::SIZE]>,
    memory_bytes: usize,
) -> Result<Record, Wrong> {
    if !(pointer as usize).is_multiple_of(Record::ALIGN) {
        return Err(Wrong::Misaligned(pointer));
    }
    let Some(bytes) = bytes else { return Err(Wrong::Outside(pointer, memory_bytes)) };
    Record::result_from_bytes(bytes).map_err(Wrong::Record)
}

/// Passes a blob of zeros to `sink`.
pub(super) fn zeroblob<R>(record: Record, returns: Returns, sink: impl Sink<R>) -> CallResult<R> {
    let len = record.len as usize;
    if len > returns.bytes_max {
        return Err(CallError::ResultTooLarge(len).into());
    }
    check_class(returns.class, StorageClass::Blob)?;
    Ok(sink.zeroblob(len, if returns.subtype { record.subtype } else { 0 }))
}

/// Checks that the bytes of text, a blob or a message are within memory and not too many.
#[inline]
pub(super) fn check_len(record: Record, bytes_max: usize, memory_bytes: usize) -> CallResult<()> {
    let (pointer, len) = (record.pointer(), record.len as usize);
    if !is_within(pointer, record.len, memory_bytes) {
        return Err(bytes_outside(pointer, len, memory_bytes).into());
    }
    if len > bytes_max {
        return Err(CallError::ResultTooLarge(len).into());
    }
    Ok(())
}

/// The bytes of text, a blob or a message.
#[inline]
pub(super) fn bytes_in(memory: &[u8], record: Record, bytes_max: usize) -> CallResult<&[u8]> {
    check_len(record, bytes_max, memory.len())?;
    Ok(range(memory, record.pointer(), record.len as usize).ok_or_else(memory_shrank)?)
}

/// The guest's own error. Invalid UTF-8 and NULs, which end texts in C, become U+FFFD. Long messages are cut.
#[cold]
pub(super) fn message(record: Record, bytes: &[u8]) -> CallError {
    // SQLITE_TOOBIG, CONSTRAINT, MISMATCH and RANGE. All other codes could do more than undo the statement.
    let code = Some(i32::from(record.subtype)).filter(|c| matches!(c, 18 | 19 | 20 | 25));
    let cut = &bytes[..bytes.len().min(MESSAGE_BYTES_MAX)];
    let mut message = String::from_utf8_lossy(cut).replace('\0', "\u{FFFD}");
    if cut.len() < bytes.len() {
        message.push('…');
    }
    CallError::Guest(message, code)
}

#[cold]
fn bytes_outside(pointer: u32, len: usize, memory_bytes: usize) -> CallError {
    CallError::Protocol(format!(
        "its result of {len} bytes at {pointer} is outside of its memory of {memory_bytes} bytes"
    ))
}

/// Passes the value of a result record that is not an error, with its bytes, to `sink`.
#[inline(always)]
pub(super) fn value<R>(
    record: Record,
    bytes: &[u8],
    returns: Returns,
    sink: impl Sink<R>,
) -> CallResult<R> {
    let value = match record.tag {
        Tag::Null | Tag::Error => return Ok(sink.value(ValueRef::Null, 0)),
        Tag::Integer if returns.class == Some(StorageClass::Real) => {
            ValueRef::Real(record.payload as i64 as f64)
        }
        Tag::Integer => ValueRef::Integer(record.payload as i64),
        Tag::Real => ValueRef::Real(f64::from_bits(record.payload)),
        Tag::Text => ValueRef::Text(std::str::from_utf8(bytes).map_err(invalid_text)?),
        Tag::Blob => ValueRef::Blob(bytes),
    };
    check_class(returns.class, value.class())?;
    let value = match value {
        ValueRef::Real(real) if real.is_nan() => ValueRef::Null,
        value => value,
    };
    Ok(sink.value(value, if returns.subtype { record.subtype } else { 0 }))
}

#[inline]
fn check_class(declared: Option<StorageClass>, got: StorageClass) -> CallResult<()> {
    match declared {
        Some(declared) if declared != got => Err(wrong_result(declared, got).into()),
        _ => Ok(()),
    }
}

#[cold]
fn wrong_result(declared: StorageClass, got: StorageClass) -> CallError {
    CallError::Protocol(format!("it is declared to return {declared} but returned {got}"))
}

#[cold]
fn invalid_text(error: std::str::Utf8Error) -> CallError {
    CallError::Protocol(format!("its text is not valid UTF-8: {error}"))
}

#[cold]
pub(super) fn memory_shrank() -> CallError {
    CallError::Protocol("its memory became smaller".to_owned())
}
