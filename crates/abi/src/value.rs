//! Values as SQL knows them: five storage classes, borrowed or owned.
//!
//! Host and guest use the same types. They know nothing of records and memory.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// The storage class of a value, by SQLite's
/// [datatype codes](https://www.sqlite.org/c3ref/c_blob.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageClass {
    /// 64-bit signed integer.
    Integer,
    /// 64-bit IEEE 754 number.
    Real,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Blob,
    /// NULL.
    Null,
}

impl StorageClass {
    /// The name: `integer`, `real`, `text`, `blob` or `NULL`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Blob => "blob",
            Self::Null => "NULL",
        }
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value that borrows its bytes. A guest's function that takes one accepts an argument of any type,
/// without a copy.
///
/// ```
/// use commensal_abi::ValueRef;
///
/// /// The number of bytes a value takes.
/// fn byte_size(value: ValueRef<'_>) -> usize {
///     match value {
///         ValueRef::Null => 0,
///         ValueRef::Integer(_) | ValueRef::Real(_) => 8,
///         ValueRef::Text(text) => text.len(),
///         ValueRef::Blob(bytes) => bytes.len(),
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
    /// A real. NaN becomes NULL in the database.
    Real(f64),
    /// Text, which may contain NUL characters.
    Text(&'a str),
    /// A blob.
    Blob(&'a [u8]),
}

impl ValueRef<'_> {
    /// The storage class.
    #[inline]
    pub const fn class(&self) -> StorageClass {
        match self {
            Self::Null => StorageClass::Null,
            Self::Integer(_) => StorageClass::Integer,
            Self::Real(_) => StorageClass::Real,
            Self::Text(_) => StorageClass::Text,
            Self::Blob(_) => StorageClass::Blob,
        }
    }

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
    #[inline]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Integer(i) => ValueRef::Integer(*i),
            Self::Real(r) => ValueRef::Real(*r),
            Self::Text(t) => ValueRef::Text(t),
            Self::Blob(b) => ValueRef::Blob(b),
        }
    }

    /// The storage class.
    pub fn class(&self) -> StorageClass {
        self.as_ref().class()
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
    u32, v => Self::Integer(v.into());
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
            (Value::from(u32::MAX), ValueRef::Integer(4_294_967_295), "integer"),
            (Value::from(true), ValueRef::Integer(1), "integer"),
            (Value::from(-0.5), ValueRef::Real(-0.5), "real"),
            (Value::from("a\0é"), ValueRef::Text("a\0é"), "text"),
            (Value::from(&b"\xff"[..]), ValueRef::Blob(b"\xff"), "blob"),
            (Value::from(None::<String>), ValueRef::Null, "NULL"),
            (Value::from(Some("x")), ValueRef::Text("x"), "text"),
        ];
        for (value, expected, class) in cases {
            assert_eq!(value.as_ref(), expected);
            assert_eq!(value.class().name(), class);
            assert_eq!(Value::from(expected), value);
        }
    }
}
