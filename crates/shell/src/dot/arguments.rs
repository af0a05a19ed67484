//! The words of a dot command: separated by white space; quotes keep it, and within double quotes
//! `\t`, `\n`, `\r`, `\"` and `\\` stand for what they do elsewhere, as in sqlite3.

use crate::failure::{Failure, Result};

pub(super) fn split(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' => rest[1..]
                .split_once('\'')
                .map(|(word, after)| (word.to_owned(), after))
                .ok_or_else(|| unclosed(first))?,
            '"' => double_quoted(&rest[1..]).ok_or_else(|| unclosed(first))?,
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((word, &text[at + 1..])),
            '\\' => word.push(match characters.next()?.1 {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            other => word.push(other),
        }
    }
    None
}

fn unclosed(quote: char) -> Failure {
    Failure::message(format!("the argument that begins with {quote} has no end"))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn splits() {
        for (line, expected) in [
            ("", Some(&[][..])),
            ("mode  csv ", Some(&["mode", "csv"])),
            (
                r#"import 'my file.csv' "a\t\"b\"\\""#,
                Some(&["import", "my file.csv", "a\t\"b\"\\"]),
            ),
            ("nullvalue ''", Some(&["nullvalue", ""])),
            ("read 'open", None),
            (r#"read "open\""#, None),
        ] {
            assert_eq!(
                split(line).ok(),
                expected.map(|words| words.iter().map(|word| (*word).to_owned()).collect())
            );
        }
    }
}
