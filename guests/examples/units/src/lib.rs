//! Types: amounts of money, points of the plane, and numbers with a fixed number of decimals.
//!
//! ```sql
//! CREATE EXTENSION units LANGUAGE wasm AS file://guests/prebuilt/units.wasm;
//! CREATE TABLE prices(item TEXT, price TEXT COLLATE money CHECK (money_valid(price)));
//! INSERT INTO prices VALUES ('tea', money('4.20 EUR')), ('coffee', money('12 EUR'));
//! SELECT item, money_decode(price) FROM prices ORDER BY price;   -- tea|4.20 EUR, coffee|12.00 EUR
//!
//! CREATE TABLE places(name TEXT, at BLOB CHECK (point_valid(at)));
//! INSERT INTO places VALUES ('here', point('(1, 2.5)'));
//! SELECT point_decode(at), point_x(at), point_distance(at, point('(4, 6.5)')) FROM places;
//!
//! CREATE TABLE rates(rate INTEGER CHECK (decimal_valid(rate, 4)));
//! INSERT INTO rates VALUES (decimal('1.0625', 4));
//! SELECT decimal_decode(sum(rate), 4) FROM rates;   -- 1.0625
//! ```
//!
//! Money is stored as text, `EUR 420`: currency and cents, ordered by currency and amount. A point is
//! stored as 16 bytes, two reals in little-endian order.

use commensal_sdk::{CustomType, ParametricType, Value, ValueRef};

/// An amount in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Amount<'a> {
    currency: &'a str,
    cents: i64,
}

fn currency(text: &str) -> Option<&str> {
    (text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())).then_some(text)
}

impl<'a> Amount<'a> {
    /// Reads `12.50 EUR`.
    fn shown(text: &'a str) -> Option<Self> {
        let (amount, unit) = text.trim().split_once(' ')?;
        let (negative, digits) = match amount.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, amount),
        };
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
        let number = |text: &str| {
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten()
        };
        let cents = match cents.len() {
            1 => number(cents)? * 10,
            2 => number(cents)?,
            _ => return None,
        };
        let cents = number(whole)?.checked_mul(100)?.checked_add(cents)?;
        let cents = if negative { -cents } else { cents };
        Some(Self { currency: currency(unit.trim())?, cents })
    }

    /// Reads `EUR 1250`, and accepts only the form in which it is stored.
    fn stored(text: &'a str) -> Option<Self> {
        let (unit, cents) = text.split_once(' ')?;
        let amount = Self { currency: currency(unit)?, cents: cents.parse().ok()? };
        (amount.to_stored() == text).then_some(amount)
    }

    fn to_stored(self) -> String {
        format!("{} {}", self.currency, self.cents)
    }
}

/// Amounts of money with two decimals.
pub struct Money;

#[commensal_sdk::custom_type(name = "money", operators("<" = "money_lt"))]
impl CustomType for Money {
    type Stored = String;

    fn encode(value: ValueRef<'_>) -> Result<String, String> {
        let ValueRef::Text(text) = value else {
            return Err("money is written as text: '12.50 EUR'".to_owned());
        };
        let amount = Amount::shown(text);
        amount.map(Amount::to_stored).ok_or_else(|| format!("{text:?} is not like '12.50 EUR'"))
    }

    fn decode(stored: String) -> Result<Value, String> {
        let Some(Amount { currency, cents }) = Amount::stored(&stored) else {
            return Err(format!("{stored:?} is no stored money"));
        };
        let sign = if cents < 0 { "-" } else { "" };
        let (whole, cents) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
        Ok(Value::Text(format!("{sign}{whole}.{cents:02} {currency}")))
    }
}

/// Whether a stored amount comes before another: by currency, then by amount. Values that are not money
/// come last.
#[commensal_sdk::function(deterministic)]
fn money_lt(a: &str, b: &str) -> bool {
    match (Amount::stored(a), Amount::stored(b)) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => a < b,
    }
}

/// The sum of two stored amounts of the same currency.
#[commensal_sdk::function(deterministic)]
fn money_add(a: &str, b: &str) -> Result<String, String> {
    let amount = |text| Amount::stored(text).ok_or_else(|| format!("{text:?} is no stored money"));
    let (a, b) = (amount(a)?, amount(b)?);
    if a.currency != b.currency {
        return Err(format!("{} and {} are different currencies", a.currency, b.currency));
    }
    let cents = a.cents.checked_add(b.cents).ok_or("the sum is too large")?;
    Ok(Amount { cents, ..a }.to_stored())
}

/// Points of the plane.
pub struct Point;

#[commensal_sdk::custom_type(name = "point")]
impl CustomType for Point {
    type Stored = Vec<u8>;

    fn encode(value: ValueRef<'_>) -> Result<Vec<u8>, String> {
        let ValueRef::Text(text) = value else {
            return Err("a point is written as text: '(1, 2.5)'".to_owned());
        };
        let read = || {
            let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
            let (x, y) = inner.split_once(',')?;
            let (x, y) = (x.trim().parse::<f64>().ok()?, y.trim().parse::<f64>().ok()?);
            (x.is_finite() && y.is_finite()).then(|| [x.to_le_bytes(), y.to_le_bytes()].concat())
        };
        read().ok_or_else(|| format!("{text:?} is not like '(1, 2.5)'"))
    }

    fn decode(stored: Vec<u8>) -> Result<Value, String> {
        let (x, y) = coordinates(&stored)?;
        Ok(Value::Text(format!("({x}, {y})")))
    }
}

fn coordinates(stored: &[u8]) -> Result<(f64, f64), String> {
    let ([x, y], []) = stored.as_chunks::<8>() else {
        return Err(format!("a point has 16 bytes, not {}", stored.len()));
    };
    let (x, y) = (f64::from_le_bytes(*x), f64::from_le_bytes(*y));
    if x.is_finite() && y.is_finite() { Ok((x, y)) } else { Err("a point is finite".to_owned()) }
}

