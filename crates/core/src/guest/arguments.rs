//! Arguments on their way in: what an engine has to give, checks by the signature, records.

use std::fmt;

use commensal_abi::{Record, Tag};

use super::{CallError, CallResult, Callee, SentPointer};
use crate::manifest::{Param, Signature};
use crate::value::{StorageClass, Value, ValueRef};

/// The arguments of one call, in whatever form the engine has them.
pub trait Arguments {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The argument at this position, from 0. Asked for each position in order, possibly twice.
    ///
    /// # Errors
    /// The argument cannot be read.
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable>;

    /// The argument, if it is an integer: the shortest way for the most frequent class.
    fn integer(&self, position: usize) -> Option<i64> {
        match self.get(position) {
            Ok(ValueRef::Integer(integer)) => Some(integer),
            _ => None,
        }
    }

    /// The argument, if it is an integer or valid text: the shortest way where either may come.
    fn plain(&self, position: usize) -> Option<Plain<'_>> {
        match self.get(position) {
            Ok(ValueRef::Integer(integer)) => Some(Plain::Integer(integer)),
            Ok(ValueRef::Text(text)) => Some(Plain::Text(text)),
            _ => None,
        }
    }

    /// The argument, if it is text, and valid: the shortest way for what is most frequent but integers.
    fn text(&self, position: usize) -> Option<&str> {
        match self.get(position) {
            Ok(ValueRef::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What a NULL argument stands for. Asked for those alone.
    fn null(&self, _position: usize) -> Null {
        Null::Plain
    }

    /// SQLite's value subtype of the argument; 0 for none.
    fn subtype(&self, _position: usize) -> u8 {
        0
    }
}

impl Arguments for [ValueRef<'_>] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(self[position])
    }
}

impl Arguments for [Value] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(self[position].as_ref())
    }
}

/// An argument of the most frequent classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plain<'a> {
    /// See [`Arguments::integer`].
    Integer(i64),
    /// See [`Arguments::text`].
    Text(&'a str),
}

/// What a NULL stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// Nothing but itself.
    Plain,
    /// The value of a column that an update leaves as it is.
    NoChange,
    /// A pointer of a guest's.
    Pointer(SentPointer),
}

impl Null {
    /// Whether it is a pointer that an instance does not know whose pointers are those of `instance`.
    pub(crate) fn is_unknown_to(self, instance: usize) -> bool {
        matches!(self, Self::Pointer(pointer) if pointer.received(instance).is_none())
    }

    /// The record that an instance gets whose pointers are those of `instance`.
    pub(crate) fn record(self, instance: usize) -> Record {
        match self {
            Self::Plain => Record::NULL,
            Self::NoChange => Record::NOCHANGE,
            Self::Pointer(pointer) => match pointer.received(instance) {
                Some((ty, payload)) => Record::pointer_of(ty, payload),
                None => Record::NULL,
            },
        }
    }
}

/// Why an argument cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is text from the database that is not UTF-8, which no guest may see as text.
    InvalidUtf8,
    /// The engine has no memory to give it in the form that is asked for. It is not to be taken for an
    /// empty value.
    NoMemory,
}

impl Unreadable {
    /// What SQL users read of the value that is called so.
    pub fn of(self, what: impl fmt::Display) -> String {
        match self {
            Self::InvalidUtf8 => {
                format!("{what} is text that is not valid UTF-8; CAST(… AS BLOB) passes its bytes")
            }
            Self::NoMemory => format!("{what} cannot be read: the engine is out of memory"),
        }
    }
}

/// What became of the arguments.
pub(super) enum Placed {
    /// They are in guest memory, or will be.
    Done,
    /// A NULL makes the result NULL.
    Null,
    /// They need this many bytes.
    Needs(usize),
}

/// Writes records and bytes into `area`, which lies at `base` in guest memory; `instance` says whose
/// pointers it knows.
#[inline(always)]
pub(super) fn encode<A: Arguments + ?Sized>(
    area: &mut [u8],
    base: u32,
    callee: Callee<'_>,
    instance: usize,
    arguments: &A,
) -> CallResult<Placed> {
    let (signature, subtype) = (callee.signature, callee.subtype);
    let Some((places, area)) = area.split_at_mut_checked(arguments.len() * Record::SIZE) else {
        return needs(signature, arguments);
    };
    let mut bytes = Upwards { area, base: base.wrapping_add(places.len() as u32), end: 0 };
    records(places, &mut bytes, signature, subtype, instance, arguments)
}

