//! The layer between all output and a terminal. Control characters are shown and not sent, because
//! values, names and schemas come from files that anybody may have written.
//!
//! All of standard output goes through it, so that no way of printing can forget it. Into a file or a
//! pipe, bytes are written unchanged.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use clap::ValueEnum;

use crate::diagnostic::printable;

/// When to show control characters instead of writing them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Escape {
    /// On a terminal
    #[default]
    Auto,
    /// Always, in caret notation: ^[
    Ascii,
    /// Never
    Off,
}

/// Standard output; flushed before anything goes to standard error and at the end.
pub(crate) type Output = BufWriter<Screen<Stdout>>;

/// Standard output, or what replaces it.
pub(crate) fn output(escape: Escape) -> Output {
    let stdout = io::stdout();
    let escape = match escape {
        Escape::Auto => stdout.is_terminal(),
        Escape::Ascii => true,
        Escape::Off => false,
    };
    BufWriter::with_capacity(1 << 16, Screen::new(stdout, escape))
}

/// A writer that may escape control characters.
pub(crate) struct Screen<W> {
    inner: W,
    escape: bool,
    /// The first bytes of a character whose other bytes have not arrived.
    begun: Vec<u8>,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(inner: W, escape: bool) -> Self {
        Self { inner, escape, begun: Vec::new() }
    }

    fn write_escaped(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut text = String::with_capacity(bytes.len() + 8);
        let mut begun: &[u8] = &[];
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(&printable(chunk.valid()));
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_beginning(invalid) {
                begun = invalid;
            } else {
                push_bytes(&mut text, invalid);
            }
        }
        self.begun = begun.to_owned();
        self.inner.write_all(text.as_bytes())
    }
}

/// Whether these bytes are an incomplete character.
fn is_beginning(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A terminal may read single bytes above ASCII as control characters.
fn push_bytes(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push_str(&format!("\\x{byte:02x}"));
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.escape {
            return self.inner.write(bytes);
        }
        if self.begun.is_empty() {
            self.write_escaped(bytes)?;
        } else {
            let mut all = std::mem::take(&mut self.begun);
            all.extend_from_slice(bytes);
            self.write_escaped(&all)?;
        }
        Ok(bytes.len())
    }

    /// Also writes an incomplete character.
    fn flush(&mut self) -> io::Result<()> {
        if !self.begun.is_empty() {
            let mut text = String::new();
            push_bytes(&mut text, &std::mem::take(&mut self.begun));
            self.inner.write_all(text.as_bytes())?;
        }
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Screen;

    fn written(escape: bool, pieces: &[&[u8]]) -> String {
        let mut screen = Screen::new(Vec::new(), escape);
        for piece in pieces {
            screen.write_all(piece).unwrap();
        }
        screen.flush().unwrap();
        String::from_utf8_lossy(&screen.inner).into_owned()
    }

    #[test]
    fn control_characters_are_shown() {
        for (bytes, expected) in [
            (&b"plain\ttext\n"[..], "plain\ttext\n"),
            (b"\x1b]0;owned\x07\r\n", "^[]0;owned^G^M\n"),
            ("a\u{9b}2J\u{7f}é漢😀".as_bytes(), "a\\u{9b}2J^?é漢😀"),
            (b"\x9b2J\xff", "\\x9b2J\\xff"),
            ("é".as_bytes().split_at(1).0, "\\xc3"),
            (b"", ""),
        ] {
            assert_eq!(written(true, &[bytes]), expected);
            // However it arrives.
            let pieces: Vec<_> = bytes.chunks(1).collect();
            assert_eq!(written(true, &pieces), expected);
        }
        assert_eq!(written(false, &[b"\x1b[2J", "é".as_bytes()]), "\x1b[2Jé");
    }
}
