//! Parameters: which Rust types can be parameters of SQL functions, and their names in the
//! manifest.
//!
//! Knows nothing of records and memory: an argument is a [`ValueRef`] here.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::{Value, ValueRef};

/// The storage class of a parameter or result. NULL is separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A 64-bit signed integer.
    Integer,
    /// A 64-bit IEEE 754 number.
    Real,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Blob,
    /// Any of these.
    Any,
}

/// The type of a parameter or result in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// The storage class.
    pub class: Class,
    /// Whether it can also be NULL.
    pub nullable: bool,
}

impl Type {
    /// The type of this class that cannot be NULL.
    pub const fn new(class: Class) -> Self {
        Self { class, nullable: false }
    }

    /// The same type, which can also be NULL.
    #[must_use]
    pub const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// The name of the class, as the manifest has it for columns.
    pub const fn class_name(self) -> &'static str {
        match self.class {
            Class::Integer => "integer",
            Class::Real => "real",
            Class::Text => "text",
            Class::Blob => "blob",
            Class::Any => "any",
        }
    }

    /// The name in the manifest.
    pub const fn name(self) -> &'static str {
        match (self.class, self.nullable) {
            (Class::Integer, false) => "integer",
            (Class::Integer, true) => "integer?",
            (Class::Real, false) => "real",
            (Class::Real, true) => "real?",
            (Class::Text, false) => "text",
            (Class::Text, true) => "text?",
            (Class::Blob, false) => "blob",
            (Class::Blob, true) => "blob?",
            (Class::Any, false) => "any",
            (Class::Any, true) => "any?",
        }
    }
}

/// The reason why an argument does not fit its parameter. The SQL error adds function and position:
/// `f(): argument 2: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError(String);

impl ArgumentError {
    /// An error with this message.
    #[cold]
    pub fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }

    /// The argument is not of the parameter's type.
    #[cold]
    pub fn wrong_type(expected: Type, actual: ValueRef<'_>) -> Self {
        let expected = Type { nullable: false, ..expected }.name();
        Self::new(format_args!("expected {expected}, got {}", actual.class()))
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for ArgumentError {}

/// A type that a parameter of an SQL function can have.
///
/// ```
/// use commensal_sdk::{ArgumentError, FromArgument, Type, ValueRef};
///
/// /// A share between 0 and 1.
/// struct Share(f64);
///
/// impl<'a> FromArgument<'a> for Share {
///     const TYPE: Type = <f64 as FromArgument>::TYPE;
///
///     fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
///         let share = f64::from_argument(value)?;
///         if !(0.0..=1.0).contains(&share) {
///             return Err(ArgumentError::new(format_args!("{share} is not between 0 and 1")));
///         }
///         Ok(Self(share))
///     }
/// }
///
/// #[commensal_sdk::function]
/// fn percent(share: Share) -> String {
///     format!("{} %", share.0 * 100.0)
/// }
/// assert_eq!(percent(Share(0.5)), "50 %");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of an SQL function",
    label = "not a parameter type",
    note = "parameters can be i64, f64, smaller integers, usize, f32, bool, &str, String, &[u8], Vec<u8>, ValueRef, Value, \
            Option of these, and as the last one `&[T]` of these, which takes any number of arguments",
    note = "a type of your own can be a parameter when it implements `commensal_sdk::FromArgument`"
)]
pub trait FromArgument<'a>: Sized {
    /// The type that SQL sees.
    const TYPE: Type;

    /// Converts an argument to the parameter. NULL is passed only to types that can be NULL.
    ///
    /// # Errors
    /// The argument is not of that type, or its value does not fit into the Rust type.
    fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError>;
}

macro_rules! parameters {
    ($($type:ty: $class:ident { $($pattern:pat => $value:expr,)+ })*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a> FromArgument<'a> for $type {
            const TYPE: Type = Type::new(Class::$class);

            #[inline]
            fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
                match value {
                    $($pattern => Ok($value),)+
                    other => Err(ArgumentError::wrong_type(<Self as FromArgument>::TYPE, other)),
                }
            }
        }
    )*};
}

parameters! {
    i64: Integer { ValueRef::Integer(i) => i, }
    bool: Integer { ValueRef::Integer(i) => i != 0, }
    f64: Real { ValueRef::Real(r) => r, ValueRef::Integer(i) => i as f64, }
    &'a str: Text { ValueRef::Text(t) => t, }
    String: Text { ValueRef::Text(t) => t.into(), }
    &'a [u8]: Blob { ValueRef::Blob(b) => b, }
    Vec<u8>: Blob { ValueRef::Blob(b) => b.into(), }
}

macro_rules! smaller_integers {
    ($($type:ty: $what:literal,)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a> FromArgument<'a> for $type {
            const TYPE: Type = <i64 as FromArgument>::TYPE;

            #[inline]
            fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
                let integer = i64::from_argument(value)?;
                integer.try_into().map_err(|_| {
                    ArgumentError::new(format_args!(concat!("{} is outside of the range of ", $what), integer))
                })
            }
        }
    )*};
}

smaller_integers! {
    i8: "8-bit integers",
    i16: "16-bit integers",
    i32: "32-bit integers",
    u8: "unsigned 8-bit integers",
    u16: "unsigned 16-bit integers",
    u32: "unsigned 32-bit integers",
    usize: "sizes",
}

#[diagnostic::do_not_recommend]
impl<'a> FromArgument<'a> for f32 {
    const TYPE: Type = <f64 as FromArgument>::TYPE;

