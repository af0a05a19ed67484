//! Packs several arguments of an aggregate into one value.
//!
//! The engine assumes that the arguments of an aggregate that is not its own are in neighbouring registers.
//! That is so only for columns: `f(g(x), y)` would be called with the arguments of `g`. An aggregate with
//! one argument is safe. So the others get their arguments packed by a function, which the statement is
//! changed to call (`rewrite.rs`).

use std::sync::{Arc, LazyLock};

use commensal_core::ValueRef;
use commensal_core::guest::{Arguments, Unreadable};
use turso_core::native_ext::{FunctionArity, ScalarCall, ScalarFunction};
use turso_core::types::IOResultOr;
use turso_core::{Connection, ExternalFunc, IOResult, Register, Value};

use crate::value::{borrowed, subtype};

/// The name of the function.
pub(crate) const NAME: &str = "commensal row";

/// The function.
pub(crate) static FUNCTION: LazyLock<Option<Arc<ExternalFunc>>> = LazyLock::new(|| {
    let function =
        ExternalFunc::new_native_scalar(NAME.to_owned(), FunctionArity::Variadic, true, Pack);
    function.ok().map(Arc::new)
});

#[derive(Debug)]
struct Pack;

impl ScalarFunction for Pack {
    type Call = Self;

    fn create_call(&self) -> turso_core::Result<Self> {
        Ok(Self)
    }
}

/// Bytes before the content of a value: its class, its subtype, and a number or a length.
const HEAD: usize = 10;

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

impl ScalarCall for Pack {
    fn step(&mut self, _: &Arc<Connection>, args: &[Register]) -> IOResultOr<Value> {
        let row = pack(args.iter().map(Register::get_value));
        Ok(IOResult::Done(Value::from_blob(row)))
    }
}

fn pack<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Vec<u8> {
    let bytes = |value: &Value| match borrowed(value) {
        ValueRef::Text(text) => text.len(),
        ValueRef::Blob(blob) => blob.len(),
        _ => 0,
    };
    let mut row = Vec::with_capacity(values.clone().map(|value| HEAD + bytes(value)).sum());
    for value in values {
        let (class, number, bytes): (u8, u64, &[u8]) = match borrowed(value) {
            ValueRef::Null => (NULL, 0, &[]),
            ValueRef::Integer(integer) => (INTEGER, integer.cast_unsigned(), &[]),
            ValueRef::Real(real) => (REAL, real.to_bits(), &[]),
            ValueRef::Text(text) => (TEXT, text.len() as u64, text.as_bytes()),
            ValueRef::Blob(blob) => (BLOB, blob.len() as u64, blob),
        };
        row.extend([class, subtype(value)]);
        row.extend(number.to_le_bytes());
        row.extend(bytes);
    }
    row
}

/// A packed row.
pub(crate) struct Row<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Row<'a> {
    /// Reads a row; `None` if these bytes are not one.
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (mut rest, mut len) = (bytes, 0);
        while !rest.is_empty() {
            (_, _, rest) = value(rest)?;
            len += 1;
        }
        Some(Self { bytes, len })
    }

    #[inline]
    fn at(&self, position: usize) -> Option<(ValueRef<'a>, u8)> {
        let mut rest = self.bytes;
        for _ in 0..position {
            (_, _, rest) = value(rest)?;
        }
        value(rest).map(|(value, subtype, _)| (value, subtype))
    }
}

/// The first value, its subtype, and what follows.
#[inline]
fn value(bytes: &[u8]) -> Option<(ValueRef<'_>, u8, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let [class, subtype, number @ ..] = *head;
    let number = u64::from_le_bytes(number);
    let split = || rest.split_at_checked(usize::try_from(number).ok()?);
    let (value, rest) = match class {
        NULL => (ValueRef::Null, rest),
        INTEGER => (ValueRef::Integer(number.cast_signed()), rest),
        REAL => (ValueRef::Real(f64::from_bits(number)), rest),
        TEXT => {
            let (text, rest) = split()?;
            (ValueRef::Text(std::str::from_utf8(text).ok()?), rest)
        }
        BLOB => {
            let (blob, rest) = split()?;
            (ValueRef::Blob(blob), rest)
        }
        _ => return None,
    };
    Some((value, subtype, rest))
}

impl Arguments for Row<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn get(&self, position: usize) -> Result<ValueRef<'_>, Unreadable> {
        Ok(self.at(position).map_or(ValueRef::Null, |(value, _)| value))
    }

    #[inline]
    fn subtype(&self, position: usize) -> u8 {
        self.at(position).map_or(0, |(_, subtype)| subtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read() {
        let values = [
            Value::from_i64(i64::MIN),
            Value::from_f64(-0.5),
            Value::Null,
            Value::from_text("ä\0"),
            Value::from_text(""),
            Value::from_blob(vec![0, 255]),
        ];
        let row = pack(values.iter());
        let row = Row::read(&row).unwrap();
        assert_eq!(row.len(), values.len());
        for (position, value) in values.iter().enumerate() {
            assert_eq!(row.get(position).ok(), Some(borrowed(value)));
        }
    }
}
