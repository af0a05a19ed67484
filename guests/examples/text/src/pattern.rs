//! Regular expressions, through the [`regex`] crate. The time of a search grows only with the text,
//! whatever the pattern.

use std::cell::RefCell;

use commensal_sdk::TableFunction;
use regex::{Error, Regex};

/// Calls `search` with the compiled pattern. The last pattern is kept, because it is mostly the same in
/// every row of a statement, and compiling takes a thousand times as long as searching.
fn with_regex<T>(pattern: &str, search: impl FnOnce(&Regex) -> T) -> Result<T, Error> {
    thread_local! {
        static LAST: RefCell<Option<Regex>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some(regex) if regex.as_str() == pattern => Ok(search(regex)),
        _ => Ok(search(last.insert(Regex::new(pattern)?))),
    })
}

/// Whether the pattern matches somewhere in the text. The order of arguments is that of SQL's REGEXP
/// operator, `text REGEXP pattern`.
///
/// # Errors
/// The pattern is wrong, or too large when compiled.
#[commensal_sdk::function(deterministic)]
pub fn regex_match(pattern: &str, text: &str) -> Result<bool, Error> {
    with_regex(pattern, |regex| regex.is_match(text))
}

/// The first match of the pattern in the text; NULL if there is none.
///
/// # Errors
/// The pattern is wrong, or too large when compiled.
#[commensal_sdk::function(deterministic)]
pub fn regex_find<'a>(pattern: &str, text: &'a str) -> Result<Option<&'a str>, Error> {
    with_regex(pattern, |regex| regex.find(text).map(|found| found.as_str()))
}

/// The text with every match of the pattern replaced. In the replacement, `$1` and `${name}` stand for
/// groups of the match, and `$$` for a dollar sign.
///
/// # Errors
/// The pattern is wrong, or too large when compiled.
#[commensal_sdk::function(deterministic)]
pub fn regex_replace(pattern: &str, text: &str, replacement: &str) -> Result<String, Error> {
    with_regex(pattern, |regex| regex.replace_all(text, replacement).into_owned())
}

/// The parts of a text between the matches of a pattern, each with the position of its first character, from
/// 1 as in SQL: `regex_split(pattern, text)`.
pub struct RegexSplit {
    regex: Regex,
    text: String,
    /// The offset of the next part in bytes and in characters; `None` after the last one.
    next: Option<(usize, i64)>,
}

#[commensal_sdk::table_function(
    name = "regex_split",
    columns("part", "position"),
    arguments("pattern", "text")
)]
impl TableFunction for RegexSplit {
    type Arguments<'a> = (&'a str, &'a str);
    type Row<'a> = (&'a str, i64);
    type Error = Error;

    fn open((pattern, text): Self::Arguments<'_>) -> Result<Self, Error> {
        let regex = with_regex(pattern, Regex::clone)?;
        Ok(Self { regex, text: text.to_owned(), next: Some((0, 1)) })
    }

    fn next(&mut self) -> Result<Option<(&str, i64)>, Error> {
        let Some((start, position)) = self.next else { return Ok(None) };
        // An empty match at the beginning of a part would repeat the same part for ever.
        let matches = |at| self.regex.find_at(&self.text, at).filter(|m| m.end() > start);
        let after = self.text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        let found = matches(start).or_else(|| matches(after));
        let end = found.map_or(self.text.len(), |found| found.start());
        self.next = found.map(|found| {
            let skipped = self.text[start..found.end()].chars().count() as i64;
            (found.end(), position + skipped)
        });
        Ok(Some((&self.text[start..end], position)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_is_between_matches() {
        type Case = (&'static str, &'static str, &'static [(&'static str, i64)]);
        let cases: [Case; 6] = [
            (r"[,;]\s*", "é, b;c", &[("é", 1), ("b", 4), ("c", 6)]),
            (",", "", &[("", 1)]),
            (",", ",a,", &[("", 1), ("a", 2), ("", 4)]),
            ("x", "abc", &[("abc", 1)]),
            ("", "né", &[("n", 1), ("é", 2), ("", 3)]),
            (r"\b", "a b", &[("a", 1), (" ", 2), ("b", 3), ("", 4)]),
        ];
        for (pattern, text, expected) in cases {
            let mut split = RegexSplit::open((pattern, text)).unwrap();
            let mut parts = Vec::new();
            while let Some((part, position)) = split.next().unwrap() {
                parts.push((part.to_owned(), position));
            }
            let parts: Vec<_> = parts.iter().map(|(part, at)| (part.as_str(), *at)).collect();
            assert_eq!(parts, expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn matches() {
        let cases = [
            (r"^\d{4}-", "2026-11-20", true),
            ("b", "abc", true),
            ("^b", "abc", false),
            ("(?i)STRASSE|GRÖSSE", "große, grösse", true),
            (r"^\w+$", "größe", true),
            ("", "", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(regex_match(pattern, text), Ok(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn finds_and_replaces() {
        assert_eq!(regex_find(r"\d+", "a12b3"), Ok(Some("12")));
        assert_eq!(regex_find(r"\d+", "ab"), Ok(None));
        assert_eq!(
            regex_replace(r"(\w+) (?<last>\w+)", "Ada Lovelace", "${last}, $1").unwrap(),
            "Lovelace, Ada"
        );
    }

    #[test]
    fn a_wrong_pattern_is_an_error_and_leaves_the_last_one() {
        assert_eq!(regex_match("b", "abc"), Ok(true));
        assert!(regex_match("(", "abc").unwrap_err().to_string().contains("unclosed group"));
        assert!(regex_match(r"\w{5000}{5000}", "").is_err());
        assert_eq!(regex_match("b", "abc"), Ok(true));
    }
}
