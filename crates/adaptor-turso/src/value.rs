//! Turns values of the engine into values of the core, and back.

use commensal_core::ValueRef;
use turso_core::types::{Text, TextSubtype};
use turso_core::{Numeric, Value};

/// What the engine means by [subtypes](https://www.sqlite.org/c3ref/value_subtype.html): text that
/// is JSON.
const SUBTYPE_JSON: u8 = TextSubtype::Json as u8;

/// The engine's value, borrowed.
#[inline(always)]
pub(crate) fn borrowed(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Numeric(Numeric::Integer(integer)) => ValueRef::Integer(*integer),
        Value::Numeric(Numeric::Float(real)) => ValueRef::Real(**real),
        Value::Text(text) => ValueRef::Text(text.as_str()),
        Value::Blob(blob) => ValueRef::Blob(blob),
        Value::Null => ValueRef::Null,
    }
}

/// The subtype of a value; 0 for none.
#[inline]
pub(crate) fn subtype(value: &Value) -> u8 {
    match value {
        Value::Text(text) if text.subtype == TextSubtype::Json => SUBTYPE_JSON,
        _ => 0,
    }
}

/// A value for the engine, with a copy of the bytes. NaN becomes NULL.
#[inline(always)]
pub(crate) fn owned(value: ValueRef<'_>, subtype: u8) -> Value {
    match value {
        ValueRef::Integer(integer) => Value::from_i64(integer),
        ValueRef::Real(real) => Value::from_f64(real),
        ValueRef::Text(text) if subtype == SUBTYPE_JSON => Value::Text(Text::json(text.to_owned())),
        ValueRef::Text(text) => Value::from_text(text.to_owned()),
        ValueRef::Blob(blob) => Value::from_blob(blob.to_vec()),
        ValueRef::Null => Value::Null,
    }
}
