//! A function for each type of parameter and result, for errors and for panics. They show what
//! commensal-sdk does between Rust and SQL, and are what tests use.
//!
//! ```sql
//! CREATE EXTENSION types LANGUAGE wasm AS file://guests/prebuilt/types.wasm;
//! SELECT same_i64(-9223372036854775808), same_f64(0.5), same_str('a'), same_bytes(X'00ff');
//! SELECT same_i32(2147483648);        -- an error that names the position and the value
//! SELECT checked(-1), panics('why');  -- an error of the guest's own, and a panic
//! SELECT joined(same_str(name), ', ') FROM people;    -- an aggregate
//! ```

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use commensal_sdk::{Aggregate, Rest, Value, ValueRef};

macro_rules! same {
    ($($(#[$meta:meta])* $name:ident: $type:ty)*) => {$(
        $(#[$meta])*
        #[commensal_sdk::function(deterministic)]
        pub fn $name(value: $type) -> $type {
            value
        }
    )*};
}

same! {
    /// Any integer, unchanged.
    same_i64: i64
    /// An integer of 32 bits; others are errors.
    same_i32: i32
    /// 0 or 1.
    same_bool: bool
    /// A real; integers become reals.
    same_f64: f64
    /// Text, without a copy.
    same_str: &str
    /// Text, owned.
    same_string: String
    /// A blob, without a copy.
    same_bytes: &[u8]
    /// A blob, owned.
    same_vec: Vec<u8>
    /// Anything, owned.
    same_value: Value
    /// Anything, without a copy.
    same_ref: ValueRef<'_>
    /// An integer or NULL.
    same_option_i64: Option<i64>
    /// A real or NULL.
    same_option_f64: Option<f64>
    /// Text or NULL.
    same_option_str: Option<&str>
    /// A blob or NULL.
    same_option_vec: Option<Vec<u8>>
}

/// Always NULL.
#[commensal_sdk::function]
pub fn gives_null() {}

/// A lifetime may have a name, and the result may borrow from an argument.
#[commensal_sdk::function(deterministic)]
pub fn trimmed<'a>(text: &'a str, suffix: &str) -> Cow<'a, str> {
    match text.strip_suffix(suffix) {
        Some(rest) => Cow::Borrowed(rest),
        None => Cow::Owned(format!("{text} (without {suffix})")),
    }
}

/// The number of arguments after the separator, and the arguments: any number of any type.
#[commensal_sdk::function(deterministic)]
pub fn describe(separator: &str, values: &[Value]) -> String {
    let words = values.iter().map(|value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(i) => format!("integer {i}"),
        Value::Real(r) => format!("real {r:?}"),
        Value::Text(t) => format!("text {t:?}"),
        Value::Blob(b) => format!("blob {b:02x?}"),
    });
    words.collect::<Vec<_>>().join(separator)
}

/// The longest of any number of texts; NULL if there are none.
#[commensal_sdk::function(deterministic)]
pub fn longest<'a>(texts: &'a [&'a str]) -> Option<&'a str> {
    texts.iter().copied().rev().max_by_key(|text| text.len())
}

/// The sum of any number of reals, without NULLs. The names in SQL and Rust differ.
#[commensal_sdk::function(name = "sum_of", deterministic)]
pub fn sum_of_reals(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().sum()
}

/// `describe` without arguments: one SQL name for two numbers of arguments.
#[commensal_sdk::function(name = "arity", deterministic)]
pub fn arity_1(_a: ValueRef<'_>) -> i64 {
    1
}

/// See [`arity_1`].
#[commensal_sdk::function(name = "arity", deterministic)]
pub fn arity_2(_a: ValueRef<'_>, _b: ValueRef<'_>) -> i64 {
    2
}

/// A function whose name compiled code calls: the export is `hypot_`.
#[commensal_sdk::function(deterministic)]
pub fn hypot(a: f64, b: f64) -> f64 {
    a.hypot(b)
}

/// An error with its own text.
pub struct Negative(i64);

impl fmt::Display for Negative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "checked(): {} is negative", self.0)
    }
}

/// The value, or an error if it is negative.
#[commensal_sdk::function(deterministic)]
pub fn checked(value: i64) -> Result<i64, Negative> {
    if value < 0 { Err(Negative(value)) } else { Ok(value) }
}

/// NULL for empty text, and an error for text that is not a number.
#[commensal_sdk::function(deterministic)]
pub fn parsed(text: &str) -> Result<Option<f64>, std::num::ParseFloatError> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Panics with this message.
#[commensal_sdk::function]
pub fn panics(message: &str) -> i64 {
    panic!("{message}")
}

/// NaN, which is NULL in SQL.
#[commensal_sdk::function]
pub fn not_a_number() -> f64 {
    f64::NAN
}

/// Text of this many bytes. Results can have any size, and their memory is free after the next call.
#[commensal_sdk::function(deterministic)]
pub fn repeated(text: &str, times: i32) -> String {
    text.repeat(times.max(0) as usize)
}

/// Like SQL's `sum` of integers.
#[derive(Default)]
pub struct Sum {
    sum: i64,
    count: i64,
}

#[commensal_sdk::aggregate(name = "sum_of")]
impl Aggregate for Sum {
    type Arguments<'a> = i64;
    type Output = Option<i64>;

