//! Values as SQL knows them: five storage classes, borrowed or owned.

use std::fmt;

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

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Blob => "blob",
            Self::Null => "NULL",
        })
    }
}

/// A value that borrows its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A real. NaN becomes NULL on its way into a database.
    Real(f64),
    /// Text; may hold NUL characters.
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
    /// A real.
    Real(f64),
    /// Text.
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
