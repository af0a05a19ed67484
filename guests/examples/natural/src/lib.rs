//! An order of text that compares numbers by value.
//!
//! ```sql
//! CREATE EXTENSION natural LANGUAGE wasm AS file://guests/prebuilt/natural.wasm;
//! SELECT name FROM files ORDER BY name COLLATE natural_sort;   -- img9.png before img12.png
//! CREATE INDEX files_by_name ON files(name COLLATE natural_sort);
//! ```

use std::cmp::Ordering;

use commensal_sdk::Collation;

/// Compares runs of digits as numbers and everything else without regard to case. If equal, by bytes.
pub struct NaturalSort;

#[commensal_sdk::collation]
impl Collation for NaturalSort {
    fn compare(a: &str, b: &str) -> Ordering {
        ascii(a, b)
            .unwrap_or_else(|at| pieces(&a[at.0..]).cmp(pieces(&b[at.1..])))
            .then_with(|| a.cmp(b))
    }
}

/// Compares as far as both texts are ASCII, which most text is and which needs no Unicode tables. Returns
/// the two offsets up to which they are equal if that does not decide.
fn ascii(a: &str, b: &str) -> Result<Ordering, (usize, usize)> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    loop {
        let (x, y) = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x.is_ascii() && y.is_ascii() => (*x, *y),
            (Some(_), Some(_)) => return Err((i, j)),
            (x, y) => return Ok(x.is_some().cmp(&y.is_some())),
        };
        match (x.is_ascii_digit(), y.is_ascii_digit()) {
            (true, true) => {
                let (m, n) = (digits(&a[i..]), digits(&b[j..]));
                let ordering = number(&a[i..i + m]).cmp(&number(&b[j..j + n]));
                if ordering.is_ne() {
                    return Ok(ordering);
                }
                (i, j) = (i + m, j + n);
            }
            (false, false) => {
                let ordering = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
                if ordering.is_ne() {
                    return Ok(ordering);
                }
                (i, j) = (i + 1, j + 1);
            }
            (true, false) => return Ok(Ordering::Less),
            (false, true) => return Ok(Ordering::Greater),
        }
    }
}

/// The number of digits at the beginning of the text.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The key by which numbers are compared. Without leading zeros, a longer number is greater.
fn number(digits: &[u8]) -> (usize, &[u8]) {
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    (digits.len() - zeros, &digits[zeros..])
}

/// The key by which text is compared. Numbers come before everything else.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    /// See [`number`].
    Number((usize, &'a [u8])),
    /// A character in lower case.
    Char(char),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut lower = None::<std::char::ToLowercase>;
    std::iter::from_fn(move || {
        if let Some(c) = lower.as_mut().and_then(Iterator::next) {
            return Some(Piece::Char(c));
        }
        let digits = digits(rest.as_bytes());
        if digits > 0 {
            let (first, others) = rest.split_at(digits);
            rest = others;
            return Some(Piece::Number(number(first.as_bytes())));
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        rest = chars.as_str();
        lower.insert(c.to_lowercase()).next().map(Piece::Char)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_list() {
        let ordered = [
            "",
            "0",
            "00",
            "01",
            "1",
            "2",
            "10",
            "99999999999999999999",
            "100000000000000000000",
            "a",
            "a1",
            "A2",
            "a10",
            "a10b",
            "b",
            "ß",
            "Ä1",
            "ä2",
            "日本",
            "日本9",
            "日本10",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(NaturalSort::compare(a, b), i.cmp(&j), "{a:?} and {b:?}");
            }
        }
    }
}
