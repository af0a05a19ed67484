//! Results: which Rust types can be results of SQL functions, and their names in the manifest.
//!
//! Knows nothing of records and memory.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use crate::parameter::{Class, Type};
use crate::{Value, ValueRef};

/// The result of a function for SQL. Bytes may be borrowed from the arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<'a> {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A real. NaN becomes NULL in the database.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A blob.
    Blob(Cow<'a, [u8]>),
    /// An SQL error with this message.
    Error(String),
}

impl Output<'_> {
    /// The same output, with bytes of its own.
    pub fn into_owned(self) -> Output<'static> {
        match self {
            Self::Null => Output::Null,
            Self::Integer(i) => Output::Integer(i),
            Self::Real(r) => Output::Real(r),
            Self::Text(t) => Output::Text(Cow::Owned(t.into_owned())),
            Self::Blob(b) => Output::Blob(Cow::Owned(b.into_owned())),
            Self::Error(message) => Output::Error(message),
        }
    }
}

/// A type that the result of an SQL function can have. `'a` is the lifetime of the arguments, from which
/// a result may borrow.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of an SQL function",
    label = "not a result type",
    note = "results can be i64, f64, smaller integers, usize, f32, bool, &str, String, &[u8], Vec<u8>, Cow of str or [u8], \
            ValueRef, Value, (), Option of these, and Result<T, E> of these with E: Display",
    note = "a type of your own can be a result when it implements `commensal_sdk::IntoOutput`"
)]
pub trait IntoOutput<'a> {
    /// The type that SQL sees.
    const TYPE: Type;

    /// Converts this result to an output.
    fn into_output(self) -> Output<'a>;
}

macro_rules! results {
    ($($type:ty: $class:ident, $value:ident => $output:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a> IntoOutput<'a> for $type {
            const TYPE: Type = Type::new(Class::$class);

            #[inline]
            fn into_output(self) -> Output<'a> {
                let $value = self;
                $output
            }
        }
    )*};
}

results! {
    i64: Integer, v => Output::Integer(v);
    i32: Integer, v => Output::Integer(v.into());
    i16: Integer, v => Output::Integer(v.into());
    i8: Integer, v => Output::Integer(v.into());
    u32: Integer, v => Output::Integer(v.into());
    u16: Integer, v => Output::Integer(v.into());
    u8: Integer, v => Output::Integer(v.into());
    // A guest's sizes have 32 bits.
    usize: Integer, v => Output::Integer(v as i64);
    bool: Integer, v => Output::Integer(v.into());
    f64: Real, v => Output::Real(v);
    f32: Real, v => Output::Real(v.into());
    &'a str: Text, v => Output::Text(Cow::Borrowed(v));
    String: Text, v => Output::Text(Cow::Owned(v));
    Cow<'a, str>: Text, v => Output::Text(v);
    &'a [u8]: Blob, v => Output::Blob(Cow::Borrowed(v));
    Vec<u8>: Blob, v => Output::Blob(Cow::Owned(v));
    Cow<'a, [u8]>: Blob, v => Output::Blob(v);
}

#[diagnostic::do_not_recommend]
impl<'a> IntoOutput<'a> for () {
    const TYPE: Type = Type::new(Class::Any).or_null();

    #[inline]
    fn into_output(self) -> Output<'a> {
        Output::Null
    }
}

#[diagnostic::do_not_recommend]
impl<'a> IntoOutput<'a> for ValueRef<'a> {
    const TYPE: Type = Type::new(Class::Any).or_null();

    #[inline]
    fn into_output(self) -> Output<'a> {
        match self {
            Self::Null => Output::Null,
            Self::Integer(i) => Output::Integer(i),
            Self::Real(r) => Output::Real(r),
            Self::Text(t) => Output::Text(Cow::Borrowed(t)),
            Self::Blob(b) => Output::Blob(Cow::Borrowed(b)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<'a> IntoOutput<'a> for Value {
    const TYPE: Type = Type::new(Class::Any).or_null();

    #[inline]
    fn into_output(self) -> Output<'a> {
        match self {
            Self::Null => Output::Null,
            Self::Integer(i) => Output::Integer(i),
            Self::Real(r) => Output::Real(r),
            Self::Text(t) => Output::Text(Cow::Owned(t)),
            Self::Blob(b) => Output::Blob(Cow::Owned(b)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: IntoOutput<'a>> IntoOutput<'a> for Option<T> {
    const TYPE: Type = T::TYPE.or_null();

    #[inline]
    fn into_output(self) -> Output<'a> {
        self.map_or(Output::Null, T::into_output)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: IntoOutput<'a>, E: Display> IntoOutput<'a> for Result<T, E> {
    const TYPE: Type = T::TYPE;

    #[inline]
    fn into_output(self) -> Output<'a> {
        match self {
            Ok(value) => value.into_output(),
            Err(error) => Output::Error(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<'a, T: IntoOutput<'a>>(name: &str, result: T, expected: Output<'a>) {
        assert_eq!(T::TYPE.name(), name);
        let output = result.into_output();
        assert_eq!(output, expected, "{name}");
        assert_eq!(output.into_owned(), expected, "{name}, owned");
    }

    #[test]
    fn each_type_gives_its_class() {
        let text = || Output::Text("é\0".into());
        let blob = || Output::Blob(b"\xff"[..].into());
        check("integer", i64::MIN, Output::Integer(i64::MIN));
        check("integer", i32::MIN, Output::Integer(i32::MIN.into()));
        check("integer", u32::MAX, Output::Integer(4_294_967_295));
        check("integer", "é".len(), Output::Integer(2));
        check("integer", true, Output::Integer(1));
        check("real", -0.0, Output::Real(-0.0));
        check("real", 0.5_f32, Output::Real(0.5));
        check("text", "é\0", text());
        check("text", String::from("é\0"), text());
        check("text", Cow::Borrowed("é\0"), text());
        check("blob", &b"\xff"[..], blob());
        check("blob", b"\xff".to_vec(), blob());
        check("blob", Cow::Borrowed(&b"\xff"[..]), blob());
        check("any?", (), Output::Null);
        check("any?", ValueRef::Text("é\0"), text());
        check("any?", Value::Blob(b"\xff".into()), blob());
        check("any?", Value::Null, Output::Null);
        check("text?", None::<&str>, Output::Null);
        check("text?", Some("é\0"), text());
        check("integer", Ok::<_, String>(1i64), Output::Integer(1));
        check("integer?", Ok::<_, String>(None::<i64>), Output::Null);
        check("real", "x".parse::<f64>(), Output::Error("invalid float literal".into()));
    }
}
