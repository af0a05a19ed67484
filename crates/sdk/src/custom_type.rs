//! Types: values that are stored in one form and shown in another.

use alloc::string::String;

use crate::{FromArgument, FromArguments, IntoOutput, Value, ValueRef};

/// A type of values.
///
/// Put [`custom_type`](macro@crate::custom_type) on the implementation. A type `money` gives SQL three
/// functions: `money(value)` returns the stored form, `money_decode(stored)` the form to show, and
/// `money_valid(stored)`, for CHECK constraints, 1 if `decode` accepts the value and 0 if not. A type that
/// is stored as text and has the operator `<` is a collation as well. NULL stays NULL and does not reach
/// the code of the type.
///
/// Both directions must always give equal results for equal values. A type with parameters implements
/// [`ParametricType`].
///
/// ```
/// use commensal_sdk::{CustomType, Value, ValueRef};
///
/// /// A temperature: stored in millikelvins, shown in degrees Celsius.
/// struct Temperature;
///
/// #[commensal_sdk::custom_type(name = "temperature")]
/// impl CustomType for Temperature {
///     type Stored = i64;
///
///     fn encode(value: ValueRef<'_>) -> Result<i64, String> {
///         match value {
///             ValueRef::Integer(degrees) => Ok(degrees * 1000 + 273_150),
///             ValueRef::Real(degrees) => Ok((degrees * 1000.0).round() as i64 + 273_150),
///             _ => Err("a temperature is a number".to_owned()),
///         }
///     }
///
///     fn decode(millikelvins: i64) -> Result<Value, String> {
///         if millikelvins < 0 {
///             return Err("below absolute zero".to_owned());
///         }
///         Ok(Value::Real((millikelvins - 273_150) as f64 / 1000.0))
///     }
/// }
///
/// assert_eq!(Temperature::encode(ValueRef::Real(21.5)), Ok(294_650));
/// assert_eq!(Temperature::decode(294_650), Ok(Value::Real(21.5)));
/// ```
///
/// ```sql
/// CREATE TABLE log(at TEXT, t INTEGER CHECK (temperature_valid(t)));
/// INSERT INTO log VALUES ('08:00', temperature(21.5));
/// SELECT at, temperature_decode(t) FROM log;   -- 08:00|21.5
/// ```
pub trait CustomType {
    /// The stored form: `i64`, `f64`, `String` or `Vec<u8>`.
    type Stored: for<'a> FromArgument<'a> + for<'a> IntoOutput<'a>;

    /// Converts a value to the form in which it is stored.
    ///
    /// # Errors
    /// The value does not belong to the type. The text is the SQL error.
    fn encode(value: ValueRef<'_>) -> Result<Self::Stored, String>;

    /// Converts a stored value to the form in which it is shown.
    ///
    /// # Errors
    /// The stored value does not belong to the type. The text is the SQL error.
    fn decode(stored: Self::Stored) -> Result<Value, String>;
}

/// A type of values with parameters, such as the number of decimals: a [`CustomType`] with parameters after
/// the value. Put [`custom_type`](macro@crate::custom_type) on the implementation. `money(value, 2)` makes
/// the stored form, `money_decode(stored, 2)` the one to show, and `money_valid(stored, 2)` tells whether
/// `decode` accepts it.
///
/// ```
/// use commensal_sdk::{ParametricType, Value, ValueRef};
///
/// /// A number of so many decimals, stored as an integer.
/// struct Decimal;
///
/// #[commensal_sdk::custom_type(name = "decimal")]
/// impl ParametricType for Decimal {
///     type Stored = i64;
///     type Params<'a> = i64;
///
///     fn encode(value: ValueRef<'_>, decimals: i64) -> Result<i64, String> {
///         let ValueRef::Real(number) = value else { return Err("not a real".into()) };
///         Ok((number * 10f64.powi(decimals as i32)).round() as i64)
///     }
///
///     fn decode(stored: i64, decimals: i64) -> Result<Value, String> {
///         Ok(Value::Real(stored as f64 / 10f64.powi(decimals as i32)))
///     }
/// }
///
/// assert_eq!(Decimal::encode(ValueRef::Real(1.5), 2), Ok(150));
/// ```
///
/// ```sql
/// CREATE TABLE prices(price INTEGER CHECK (decimal_valid(price, 2)));
/// INSERT INTO prices VALUES (decimal(9.99, 2));
/// SELECT decimal_decode(price, 2) FROM prices;   -- 9.99
/// ```
pub trait ParametricType {
    /// The stored form: `i64`, `f64`, `String` or `Vec<u8>`.
    type Stored: for<'a> FromArgument<'a> + for<'a> IntoOutput<'a>;

    /// The parameters: a parameter type, or a tuple of up to twelve such types.
    type Params<'a>: FromArguments<'a>;

    /// Converts a value to the form in which it is stored.
    ///
    /// # Errors
    /// As [`CustomType::encode`].
    fn encode(value: ValueRef<'_>, params: Self::Params<'_>) -> Result<Self::Stored, String>;

    /// Converts a stored value to the form in which it is shown.
    ///
    /// # Errors
    /// As [`CustomType::decode`].
    fn decode(stored: Self::Stored, params: Self::Params<'_>) -> Result<Value, String>;
}
