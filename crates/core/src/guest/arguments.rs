//! Arguments on their way to a guest: the engine's values, checks against the signature, and records.

use std::fmt;

use commensal_abi::{Record, Tag};

use super::{CallError, CallResult, Callee, SentPointer};
use crate::manifest::{Param, Signature};
use crate::real;
use crate::value::{StorageClass, Value, ValueRef};

/// The arguments of one call, in the engine's own form.
pub trait Arguments {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The argument at this position, from 0. Called for each position in order, possibly twice.
    ///
    /// # Errors
    /// The argument cannot be read.
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable>;

    /// The argument if it is an integer: the fastest way to read the most frequent class.
    fn integer(&self, position: usize) -> Option<i64> {
        match self.get(position) {
            Ok(ValueRef::Integer(integer)) => Some(integer),
            _ => None,
        }
    }

    /// The argument if it is a number, as a real.
    fn real(&self, position: usize) -> Option<f64> {
        match self.get(position) {
            Ok(ValueRef::Real(real)) => Some(real),
            Ok(ValueRef::Integer(integer)) => Some(integer as f64),
            _ => None,
        }
    }

    /// The argument if it is an integer or valid text: the fastest way if either may come.
    fn plain(&self, position: usize) -> Option<Plain<'_>> {
        match self.get(position) {
            Ok(ValueRef::Integer(integer)) => Some(Plain::Integer(integer)),
            Ok(ValueRef::Text(text)) => Some(Plain::Text(text)),
            _ => None,
        }
    }

    /// The argument if it is valid text: the fastest way to read the second most frequent class.
    fn text(&self, position: usize) -> Option<&str> {
        match self.get(position) {
            Ok(ValueRef::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The meaning of a NULL argument. Called only for NULLs.
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

/// The meaning of a NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// An ordinary NULL.
    Plain,
    /// The value of a column that an update leaves unchanged.
    NoChange,
    /// A guest's pointer.
    Pointer(SentPointer),
}

impl Null {
    /// Whether it is a pointer that the instance does not know. `instance` identifies the instance's pointers.
    pub(crate) fn is_unknown_to(self, instance: usize) -> bool {
        matches!(self, Self::Pointer(pointer) if pointer.received(instance).is_none())
    }

    /// The record that the instance gets; NULL for a pointer that it does not know.
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
    /// It is text from the database that is not UTF-8. No guest may see it as text.
    InvalidUtf8,
    /// The engine lacks the memory to convert it. It must not be mistaken for an empty value.
    NoMemory,
}

impl Unreadable {
    /// The error that SQL users see for the value that is called `what`.
    pub fn of(self, what: impl fmt::Display) -> String {
        match self {
            Self::InvalidUtf8 => {
                format!("{what} is text that is not valid UTF-8; CAST(… AS BLOB) passes its bytes")
            }
            Self::NoMemory => format!("{what} cannot be read: the engine is out of memory"),
        }
    }
}

/// The outcome of placing the arguments.
pub(super) enum Placed {
    /// They are in guest memory or about to be.
    Done,
    /// A NULL makes the result NULL.
    Null,
    /// They need this many bytes.
    Needs(usize),
}

/// Writes records and bytes into `area`, which lies at address `base` in guest memory. `instance` identifies
/// the guest's pointers.
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
    let mut bytes = Upwards::new(area, base.wrapping_add(places.len() as u32));
    records(places, &mut bytes, signature, subtype, instance, arguments)
}

/// Writes one record for each argument into `places`, which has room for all, and their bytes into `room`.
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
        // The engine marks pointers with a subtype, which guests do not get.
        let subtype = if matches!(record.tag, Tag::Null) { 0 } else { subtype };
        write(place, Record { subtype, ..record });
    }
    Ok(Placed::Done)
}

/// Writes a record as two words, because guests read it so.
#[inline(always)]
pub(super) fn write(place: &mut [u8; Record::SIZE], record: Record) {
    let [head, payload] = record.to_words();
    let (to_head, to_payload) = place.split_at_mut(size_of::<u64>());
    to_head.copy_from_slice(&head.to_le_bytes());
    to_payload.copy_from_slice(&payload.to_le_bytes());
}

/// The space for the bytes of text and blobs.
pub(super) trait Room {
    /// Writes bytes and returns their address in the guest; `None` if they do not fit.
    fn put(&mut self, bytes: &[u8]) -> Option<u32>;
}

/// Space for one call, filled from its beginning.
pub(super) struct Upwards<'a> {
    area: &'a mut [u8],
    /// Address of the area in the guest.
    base: u32,
    /// Bytes taken so far.
    end: usize,
}

impl<'a> Upwards<'a> {
    /// Space at this address of the guest.
    #[inline]
    pub(super) fn new(area: &'a mut [u8], base: u32) -> Self {
        Self { area, base, end: 0 }
    }

    /// The number of bytes that are filled.
    pub(super) fn used(&self) -> usize {
        self.end
    }
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

/// The record of a value, whose bytes go into the room; `None` if they do not fit.
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

/// Bytes that all arguments need. All are checked first, so that a wrong one is reported before memory is
/// requested.
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

/// The argument. An integer becomes a real if the parameter is one, and a real that is a whole number becomes an integer.
/// `None` for a NULL that makes the result NULL.
#[inline(always)]
pub(super) fn argument<'a, A: Arguments + ?Sized>(
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
        (Some(class @ StorageClass::Integer), ValueRef::Real(r)) => match real::whole(r) {
            Some(integer) => Ok(Some(ValueRef::Integer(integer))),
            None => Err(wrong_class(position, class, StorageClass::Real).into()),
        },
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
pub(super) fn too_few<A: Arguments + ?Sized>(signature: &Signature, arguments: &A) -> CallError {
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
