//! The bytes of a CSV file, so that the `csv` crate loses nothing of them. It skips empty lines and takes the end of
//! the file for a closing quote.

use std::io::{self, Read};

/// Reads a file. An empty line becomes a row with one empty field, and a quote that is never closed an error.
pub(super) struct CsvText<R> {
    inner: R,
    state: State,
    /// What is left of a byte-order mark at the start.
    mark: &'static [u8],
    /// Whether the byte before was a carriage return, which a line feed belongs to.
    after_return: bool,
    line: u64,
    /// The line of the last quote that opened a field.
    opened: u64,
    /// What was read and has not been passed on.
    ready: Vec<u8>,
    passed: usize,
}

/// Where the reader is in a row, as the `csv` crate sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    RowStart,
    FieldStart,
    Field,
    Quoted,
    /// After a quote within quotes: their end, or half of a quote that is meant.
    Quote,
}

impl<R: Read> CsvText<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::RowStart,
            mark: "\u{feff}".as_bytes(),
            after_return: false,
            line: 1,
            opened: 0,
            ready: Vec::new(),
            passed: 0,
        }
    }

    fn take(&mut self, byte: u8) {
        if let [first, rest @ ..] = self.mark {
            let is_mark = byte == *first;
            self.mark = if is_mark { rest } else { &[] };
            if is_mark {
                self.ready.push(byte);
                return;
            }
        }
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        if matches!(byte, b'\n' | b'\r') {
            let ends_pair = byte == b'\n' && after_return;
            self.line += u64::from(!ends_pair);
            if self.state == State::RowStart && !ends_pair {
                self.ready.extend_from_slice(b"\"\"");
            }
        }
        self.ready.push(byte);
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
            (_, b'\n' | b'\r') => State::RowStart,
            (_, b',') => State::FieldStart,
            (State::RowStart | State::FieldStart, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            _ => State::Field,
        };
    }
}

impl<R: Read> Read for CsvText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed == self.ready.len() {
            (self.passed, self.ready) = (0, Vec::new());
            let mut bytes = [0; 8192];
            let count = self.inner.read(&mut bytes)?;
            if count == 0 && self.state == State::Quoted {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the quote in line {} is never closed", self.opened),
                ));
            }
            bytes[..count].iter().for_each(|&byte| self.take(byte));
        }
        let count = (&self.ready[self.passed..]).read(buffer)?;
        self.passed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<String> {
        let mut read = String::new();
        CsvText::new(text.as_bytes()).read_to_string(&mut read).map(|_| read)
    }

    #[test]
    fn empty_lines_are_rows() {
        for (text, expected) in [
            ("", ""),
            ("a\n", "a\n"),
            ("\n", "\"\"\n"),
            ("a\n\nb\r\n\r\nc", "a\n\"\"\nb\r\n\"\"\r\nc"),
            ("a\r\rb", "a\r\"\"\rb"),
            ("\"a\n\nb\"\n\n", "\"a\n\nb\"\n\"\"\n"),
            ("\"a\"\"\n\n\"\n", "\"a\"\"\n\n\"\n"),
            ("a\"b\n\n", "a\"b\n\"\"\n"),
            (",\n\n", ",\n\"\"\n"),
            ("\u{feff}\"a\n\n\"\n\n", "\u{feff}\"a\n\n\"\n\"\"\n"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_has_to_be_closed() {
        let error = read("a\n\"b\nc\n").unwrap_err();
        assert_eq!(error.to_string(), "the quote in line 2 is never closed");
        assert_eq!(read("a,\"\"").unwrap(), "a,\"\"");
    }
}
