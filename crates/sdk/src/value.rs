//! Values of any storage class, for functions that take or return more than one.
//!
//! Knows nothing of records and memory. The host has its own types of the same shape, because these
//! have to work without the standard library.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// A value that borrows its bytes: an argument of any type, without a copy.
///
/// ```
/// use commensal_sdk::ValueRef;
///
/// /// The number of bytes a value takes.
/// #[commensal_sdk::function(deterministic)]
/// fn byte_size(value: ValueRef<'_>) -> i64 {
///     match value {
///         ValueRef::Null => 0,
///         ValueRef::Integer(_) | ValueRef::Real(_) => 8,
///         ValueRef::Text(text) => text.len() as i64,
///         ValueRef::Blob(bytes) => bytes.len() as i64,
///     }
/// }
/// assert_eq!(byte_size(ValueRef::Text("é")), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ValueRef<'a> {
    /// NULL.
    #[default]
    Null,
    /// An integer.
    Integer(i64),
    /// A real.
    Real(f64),
    /// Text, which may contain NUL characters.
    Text(&'a str),
    /// A blob.
    Blob(&'a [u8]),
}

impl ValueRef<'_> {
    /// A copy that owns its bytes.
    pub fn to_owned(&self) -> Value {
        match *self {
            Self::Null => Value::Null,
            Self::Integer(i) => Value::Integer(i),
            Self::Real(r) => Value::Real(r),
            Self::Text(t) => Value::Text(t.to_owned()),
            Self::Blob(b) => Value::Blob(b.to_owned()),
        }
    }

    /// The name of the storage class: `integer`, `real`, `text`, `blob` or `NULL`.
    pub const fn class_name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }
}

/// A value that owns its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// An integer.
    Integer(i64),
    /// A real. NaN becomes NULL in the database.
    Real(f64),
    /// Text, which may contain NUL characters.
    Text(String),
    /// A blob.
    Blob(Vec<u8>),
}

impl Value {
    /// The value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(i) => ValueRef::Integer(*i),
            Self::Real(r) => ValueRef::Real(*r),
            Self::Text(t) => ValueRef::Text(t),
            Self::Blob(b) => ValueRef::Blob(b),
        }
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        value.to_owned()
    }
}

macro_rules! value_from {
    ($($from:ty, $value:ident => $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        }
    )*};
}

value_from! {
    i64, v => Self::Integer(v);
    i32, v => Self::Integer(v.into());
    bool, v => Self::Integer(v.into());
    f64, v => Self::Real(v);
    &str, v => Self::Text(v.to_owned());
    String, v => Self::Text(v);
    &[u8], v => Self::Blob(v.to_owned());
    Vec<u8>, v => Self::Blob(v);
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_keep_class_and_content() {
        let cases = [
            (Value::from(i64::MIN), ValueRef::Integer(i64::MIN), "integer"),
            (Value::from(-1i32), ValueRef::Integer(-1), "integer"),
            (Value::from(true), ValueRef::Integer(1), "integer"),
            (Value::from(-0.5), ValueRef::Real(-0.5), "real"),
            (Value::from("a\0é"), ValueRef::Text("a\0é"), "text"),
            (Value::from(&b"\xff"[..]), ValueRef::Blob(b"\xff"), "blob"),
            (Value::from(None::<String>), ValueRef::Null, "NULL"),
            (Value::from(Some("x")), ValueRef::Text("x"), "text"),
        ];
        for (value, expected, class) in cases {
            assert_eq!(value.as_ref(), expected);
            assert_eq!(value.as_ref().class_name(), class);
            assert_eq!(Value::from(expected), value);
        }
    }
}