    fn step(&mut self, value: i64) -> Result<(), String> {
        self.sum = self.sum.checked_add(value).ok_or("sum_of(): integer overflow")?;
        self.count += 1;
        Ok(())
    }

    fn inverse(&mut self, value: i64) -> Result<(), String> {
        self.sum -= value;
        self.count -= 1;
        Ok(())
    }

    fn value(&self) -> Option<i64> {
        (self.count > 0).then_some(self.sum)
    }
}

/// Like SQL's `count(*)`.
#[derive(Default)]
pub struct Rows(i64);

#[commensal_sdk::aggregate(name = "count_of")]
impl Aggregate for Rows {
    type Arguments<'a> = ();
    type Output = i64;

    fn step(&mut self, (): ()) -> Result<(), String> {
        self.0 += 1;
        Ok(())
    }

    fn inverse(&mut self, (): ()) -> Result<(), String> {
        self.0 -= 1;
        Ok(())
    }

    fn value(&self) -> i64 {
        self.0
    }
}

/// Like SQL's `group_concat` with one separator.
#[derive(Default)]
pub struct Joined {
    texts: VecDeque<String>,
    separator: String,
}

#[commensal_sdk::aggregate]
impl Aggregate for Joined {
    type Arguments<'a> = (&'a str, &'a str);
    type Output = Option<String>;

    fn step(&mut self, (text, separator): (&str, &str)) -> Result<(), String> {
        self.texts.push_back(text.to_owned());
        separator.clone_into(&mut self.separator);
        Ok(())
    }

    fn inverse(&mut self, (text, _): (&str, &str)) -> Result<(), String> {
        match self.texts.pop_front() {
            Some(oldest) if oldest == text => Ok(()),
            oldest => Err(format!("joined(): {text:?} leaves, but the oldest is {oldest:?}")),
        }
    }

    fn value(&self) -> Option<String> {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        (!texts.is_empty()).then(|| texts.join(&self.separator))
    }
}

/// The classes of the values in order. Panics at a value that is the word for it.
#[derive(Default)]
pub struct Classes(String);

#[commensal_sdk::aggregate]
impl Aggregate for Classes {
    type Arguments<'a> = ValueRef<'a>;
    type Output = Result<String, fmt::Error>;

    fn step(&mut self, value: ValueRef<'_>) -> Result<(), String> {
        assert_ne!(value, ValueRef::Text("panic in step"));
        if value == ValueRef::Text("panic in finalize") {
            self.0.push('!');
        }
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(value.class().name());
        Ok(())
    }

    fn finalize(self) -> Result<String, fmt::Error> {
        assert!(!self.0.contains('!'), "so be it");
        if self.0.is_empty() { Err(fmt::Error) } else { Ok(self.0) }
    }
}

/// The sum of all arguments of all rows, which have any number of them, without NULLs.
#[derive(Default)]
pub struct SumAll(i64);

#[commensal_sdk::aggregate]
impl Aggregate for SumAll {
    type Arguments<'a> = Rest<Option<i64>>;
    type Output = i64;

    fn step(&mut self, Rest(numbers): Rest<Option<i64>>) -> Result<(), String> {
        self.0 += numbers.into_iter().flatten().sum::<i64>();
        Ok(())
    }

    fn inverse(&mut self, Rest(numbers): Rest<Option<i64>>) -> Result<(), String> {
        self.0 -= numbers.into_iter().flatten().sum::<i64>();
        Ok(())
    }

    fn value(&self) -> i64 {
        self.0
    }
}

/// The texts of each row, joined with the first one between them, row after row.
#[derive(Default)]
pub struct RowsJoined(String);

#[commensal_sdk::aggregate]
impl Aggregate for RowsJoined {
    type Arguments<'a> = (&'a str, Rest<&'a str>);
    type Output = String;

    fn step(&mut self, (separator, Rest(texts)): (&str, Rest<&str>)) -> Result<(), String> {
        self.0.push('[');
        self.0.push_str(&texts.join(separator));
        self.0.push(']');
        Ok(())
    }

    fn finalize(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_ordinary_functions() {
        assert_eq!(same_i64(i64::MIN), i64::MIN);
        assert_eq!(same_ref(ValueRef::Text("é")), ValueRef::Text("é"));
        assert_eq!(trimmed("a.rs", ".rs"), "a");
        assert_eq!(trimmed("a", ".rs"), "a (without .rs)");
        assert_eq!(longest(&["a", "bcd", "efg"]), Some("bcd"));
        assert_eq!(longest(&[]), None);
        assert_eq!(sum_of_reals(&[Some(1.5), None, Some(2.0)]), 3.5);
        assert_eq!(hypot(3.0, 4.0), 5.0);
        assert_eq!((arity_1(ValueRef::Null), arity_2(ValueRef::Null, ValueRef::Null)), (1, 2));
        assert_eq!(
            describe(
                "; ",
                &[Value::Null, 1i64.into(), 0.5.into(), "x".into(), (&b"\xff"[..]).into()]
            ),
            "NULL; integer 1; real 0.5; text \"x\"; blob [ff]"
        );
    }

    #[test]
    fn errors_are_results() {
        assert_eq!(checked(-1).map_err(|e| e.to_string()), Err("checked(): -1 is negative".into()));
        assert_eq!(parsed(""), Ok(None));
        assert_eq!(parsed("0.5"), Ok(Some(0.5)));
        assert!(parsed("x").is_err());
    }
}
