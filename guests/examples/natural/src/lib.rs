//! An order of text in which numbers count.
//!
//! ```sql
//! CREATE EXTENSION natural LANGUAGE wasm AS file://guests/prebuilt/natural.wasm;
//! SELECT name FROM files ORDER BY name COLLATE natural_sort;   -- img9.png before img12.png
//! CREATE INDEX files_by_name ON files(name COLLATE natural_sort);
//! ```

use std::cmp::Ordering;

use commensal_sdk::Collation;

/// Runs of digits by their number, everything else without regard to case; what is equal so, by bytes.
pub struct NaturalSort;

#[commensal_sdk::collation]
impl Collation for NaturalSort {
    fn compare(a: &str, b: &str) -> Ordering {
        pieces(a).cmp(pieces(b)).then_with(|| a.cmp(b))
    }
}

/// What text is compared by. Numbers come before everything else.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    /// The digits of a number without leading zeros; the longer number is the greater.
    Number(usize, &'a str),
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
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let number = rest[..digits].trim_start_matches('0');
            rest = &rest[digits..];
            return Some(Piece::Number(number.len(), number));
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        rest = chars.as_str();
        if c.is_ascii() {
            return Some(Piece::Char(c.to_ascii_lowercase()));
        }
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
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(NaturalSort::compare(a, b), i.cmp(&j), "{a:?} and {b:?}");
            }
        }
    }
}