/// Writes one record for each argument into `places`, which has room for them, and their bytes into
/// `room`.
#[inline(always)]
pub(super) fn records<A: Arguments + ?Sized>(
    places: &mut [u8],
    room: &mut impl Room,
    signature: &Signature,
    subtype: bool,
    instance: usize,
    arguments: &A,
) -> CallResult<Placed> {
    if arguments.len() < signature.params.len() {
        return Err(too_few(signature, arguments).into());
    }
    let (places, _) = places.as_chunks_mut::<{ Record::SIZE }>();
    for (position, place) in places.iter_mut().enumerate() {
        let subtype = if subtype { arguments.subtype(position) } else { 0 };
        let as_it_is = match signature.param(position) {
            Some(Param { class: None | Some(StorageClass::Integer), .. }) => {
                arguments.integer(position).map(Record::integer)
            }
            Some(Param { class: Some(StorageClass::Text), .. }) => {
                arguments.text(position).and_then(|text| record(room, ValueRef::Text(text)))
            }
            _ => None,
        };
        let record = match as_it_is {
            Some(record) => record,
            None => match argument(signature, arguments, position)? {
                None => return Ok(Placed::Null),
                Some(ValueRef::Null) => arguments.null(position).record(instance),
                Some(value) => match record(room, value) {
                    Some(record) => record,
                    None => return needs(signature, arguments),
                },
            },
        };
        // The engine marks pointers by one.
        let subtype = if matches!(record.tag, Tag::Null) { 0 } else { subtype };
        write(place, Record { subtype, ..record });
    }
    Ok(Placed::Done)
}

/// Writes a record as two words, as guests read it.
#[inline(always)]
pub(super) fn write(place: &mut [u8; Record::SIZE], record: Record) {
    let [head, payload] = record.to_words();
    let (to_head, to_payload) = place.split_at_mut(size_of::<u64>());
    to_head.copy_from_slice(&head.to_le_bytes());
    to_payload.copy_from_slice(&payload.to_le_bytes());
}

/// Where the bytes of text and blobs go.
pub(super) trait Room {
    /// Puts bytes there, and gives the address they have in the guest; `None` if they do not fit.
    fn put(&mut self, bytes: &[u8]) -> Option<u32>;
}

/// Room that is filled from its beginning: after the records of one call.
struct Upwards<'a> {
    area: &'a mut [u8],
    /// Address of the area in the guest.
    base: u32,
    /// Bytes taken so far.
    end: usize,
}

impl Room for Upwards<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Option<u32> {
        let start = self.end;
        let to = self.area.get_mut(start..start.checked_add(bytes.len())?)?;
        to.copy_from_slice(bytes);
        self.end = start + bytes.len();
        Some(self.base.wrapping_add(start as u32))
    }
}

/// The record of a value, whose bytes are put into the room; `None` if they do not fit.
#[inline]
fn record(room: &mut impl Room, value: ValueRef<'_>) -> Option<Record> {
    Some(match value {
        ValueRef::Null => Record::NULL,
        ValueRef::Integer(i) => Record::integer(i),
        ValueRef::Real(r) => Record::real(r),
        ValueRef::Text(t) => Record::bytes(Tag::Text, room.put(t.as_bytes())?, t.len() as u32),
        ValueRef::Blob(b) => Record::bytes(Tag::Blob, room.put(b)?, b.len() as u32),
    })
}

/// The bytes all arguments need. All are checked first, so that a wrong one is reported before
/// memory is asked for.
#[cold]
pub(super) fn needs<A: Arguments + ?Sized>(
    signature: &Signature,
    arguments: &A,
) -> CallResult<Placed> {
    let mut bytes = arguments.len() * Record::SIZE;
    for position in 0..arguments.len() {
        let more = match argument(signature, arguments, position)? {
            None => return Ok(Placed::Null),
            Some(ValueRef::Text(t)) => t.len(),
            Some(ValueRef::Blob(b)) => b.len(),
            Some(_) => 0,
        };
        bytes = bytes.saturating_add(more);
    }
    Ok(Placed::Needs(bytes))
}

/// The argument, converted from integer to real where the parameter says real; `None` for a NULL
/// that makes the result NULL.
#[inline(always)]
fn argument<'a, A: Arguments + ?Sized>(
    signature: &Signature,
    arguments: &'a A,
    position: usize,
) -> CallResult<Option<ValueRef<'a>>> {
    let value = arguments.get(position).map_err(|why| unreadable(position, why))?;
    let Some(param) = signature.param(position) else {
        return Err(too_many(signature, arguments).into());
    };
    match (param.class, value) {
        (_, ValueRef::Null) => Ok(param.nullable.then_some(ValueRef::Null)),
        (None, value) => Ok(Some(value)),
        (Some(class), value) if class == value.class() => Ok(Some(value)),
        (Some(StorageClass::Real), ValueRef::Integer(i)) => Ok(Some(ValueRef::Real(i as f64))),
        (Some(class), value) => Err(wrong_class(position, class, value.class()).into()),
    }
}

#[cold]
pub(crate) fn unreadable(position: usize, why: Unreadable) -> CallError {
    CallError::Argument(why.of(format_args!("argument {}", position + 1)))
}

#[cold]
fn wrong_class(position: usize, wanted: StorageClass, got: StorageClass) -> CallError {
    CallError::Argument(format!("argument {} has to be {wanted} but is {got}", position + 1))
}

#[cold]
fn too_few<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallError {
    CallError::Argument(format!(
        "wrong number of arguments: it takes at least {} but got {}",
        signature.params.len(),
        arguments.len()
    ))
}

#[cold]
fn too_many<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallError {
    CallError::Argument(format!(
        "wrong number of arguments: it takes {} but got {}",
        signature.params.len(),
        arguments.len()
    ))
}
