//! Writes statements and names as SQL text, for people and for [`parse()`](super::parse).

use std::fmt::{self, Display, Formatter, Write};

use super::statement::{Create, Source, With};

/// A name as a quoted identifier: `"my ""name"""`. Works for every name, including keywords. Names with NUL
/// characters are not legal in any statement.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text as a string literal: `'it''s'`. SQLite ends its statements at a NUL character, so text with one works
/// only in our statements.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Display for Create {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("CREATE ")?;
        if self.or_replace {
            f.write_str("OR REPLACE ")?;
        }
        f.write_str(self.kind.keyword())?;
        if self.if_not_exists {
            f.write_str(" IF NOT EXISTS")?;
        }
        write!(f, " {} LANGUAGE wasm AS {}", quote_identifier(&self.name), self.source)?;
        if let Some(export) = &self.export {
            write!(f, " EXPORT {}", quote_text(export))?;
        }
        if self.deterministic {
            f.write_str(" DETERMINISTIC")?;
        }
        if self.with != With::default() {
            write!(f, " WITH ({})", self.with)?;
        }
        if self.cascade_reindex {
            f.write_str(" CASCADE REINDEX")?;
        }
        Ok(())
    }
}

/// The source as SQL. A file is always a string literal, which can hold any path.
impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(bytes) => blob(f, bytes),
            Self::Text(text) => f.write_str(&quote_text(text)),
            Self::File(path) => f.write_str(&quote_text(&format!("file://{path}"))),
            Self::Parameter(number) => write!(f, "?{number}"),
        }
    }
}

/// The options within the parentheses.
impl Display for With {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let limits =
            [("timeout_ms", self.timeout_ms), ("fuel", self.fuel), ("memory_mb", self.memory_mb)];
        let mut separator = "";
        for (option, value) in limits {
            if let Some(value) = value {
                write!(f, "{separator}{option} = {value}")?;
                separator = ", ";
            }
        }
        if let Some(capabilities) = self.allow {
            write!(f, "{separator}allow = '{capabilities}'")?;
            separator = ", ";
        }
        if let Some(prefix) = self.selection.prefix() {
            write!(f, "{separator}prefix = {}", quote_text(prefix))?;
            separator = ", ";
        }
        if let Some(names) = self.selection.without() {
            write!(f, "{separator}without = {}", quote_text(&names))?;
        }
        Ok(())
    }
}

fn blob(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    f.write_str("X'")?;
    for byte in bytes {
        f.write_char(DIGITS[usize::from(byte >> 4)])?;
        f.write_char(DIGITS[usize::from(byte & 15)])?;
    }
    f.write_char('\'')
}
