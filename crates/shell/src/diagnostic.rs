//! Messages on standard error: the problem, its place, and the piece of SQL with a caret under it.
//!
//! Messages may come from guests and files: control characters in them never reach the terminal.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::io::Write;

use anstyle::{AnsiColor, Style};
use commensal::LogLevel;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Columns of SQL shown on either side of an error.
const CONTEXT_COLUMNS: usize = 38;

/// A message with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// The file; `None` for the command line and standard input.
    source: Option<String>,
    /// From 1.
    line: Option<usize>,
    message: String,
    excerpt: Option<Excerpt>,
}

/// A part of one line, and how many terminal columns precede the error in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    column: usize,
}

impl Diagnostic {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { source: None, line: None, message: message.into(), excerpt: None }
    }

    /// An error in `sql`, whose first line is `line` of its source.
    pub(crate) fn in_sql(error: &commensal::Error, sql: &str, first_line: usize) -> Self {
        let at = error.offset().map(|offset| sql.floor_char_boundary(offset));
        let start = sql.len() - sql.trim_start().len();
        let line = first_line + newlines(&sql[..at.unwrap_or(start)]);
        Self {
            line: Some(line),
            excerpt: at.map(|at| Excerpt::around(sql, at)),
            ..Self::new(error.message())
        }
    }

    /// Adds the file.
    #[must_use]
    pub(crate) fn in_source(self, source: Option<&str>) -> Self {
        Self { source: self.source.or_else(|| source.map(str::to_owned)), ..self }
    }

    /// Adds the line, unless there is one.
    #[must_use]
    pub(crate) fn at_line(self, line: usize) -> Self {
        Self { line: self.line.or(Some(line)), ..self }
    }

    /// Writes to standard error, in colour where the terminal and the user's environment want it.
    pub(crate) fn print(&self) {
        // If standard error is closed, nobody can be told.
        let _ = writeln!(anstream::stderr().lock(), "{ERROR}Error:{ERROR:#} {self}");
    }
}

/// A message for the user that is not an error.
pub(crate) fn warn(message: impl Display) {
    let message = in_message(&message.to_string());
    let _ = writeln!(anstream::stderr().lock(), "{WARNING}Warning:{WARNING:#} {message}");
}

/// A message from a guest with the capability `log`.
pub(crate) fn log(level: LogLevel, message: &str) {
    let style = match level {
        LogLevel::Error => ERROR,
        LogLevel::Warn => WARNING,
        LogLevel::Info | LogLevel::Debug => Style::new(),
    };
    let message = in_message(message);
    let _ = writeln!(anstream::stderr().lock(), "{style}Log ({level:?}):{style:#} {message}");
}

impl Display for Diagnostic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{}: ", printable(source))?;
        }
        if let Some(line) = self.line {
            write!(f, "near line {line}: ")?;
        }
        f.write_str(&in_message(&self.message))?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

impl Display for Excerpt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {}\n  ", self.text)?;
        // Left of the caret where there is no room to its right.
        match self.column.checked_sub("error here ---".len()) {
            Some(indent) if self.column > CONTEXT_COLUMNS => {
                write!(f, "{:indent$}error here ---^", "")
            }
            _ => write!(f, "{:indent$}^--- error here", "", indent = self.column),
        }
    }
}

impl Excerpt {
    /// The surroundings of a byte offset within its line.
    fn around(sql: &str, at: usize) -> Self {
        let (before, after) = sql.split_at(at);
        let before = before.rsplit('\n').next().unwrap_or_default();
        let after = after.split(['\n', '\r']).next().unwrap_or_default();
        let start = before.len() - fitting(before.chars().rev());
        let mut text = one_line(&before[start..]);
        if start == 0 {
            text = text.trim_start().to_owned();
        } else {
            text.insert(0, '…');
        }
        let column = text.width();
        let end = fitting(after.chars());
        text.push_str(&one_line(&after[..end]));
        if end < after.len() {
            text.push('…');
        }
        Self { text, column }
    }
}

/// Bytes of the characters that fit into the context.
fn fitting(characters: impl Iterator<Item = char>) -> usize {
    let (mut bytes, mut columns) = (0, 0);
    for character in characters {
        columns += character.width().unwrap_or(2);
        if columns > CONTEXT_COLUMNS {
            break;
        }
        bytes += character.len_utf8();
    }
    bytes
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

pub(crate) fn one_line(text: &str) -> String {
    without_directions(&printable(text)).replace(['\t', '\n'], " ")
}

/// The text as part of a message. Its further lines are indented, so that none of them looks like another message.
fn in_message(text: &str) -> String {
    let text = without_directions(&printable(text));
    let mut lines = text.split('\n');
    let mut message = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let indent = if line.is_empty() || line.starts_with(' ') { "\n" } else { "\n  " };
        message.extend([indent, line]);
    }
    message
}

/// The text with the characters escaped that turn the direction of what follows.
fn without_directions(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match text.contains(turns) {
        true => text.chars().fold(String::new(), |mut escaped, character| {
            match turns(character) {
                true => escaped.extend(character.escape_unicode()),
                false => escaped.push(character),
            }
            escaped
        }),
        false => text.to_owned(),
    }
}

/// The text with control characters other than tab and newline in caret notation (`^[`), so that it
/// cannot command a terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match u32::from(character) {
            _ if !harmful(character) => printable.push(character),
            code @ 0..0x20 => printable.extend(['^', char::from(code as u8 + b'@')]),
            0x7f => printable.push_str("^?"),
            // Control characters above ASCII.
            code => printable.push_str(&format!("\\u{{{code:x}}}")),
        }
    }
    Cow::Owned(printable)
}

#[cfg(test)]
mod tests {
    use commensal::{Error, ErrorKind};

    use super::{Diagnostic, in_message, one_line, printable};

    #[test]
    fn points_at_the_position() {
        let long = format!("SELECT '{}' FRUM t", "é".repeat(1000));
        let frum = long.find("FRUM").unwrap();
        for (sql, offset, expected) in [
            ("SELECT x", Some(7), "near line 3: m\n  SELECT x\n         ^--- error here"),
            (
                "\n\n SELECT 'ü漢', x\n",
                Some(19),
                "near line 5: m\n  SELECT 'ü漢', x\n                ^--- error here",
            ),
            ("\n SELECT 1;", None, "near line 4: m"),
            ("SELECT", Some(6), "near line 3: m\n  SELECT\n        ^--- error here"),
            ("SELECT", Some(600), "near line 3: m\n  SELECT\n        ^--- error here"),
            (
                &long,
                Some(frum),
                "near line 3: m\n  …éééééééééééééééééééééééééééééééééééé' FRUM t\n                           error here ---^",
            ),
        ] {
            let error = Error::new(ErrorKind::Syntax, "m");
            let error = offset.map_or(error.clone(), |offset| error.at(offset));
            assert_eq!(Diagnostic::in_sql(&error, sql, 3).to_string(), expected, "{sql}");
        }
    }

    #[test]
    fn a_message_forges_no_other() {
        for (text, expected) in [
            ("one\nError: two\n\n  three", "one\n  Error: two\n\n  three"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(in_message(text), expected);
        }
        assert_eq!(one_line("a\nb\u{2066}"), "a b\\u{2066}");
    }

    #[test]
    fn control_characters_are_shown() {
        for (text, expected) in [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\x1b[2J\0\x7f", "^[[2J^@^?"),
            ("a\u{9b}b", "a\\u{9b}b"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