/// The first coordinate.
#[commensal_sdk::function(deterministic)]
fn point_x(point: &[u8]) -> Result<f64, String> {
    coordinates(point).map(|(x, _)| x)
}

/// The second coordinate.
#[commensal_sdk::function(deterministic)]
fn point_y(point: &[u8]) -> Result<f64, String> {
    coordinates(point).map(|(_, y)| y)
}

/// The distance between two points.
#[commensal_sdk::function(deterministic)]
fn point_distance(a: &[u8], b: &[u8]) -> Result<f64, String> {
    let ((ax, ay), (bx, by)) = (coordinates(a)?, coordinates(b)?);
    Ok((ax - bx).hypot(ay - by))
}

/// An exact number with a fixed number of decimals. As an integer, it can be compared and added up.
pub struct Decimal;

/// The most decimals that a 64-bit integer has room for.
const DECIMALS_MAX: i64 = 18;

fn power_of_ten(decimals: i64) -> Result<i64, String> {
    match u32::try_from(decimals) {
        Ok(power) if decimals <= DECIMALS_MAX => Ok(10i64.pow(power)),
        _ => Err(format!("{decimals} is not between 0 and {DECIMALS_MAX} decimals")),
    }
}

#[commensal_sdk::custom_type(name = "decimal")]
impl ParametricType for Decimal {
    type Stored = i64;
    type Params<'a> = i64;

    fn encode(value: ValueRef<'_>, decimals: i64) -> Result<i64, String> {
        let unit = power_of_ten(decimals)?;
        let stored = match value {
            ValueRef::Integer(whole) => whole.checked_mul(unit),
            ValueRef::Text(text) => parse(text, unit, decimals as usize),
            _ => None,
        };
        stored.ok_or_else(|| format!("no number with {decimals} decimals, such as '1.5'"))
    }

    fn decode(stored: i64, decimals: i64) -> Result<Value, String> {
        let unit = power_of_ten(decimals)?.unsigned_abs();
        let (sign, amount) = (if stored < 0 { "-" } else { "" }, stored.unsigned_abs());
        Ok(Value::Text(match decimals {
            0 => stored.to_string(),
            _ => format!(
                "{sign}{}.{:0width$}",
                amount / unit,
                amount % unit,
                width = decimals as usize
            ),
        }))
    }
}

/// Reads `-1.5`.
fn parse(text: &str, unit: i64, decimals: usize) -> Option<i64> {
    let (sign, digits) = match text.trim().strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.trim()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |text: &str| -> Option<i64> {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    if fraction.len() > decimals {
        return None;
    }
    let fraction = if fraction.is_empty() {
        0
    } else {
        number(fraction)?.checked_mul(10i64.pow((decimals - fraction.len()) as u32))?
    };
    number(whole)?.checked_mul(unit)?.checked_add(fraction)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let shown = |text, decimals| {
            Decimal::encode(ValueRef::Text(text), decimals)
                .and_then(|stored| Decimal::decode(stored, decimals))
        };
        let cases = [
            ("1.5", 2, "1.50"),
            ("-0.05", 2, "-0.05"),
            ("7", 0, "7"),
            ("-7", 0, "-7"),
            ("0.000000000000000001", 18, "0.000000000000000001"),
        ];
        for (text, decimals, expected) in cases {
            assert_eq!(shown(text, decimals), Ok(Value::Text(expected.into())), "{text}");
        }
        for (text, decimals) in
            [("1.505", 2), ("", 2), ("1e3", 2), ("10", 18), ("1", 19), ("1", -1)]
        {
            assert!(shown(text, decimals).is_err(), "{text}");
        }
        assert_eq!(Decimal::encode(ValueRef::Integer(3), 2), Ok(300));
    }

    #[test]
    fn money_is_read_and_shown() {
        let cases = [
            ("12.50 EUR", "EUR 1250", "12.50 EUR"),
            ("12.5 EUR", "EUR 1250", "12.50 EUR"),
            (" -0.05 USD ", "USD -5", "-0.05 USD"),
            ("0 CHF", "CHF 0", "0.00 CHF"),
        ];
        for (text, stored, shown) in cases {
            assert_eq!(Money::encode(ValueRef::Text(text)).as_deref(), Ok(stored));
            assert_eq!(Money::decode(stored.to_owned()), Ok(Value::Text(shown.to_owned())));
        }
        for text in
            ["", "12", "EUR 12", "1.234 EUR", "1.-5 EUR", "1 eur", "99999999999999999999 EUR"]
        {
            assert!(Money::encode(ValueRef::Text(text)).is_err(), "{text}");
        }
        for stored in ["EUR 012", "EUR +1", "EUR", "eur 1", "EUR 1 "] {
            assert!(Money::decode(stored.to_owned()).is_err(), "{stored}");
        }
    }

    #[test]
    fn amounts_are_ordered_by_currency_and_number() {
        let ordered = ["CHF 5", "EUR -1", "EUR 9", "EUR 10", "none"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(money_lt(a, b), i < j, "{a} and {b}");
            }
        }
    }

    #[test]
    fn points_survive_the_way() {
        let stored = Point::encode(ValueRef::Text("( 1 , -2.5 )")).unwrap();
        assert_eq!(Point::decode(stored.clone()), Ok(Value::Text("(1, -2.5)".to_owned())));
        assert_eq!(point_distance(&stored, &stored), Ok(0.0));
        assert!(Point::encode(ValueRef::Text("(1, inf)")).is_err());
        assert!(Point::decode(vec![0; 15]).is_err());
    }
}
