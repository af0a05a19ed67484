//! Reals: as decimal text like SQLite's, for code that prints values without an engine, and as integers where nothing is
//! lost.

use std::fmt;

/// Digits with which every double reads back unchanged.
const DIGITS: usize = 17;

/// The integers that a real holds exactly, with all their neighbours: 2^53 - 1 and below, as JavaScript's
/// `Number.MAX_SAFE_INTEGER`.
const WHOLE_MAX: f64 = 9_007_199_254_740_991.0;

/// The integer that a real is, if it has no fraction and at most 53 bits. Drivers of languages that have only reals pass
/// integers so.
///
/// ```
/// use commensal_core::real::whole;
///
/// assert_eq!(whole(-7.0), Some(-7));
/// assert_eq!(whole(0.5), None);
/// assert_eq!(whole(9_007_199_254_740_992.0), None);
/// ```
pub fn whole(real: f64) -> Option<i64> {
    (real.abs() <= WHOLE_MAX && real.fract() == 0.0).then_some(real as i64)
}

/// A real as SQLite's `CAST(… AS TEXT)` writes it: up to 17 significant digits and always a decimal point.
/// Numbers below 0.0001 or from 10^17 on have an exponent. Infinities are `Inf` and `-Inf`. Zero has no sign.
/// Finite text reads back as the same number.
///
/// This is the format `%!.17g` of SQLite's [built-in printf](https://www.sqlite.org/printf.html). Newer releases
/// use it; older ones kept 15 digits. Between 1e-10 and 1e18 the digits are the same. Outside, SQLite's powers of
/// ten are inexact, and one number in some hundreds has another 17th digit here.
///
/// ```
/// use commensal_core::real::Decimal;
///
/// assert_eq!(Decimal(49.47).to_string(), "49.47");
/// assert_eq!(Decimal(1e21).to_string(), "1.0e+21");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decimal(pub f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(real) = *self;
        if real.is_nan() {
            return f.write_str("NaN");
        }
        if real < 0.0 {
            f.write_str("-")?;
        }
        if real.is_infinite() {
            return f.write_str("Inf");
        }
        if real == 0.0 {
            return f.write_str("0.0");
        }
        let (digits, exponent) = significant(real.abs());
        if (-4..DIGITS as i32).contains(&exponent) {
            write_fixed(f, &digits, exponent)
        } else {
            write_exponential(f, &digits, exponent)
        }
    }
}

/// The significant digits of a positive number, without trailing zeros, and the decimal exponent of
/// the first one.
fn significant(real: f64) -> (String, i32) {
    // SQLite first takes 18 or 19 digits and rounds those. The number of digits puts the last one at 10^-17 of
    // the power of ten below the power of two below the number.
    let fraction = if scientific_exponent(real) > binade_exponent(real) { 18 } else { 17 };
    let text = format!("{real:.fraction$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse().unwrap_or(0);
    let digits = mantissa.replace('.', "");
    let (digits, carry) =
        shorter(&digits, exponent, real).unwrap_or_else(|| round(&digits, DIGITS));
    (digits.trim_end_matches('0').to_owned(), exponent + i32::from(carry))
}

/// The decimal exponent of the first significant digit.
fn scientific_exponent(real: f64) -> i32 {
    // The shortest text that reads back never carries into the next power of ten.
    let text = format!("{real:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// The decimal exponent of the greatest power of two that is not above the number.
fn binade_exponent(real: f64) -> i32 {
    let log2 = match (real.to_bits() >> 52) as i32 {
        0 => -1011 - real.to_bits().leading_zeros() as i32,
        biased => biased - 1023,
    };
    (f64::from(log2) * std::f64::consts::LOG10_2).floor() as i32
}

/// The few digits that somebody probably wrote, if the last ones are an artefact of the binary format: 49.47
/// instead of 49.469999999999999. Only if they read back as the same number.
fn shorter(digits: &str, exponent: i32, real: f64) -> Option<(String, bool)> {
    let keep = if digits[14..].starts_with("99") {
        digits[..14].trim_end_matches('9').len()
    } else if digits[13..].starts_with("000") || exponent >= DIGITS as i32 {
        digits[..13].trim_end_matches('0').len()
    } else {
        return None;
    };
    let (short, carry) = round(digits, keep);
    let scale = exponent + i32::from(carry) + 1 - short.len() as i32;
    (format!("{short}e{scale}").parse() == Ok(real)).then_some((short, carry))
}

/// The first `keep` digits, rounded half up, and whether a carry added a digit in front.
fn round(digits: &str, keep: usize) -> (String, bool) {
    let (head, tail) = digits.split_at(keep);
    if tail.as_bytes().first().is_none_or(|&digit| digit < b'5') {
        return (head.to_owned(), false);
    }
    let kept = head.trim_end_matches('9');
    match kept.as_bytes().last() {
        None => ("1".to_owned(), true),
        Some(&last) => {
            let mut rounded = kept[..kept.len() - 1].to_owned();
            rounded.push(char::from(last + 1));
            (rounded, false)
        }
    }
}

fn write_fixed(f: &mut fmt::Formatter<'_>, digits: &str, exponent: i32) -> fmt::Result {
    let Ok(point) = usize::try_from(exponent + 1) else {
        return write!(
            f,
            "0.{:0<zeros$}{digits}",
            "",
            zeros = exponent.unsigned_abs() as usize - 1
        );
    };
    match digits.split_at_checked(point) {
        Some((integer, fraction)) => {
            let integer = if integer.is_empty() { "0" } else { integer };
            write!(f, "{integer}.{}", if fraction.is_empty() { "0" } else { fraction })
        }
        None => write!(f, "{digits:0<point$}.0"),
    }
}

fn write_exponential(f: &mut fmt::Formatter<'_>, digits: &str, exponent: i32) -> fmt::Result {
    let (first, fraction) = digits.split_at(1);
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    let sign = if exponent < 0 { '-' } else { '+' };
    write!(f, "{first}.{fraction}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn looks_as_in_sqlite() {
        for (real, text) in [
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.33333333333333332"),
            (2.0 / 3.0, "0.66666666666666663"),
            (49.47, "49.47"),
            (123456.789, "123456.789"),
            (9.995, "9.995"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1e16, "10000000000000000.0"),
            (1e17, "1.0e+17"),
            (1.5e300, "1.5e+300"),
            (9007199254740993.0, "9007199254740992.0"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::INFINITY, "Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(Decimal(real).to_string(), text, "{real:e}");
        }
    }
}