    /// The nearest number of 32 bits. Only a number that is too large for one is refused.
    #[inline]
    fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
        let real = f64::from_argument(value)?;
        let nearest = real as Self;
        match nearest.is_finite() || !real.is_finite() {
            true => Ok(nearest),
            false => Err(ArgumentError::new(format_args!(
                "{real} is outside of the range of 32-bit reals"
            ))),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<'a> FromArgument<'a> for ValueRef<'a> {
    const TYPE: Type = Type::new(Class::Any).or_null();

    #[inline]
    fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
        Ok(value)
    }
}

#[diagnostic::do_not_recommend]
impl<'a> FromArgument<'a> for Value {
    const TYPE: Type = Type::new(Class::Any).or_null();

    #[inline]
    fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
        Ok(value.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: FromArgument<'a>> FromArgument<'a> for Option<T> {
    const TYPE: Type = T::TYPE.or_null();

    #[inline]
    fn from_argument(value: ValueRef<'a>) -> Result<Self, ArgumentError> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_argument(value).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    const ALL: [ValueRef<'static>; 5] = [
        ValueRef::Null,
        ValueRef::Integer(2),
        ValueRef::Real(0.5),
        ValueRef::Text("é\0"),
        ValueRef::Blob(b"\xff"),
    ];

    /// What `T` makes of a value of each class; `None` stands for a type error.
    fn check<T: FromArgument<'static> + Debug + PartialEq>(name: &str, expected: [Option<T>; 5]) {
        assert_eq!(T::TYPE.name(), name);
        for (value, expected) in ALL.into_iter().zip(expected) {
            match T::from_argument(value) {
                Ok(actual) => assert_eq!(Some(actual), expected, "{name} from {value:?}"),
                Err(error) => {
                    assert_eq!(expected, None, "{name} from {value:?}");
                    let class = name.trim_end_matches('?');
                    let message = format!("expected {class}, got {}", value.class());
                    assert_eq!(error.to_string(), message);
                }
            }
        }
    }

    #[test]
    fn each_type_takes_its_class() {
        check::<i64>("integer", [None, Some(2), None, None, None]);
        check::<i32>("integer", [None, Some(2), None, None, None]);
        check::<bool>("integer", [None, Some(true), None, None, None]);
        check::<f64>("real", [None, Some(2.0), Some(0.5), None, None]);
        check::<&str>("text", [None, None, None, Some("é\0"), None]);
        check::<String>("text", [None, None, None, Some("é\0".into()), None]);
        check::<&[u8]>("blob", [None, None, None, None, Some(b"\xff")]);
        check::<Vec<u8>>("blob", [None, None, None, None, Some(b"\xff".into())]);
        check::<ValueRef<'_>>("any?", ALL.map(Some));
        check::<Value>("any?", ALL.map(|v| Some(v.to_owned())));
        check::<Option<i64>>("integer?", [Some(None), Some(Some(2)), None, None, None]);
        check::<Option<&str>>("text?", [Some(None), None, None, Some(Some("é\0")), None]);
    }

    #[test]
    fn i32_refuses_what_it_cannot_hold() {
        for fits in [i32::MIN, -1, 0, i32::MAX] {
            assert_eq!(i32::from_argument(ValueRef::Integer(fits.into())), Ok(fits));
        }
        for outside in [i64::MIN, i64::from(i32::MIN) - 1, i64::from(i32::MAX) + 1, i64::MAX] {
            let error = i32::from_argument(ValueRef::Integer(outside)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{outside} is outside of the range of 32-bit integers")
            );
        }
    }

    #[test]
    fn small_types_refuse_what_they_cannot_hold() {
        fn check<T: FromArgument<'static> + Debug + PartialEq>(
            fits: [(i64, T); 2],
            outside: [i64; 2],
            range: &str,
        ) {
            for (integer, expected) in fits {
                assert_eq!(T::from_argument(ValueRef::Integer(integer)), Ok(expected));
            }
            for integer in outside {
                let error = T::from_argument(ValueRef::Integer(integer)).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!("{integer} is outside of the range of {range}")
                );
            }
        }
        check([(-128, i8::MIN), (127, i8::MAX)], [-129, 128], "8-bit integers");
        check([(-32768, i16::MIN), (32767, i16::MAX)], [-32769, 32768], "16-bit integers");
        check([(0, u8::MIN), (255, u8::MAX)], [-1, 256], "unsigned 8-bit integers");
        check([(0, u16::MIN), (65535, u16::MAX)], [-1, 65536], "unsigned 16-bit integers");
        check([(0, u32::MIN), (1 << 31, 1 << 31)], [-1, 1 << 32], "unsigned 32-bit integers");
        check([(0, 0_usize), (7, 7)], [-1, i64::MIN], "sizes");
        assert_eq!(f32::from_argument(ValueRef::Real(0.1)), Ok(0.1_f32));
        assert_eq!(f32::from_argument(ValueRef::Integer(3)), Ok(3.0));
        assert_eq!(f32::from_argument(ValueRef::Real(f64::INFINITY)), Ok(f32::INFINITY));
        let error = f32::from_argument(ValueRef::Real(1e39)).unwrap_err();
        assert!(error.to_string().ends_with("is outside of the range of 32-bit reals"), "{error}");
    }

    #[test]
    fn every_integer_but_zero_is_true() {
        for (integer, expected) in [(0, false), (1, true), (-1, true), (i64::MIN, true)] {
            assert_eq!(bool::from_argument(ValueRef::Integer(integer)), Ok(expected));
        }
    }
}
