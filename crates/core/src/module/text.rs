//! Turns a module's source, text or binary, into its binary form.

use std::borrow::Cow;

use wast::Wat;
use wast::lexer::{Lexer, TokenKind};
use wast::parser::{ParseBuffer, parse};

use super::problem::error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::stack;

/// The first bytes of every binary module and component.
pub(super) const MAGIC: &[u8; 4] = b"\0asm";

/// Largest number of tokens in a module's text. The parser takes some 200 bytes for each.
const TOKENS_MAX: usize = 1_000_000;

/// The binary form of a module given as WebAssembly text or binary. Binary passes through unread.
///
/// # Errors
/// A syntax error in text, with line and column; a source that is neither; too many bytes.
pub fn binary<'a>(source: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>> {
    if source.starts_with(MAGIC) {
        return Ok(Cow::Borrowed(source));
    }
    if source.is_empty() {
        return Err(error("the module is empty"));
    }
    let Ok(text) = std::str::from_utf8(source) else { return Err(neither(source)) };
    if !text.trim_start_matches(['\u{feff}']).trim_start().starts_with(['(', ';']) {
        return Err(neither(source));
    }
    if text.len() > limits.module_text_bytes_max {
        return Err(Error::new(
            ErrorKind::Limit,
            format!(
                "the module's text has {} bytes, more than module_text_bytes_max = {}: translate it \
                 to the binary format first, or let the host raise the limit",
                text.len(),
                limits.module_text_bytes_max
            ),
        ));
    }
    if has_too_many_tokens(text) {
        let message = format!(
            "the module's text has more than {TOKENS_MAX} tokens: translate it to the binary format first"
        );
        return Err(Error::new(ErrorKind::Limit, message));
    }
    stack::with_room(|| encode(text))?.map(Cow::Owned).map_err(|e| {
        let (line, column) = e.span().linecol_in(text);
        let message = e.message();
        error(format!(
            "the module's text, line {}, column {}: {}",
            line + 1,
            column + 1,
            message.lines().next().unwrap_or("syntax error")
        ))
    })
}

/// Looks at the tokens up to the first one that is none, which the parser reports.
fn has_too_many_tokens(text: &str) -> bool {
    let lexer = Lexer::new(text);
    let tokens = lexer.iter(0).map_while(std::result::Result::ok).filter(|token| {
        let is_trivia = matches!(
            token.kind,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment
        );
        !is_trivia
    });
    // Each token has at least one byte.
    text.len() > TOKENS_MAX && tokens.take(TOKENS_MAX + 1).count() > TOKENS_MAX
}

fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    parse::<Wat<'_>>(&buffer)?.encode()
}

fn neither(source: &[u8]) -> Error {
    let start: Vec<_> = source.iter().take(4).map(|b| format!("{b:02x}")).collect();
    error(format!(
        "not a WebAssembly module: a binary one begins with the bytes 00 61 73 6d, a text with \
         \"(\"; this begins with {}",
        start.join(" ")
    ))
}
