//! The parser's position in the text: the current token, ways to step over it, and errors about it.
//!
//! It knows no statements, only their parts.

use crate::error::{Error, ErrorKind, Result};

use super::lexer::{Lexer, Token, TokenKind};
use super::literal;

/// Characters of a token that a message shows.
const EXCERPT_CHARS_MAX: usize = 32;

/// The current token, and the text after it.
pub(super) struct Tokens<'a> {
    token: Token<'a>,
    lexer: Lexer<'a>,
}

impl<'a> Tokens<'a> {
    /// Begins at the first token of the first statement that is not empty.
    pub(super) fn new(sql: &'a str) -> Self {
        let mut lexer = Lexer::new(sql);
        let token = lexer.first();
        Self { token, lexer }
    }

    /// The current token.
    pub(super) const fn token(&self) -> Token<'a> {
        self.token
    }

    /// The token after the current one.
    pub(super) fn next(&self) -> Token<'a> {
        let mut lexer = self.lexer;
        lexer.significant()
    }

    /// Steps over the current token and returns it.
    pub(super) fn advance(&mut self) -> Token<'a> {
        std::mem::replace(&mut self.token, self.lexer.significant())
    }

    /// Steps over `keyword` if it is the current token.
    pub(super) fn accept(&mut self, keyword: &str) -> bool {
        let accepted = self.token.is(keyword);
        if accepted {
            self.advance();
        }
        accepted
    }

    /// Steps over `keyword`. If another token is there, `what` describes the keyword in the error.
    pub(super) fn expect(&mut self, keyword: &str, what: &str) -> Result<()> {
        if self.accept(keyword) { Ok(()) } else { Err(self.expected(what)) }
    }

    /// Steps over a token of `kind`. If another token is there, `what` describes it in the error.
    pub(super) fn expect_kind(&mut self, kind: TokenKind, what: &str) -> Result<Token<'a>> {
        if self.token.kind == kind { Ok(self.advance()) } else { Err(self.expected(what)) }
    }

    /// Steps over unquoted text from the current token to white space or `;`, if it begins with `prefix`. Returns
    /// it without the prefix.
    pub(super) fn accept_raw(&mut self, prefix: &str) -> Option<&'a str> {
        self.lexer.sql()[self.token.offset..].starts_with(prefix).then(|| {
            self.token = self.lexer.raw(self.token.offset, TokenKind::String);
            &self.advance().text[prefix.len()..]
        })
    }

    /// Steps over the name of `what`. It is a word or quoted text, is not empty and has no NUL characters.
    pub(super) fn name(&mut self, what: &str) -> Result<String> {
        let Some(name) = literal::name(&self.token) else {
            return Err(self.expected(what));
        };
        if name.is_empty() {
            return Err(self.error(format!("{what} must not be empty")));
        }
        if name.contains('\0') {
            return Err(self.error(format!("{what} must not hold NUL characters")));
        }
        self.advance();
        Ok(name)
    }

    /// Steps over a non-negative integer.
    pub(super) fn integer(&mut self, what: &str) -> Result<u64> {
        let token = self.expect_kind(TokenKind::Integer, what)?;
        literal::integer(&token)
    }

    /// Steps over the end of the statement and returns the number of bytes up to there. `what` describes what
    /// could have followed instead.
    pub(super) fn end(&mut self, what: &str) -> Result<usize> {
        match self.token.kind {
            TokenKind::Semicolon | TokenKind::End => Ok(self.token.end()),
            _ => Err(self.expected(what)),
        }
    }

    /// A syntax error at the current token.
    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Syntax, message).at(self.token.offset)
    }

    /// The error that `what` is missing here.
    #[cold]
    pub(super) fn expected(&self, what: &str) -> Error {
        match self.token.kind {
            TokenKind::End | TokenKind::Semicolon => {
                self.error(format!("expected {what} before the end of the statement"))
            }
            TokenKind::Illegal => self.error(illegal(self.token.text)),
            TokenKind::Parameter => self.error(format!(
                "expected {what}, near {}; only the source can be a parameter",
                excerpt(self.token.text)
            )),
            _ => self.error(format!("expected {what}, near {}", excerpt(self.token.text))),
        }
    }
}

fn illegal(text: &str) -> String {
    match text.as_bytes() {
        [b'\'', ..] => "the string literal has no closing '".to_owned(),
        [b'x' | b'X', b'\'', ..] => "the blob literal has no closing '".to_owned(),
        [b'[', ..] => "the quoted name has no closing ]".to_owned(),
        [quote @ (b'"' | b'`'), ..] => {
            format!("the quoted name has no closing {}", char::from(*quote))
        }
        _ => format!("unrecognized token {}", excerpt(text)),
    }
}

/// The beginning of a quoted token, without control characters.
pub(super) fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut excerpt = String::from('"');
    for c in chars.by_ref().take(EXCERPT_CHARS_MAX) {
        if c.is_control() { excerpt.extend(c.escape_default()) } else { excerpt.push(c) }
    }
    excerpt.push_str(if chars.next().is_some() { "…\"" } else { "\"" });
    excerpt
}
