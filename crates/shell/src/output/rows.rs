//! The trait of a mode: it writes the rows of one result.

use std::borrow::Cow;
use std::io::{self, Write};

use commensal::ValueRef;
use commensal::core::real::Decimal;

use crate::literal;

/// Prints one result: `begin` once, `row` for each row, `end` once, even after an error.
pub(crate) trait Rows {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()>;
    fn row(&mut self, out: &mut dyn Write, values: &[ValueRef<'_>]) -> io::Result<()>;
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// A value as the engine converts it to text; a blob as its bytes.
pub(super) fn bytes<'v>(value: ValueRef<'v>, null: &'v str) -> Cow<'v, [u8]> {
    match value {
        ValueRef::Null => Cow::Borrowed(null.as_bytes()),
        ValueRef::Integer(integer) => Cow::Owned(integer.to_string().into_bytes()),
        ValueRef::Real(real) => Cow::Owned(Decimal(real).to_string().into_bytes()),
        ValueRef::Text(text) => Cow::Borrowed(text.as_bytes()),
        ValueRef::Blob(blob) => Cow::Borrowed(blob),
    }
}

/// The same for people and text formats: a blob as its SQL literal.
pub(super) fn text<'v>(value: ValueRef<'v>, null: &'v str) -> Cow<'v, str> {
    match value {
        ValueRef::Null => Cow::Borrowed(null),
        ValueRef::Integer(integer) => Cow::Owned(integer.to_string()),
        ValueRef::Real(real) => Cow::Owned(Decimal(real).to_string()),
        ValueRef::Text(text) => Cow::Borrowed(text),
        ValueRef::Blob(blob) => Cow::Owned(literal::Blob(blob).to_string()),
    }
}
