//! Values as text of one line, and the letters of column types.

use std::fmt::Write;

use commensal::core::real::Decimal;
use commensal::{StorageClass, ValueRef};
use sqllogictest::ColumnType;

/// The type of a column, in a file or in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// All its values have this class or are NULL. A column of NULLs only is of class NULL.
    Class(StorageClass),
    /// In a file: it does not matter. Of a result: values of several classes.
    Any,
}

impl Type {
    /// The type of a column that has this value too.
    pub(crate) fn with(self, value: ValueRef<'_>) -> Self {
        match (self, value.class()) {
            (kept, StorageClass::Null) => kept,
            (Self::Class(StorageClass::Null), class) => Self::Class(class),
            (Self::Class(kept), class) if kept == class => self,
            _ => Self::Any,
        }
    }
}

impl ColumnType for Type {
    fn from_char(letter: char) -> Option<Self> {
        Some(match letter {
            'I' => Self::Class(StorageClass::Integer),
            'R' => Self::Class(StorageClass::Real),
            'T' => Self::Class(StorageClass::Text),
            'B' => Self::Class(StorageClass::Blob),
            _ => Self::Any,
        })
    }

    fn to_char(&self) -> char {
        match self {
            Self::Class(StorageClass::Integer) => 'I',
            Self::Class(StorageClass::Real) => 'R',
            Self::Class(StorageClass::Text) => 'T',
            Self::Class(StorageClass::Blob) => 'B',
            Self::Class(StorageClass::Null) => 'N',
            Self::Any => '?',
        }
    }
}

/// Whether a result has the columns that the file expects.
#[expect(clippy::ptr_arg, reason = "the signature is sqllogictest's")]
pub(crate) fn validate(actual: &Vec<Type>, expected: &Vec<Type>) -> bool {
    actual.len() == expected.len()
        && actual.iter().zip(expected).all(|(actual, expected)| {
            expected == actual
                || *expected == Type::Any
                || *actual == Type::Class(StorageClass::Null)
        })
}

/// The value as the files write it.
pub(crate) fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::Real(real) if real == 0.0 && real.is_sign_negative() => "-0.0".to_owned(),
        ValueRef::Real(real) => Decimal(real).to_string(),
        ValueRef::Text("") => "(empty)".to_owned(),
        ValueRef::Text(text) => escape(text),
        ValueRef::Blob(blob) => hexadecimal(blob),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' => escaped.push_str("\\0"),
            control if control.is_control() => escaped.extend(control.escape_default()),
            other => escaped.push(other),
        }
    }
    escaped
}

fn hexadecimal(blob: &[u8]) -> String {
    let mut text = String::with_capacity(blob.len() * 2 + 3);
    text.push_str("X'");
    for byte in blob {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use commensal::ValueRef::{Blob, Integer, Null, Real, Text};
    use sqllogictest::ColumnType;

    use super::{Type, text, validate};

    #[test]
    fn values() {
        for (value, expected) in [
            (Null, "NULL"),
            (Integer(i64::MIN), "-9223372036854775808"),
            (Real(1.0), "1.0"),
            (Real(-0.0), "-0.0"),
            (Real(f64::INFINITY), "Inf"),
            (Text(""), "(empty)"),
            (Text(r" a\b 漢 "), r" a\b 漢 "),
            (Text("\0\t\n\r\x1b\u{9b}"), r"\0\t\n\r\u{1b}\u{9b}"),
            (Blob(b""), "X''"),
            (Blob(b"\x0a\xff"), "X'0AFF'"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn columns() {
        let types = |letters: &str| letters.chars().map(|c| Type::from_char(c).unwrap()).collect();
        for (values, letters, valid) in [
            (&[Integer(1), Null][..], "I", true),
            (&[Null, Null], "B", true),
            (&[Integer(1), Real(1.0)], "R", false),
            (&[Integer(1), Real(1.0)], "?", true),
            (&[Text("1")], "I", false),
            (&[Blob(b"1")], "T", false),
            (&[Blob(b"1")], "B", true),
            (&[Integer(1)], "II", false),
        ] {
            let null = Type::Class(commensal::StorageClass::Null);
            let actual = values.iter().fold(null, |of, &value| of.with(value));
            assert_eq!(validate(&vec![actual], &types(letters)), valid, "{values:?} {letters}");
        }
        assert_eq!(Type::from_char('X'), Some(Type::Any));
    }
}
