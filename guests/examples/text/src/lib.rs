//! Functions on text that know Unicode.
//!
//! ```sql
//! CREATE EXTENSION text LANGUAGE wasm AS file://guests/prebuilt/text.wasm;
//! SELECT slugify('Crème Brûlée & Œufs!');                     -- creme-brulee-oeufs
//! SELECT reverse('año 👩‍👩‍👧');                                  -- 👩‍👩‍👧 oña
//! SELECT levenshtein('kitten', 'sitting');                    -- 3
//! SELECT regex_match('^\d{4}-', '2026-11-20');                -- 1
//! SELECT regex_replace('(\w+) (\w+)', 'Ada Lovelace', '$2, $1');  -- Lovelace, Ada
//! SELECT part FROM regex_split('\s*[,;]\s*', 'a, b; c');      -- a, b, c: three rows
//! ```
//!
//! SQL's REGEXP operator calls the function `regexp`, which an application can point here:
//!
//! ```sql
//! CREATE FUNCTION regexp LANGUAGE wasm AS file://guests/prebuilt/text.wasm EXPORT 'regex_match';
//! SELECT name FROM airports WHERE name REGEXP '(?i)international$';
//! ```

pub mod distance;
pub mod pattern;
pub mod slug;

use unicode_segmentation::UnicodeSegmentation;

/// The text backwards, by what people see as characters (extended grapheme clusters), so that accents and
/// joined emoji stay together.
#[commensal_sdk::function(deterministic)]
pub fn reverse(text: &str) -> String {
    text.graphemes(true).rev().collect()
}

/// The number of characters as people see them (extended grapheme clusters).
#[commensal_sdk::function(deterministic)]
pub fn grapheme_count(text: &str) -> i64 {
    text.graphemes(true).count() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphemes_stay_together() {
        let cases = [
            ("", "", 0),
            ("abc", "cba", 3),
            ("noe\u{308}l", "le\u{308}on", 4),
            ("a👩‍👩‍👧b", "b👩‍👩‍👧a", 3),
            ("🇩🇪🇫🇷", "🇫🇷🇩🇪", 2),
            ("x\r\ny", "y\r\nx", 3),
            ("a\0b", "b\0a", 3),
        ];
        for (text, reversed, count) in cases {
            assert_eq!(reverse(text), reversed);
            assert_eq!(grapheme_count(text), count, "{text}");
        }
    }
}
