//! SQLite's tokens: where each begins and ends, and its kind.
//!
//! The lexer follows `sqlite3GetToken` byte for byte, so that both see the same statements in a text. The one
//! difference is that text does not end at a NUL. Outside of literals, quoted names and comments a NUL is an
//! illegal token, so nothing can hide behind it.
//!
//! Keywords are plain identifiers here; the caller decides what a token means. Nothing is allocated or copied,
//! and each byte is looked at a constant number of times at most.

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// White space, or a byte order mark.
    Space,
    /// `-- …` to the end of the line, or `/* … */`, whose end may be missing.
    Comment,
    /// A bare identifier or a keyword.
    Identifier,
    /// `"…"`, `` `…` `` or `[…]`.
    QuotedIdentifier,
    /// `'…'`.
    String,
    /// `X'…'`. The content is not checked to be an even number of hexadecimal digits.
    Blob,
    /// An integer, decimal or `0x…`, with or without digit separators (`1_000`).
    Integer,
    /// A number with a fraction or an exponent.
    Float,
    /// `?`, `?NNN`, `:name`, `@name`, `$name`.
    Parameter,
    /// `;`
    Semicolon,
    /// `(`
    LeftParenthesis,
    /// `)`
    RightParenthesis,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `=` or `==`
    Equals,
    /// Any other operator.
    Operator,
    /// Bytes that are no token, or a token without its closing quote.
    Illegal,
    /// The end of the text.
    End,
}

/// A token: its kind, text and position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The kind.
    pub kind: TokenKind,
    /// The text with all quotes. Empty only at the end.
    pub text: &'a str,
    /// Byte offset of the text.
    pub offset: usize,
}

impl Token<'_> {
    /// Whether this is `keyword`, bare and in any letter case.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Identifier && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Byte offset of the first byte after the token.
    pub fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    /// Whether SQL ignores the token.
    pub fn is_trivia(&self) -> bool {
        matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

/// Reads the tokens of a text one after the other. A copy works as a bookmark.
#[derive(Clone, Copy, Debug)]
pub struct Lexer<'a> {
    sql: &'a str,
    offset: usize,
}

impl<'a> Lexer<'a> {
    /// Begins at the start of `sql`.
    pub const fn new(sql: &'a str) -> Self {
        Self { sql, offset: 0 }
    }

    /// The whole text.
    pub const fn sql(&self) -> &'a str {
        self.sql
    }

    /// The next token, including white space and comments. At the end it returns [`TokenKind::End`] every time.
    pub fn token(&mut self) -> Token<'a> {
        let offset = self.offset;
        let (kind, len) = match &self.sql.as_bytes()[offset..] {
            [] => (TokenKind::End, 0),
            rest => scan(rest),
        };
        self.offset += len;
        Token { kind, text: &self.sql[offset..self.offset], offset }
    }

    /// The next token that is neither white space nor a comment.
    pub fn significant(&mut self) -> Token<'a> {
        loop {
            let token = self.token();
            if !token.is_trivia() {
                return token;
            }
        }
    }

    /// The next token that begins a statement: neither white space, nor a comment, nor `;`.
    pub fn first(&mut self) -> Token<'a> {
        loop {
            let token = self.significant();
            if token.kind != TokenKind::Semicolon {
                return token;
            }
        }
    }

    /// Whether the rest of the text contains the keyword, bare and in any letter case.
    pub fn has_word(mut self, keyword: &str) -> bool {
        loop {
            let token = self.significant();
            if token.kind == TokenKind::End || token.is(keyword) {
                return token.kind != TokenKind::End;
            }
        }
    }

    /// Takes bytes up to white space, `;` or the end as one token of `kind`. `offset` must be the start of a
    /// token. This reads text within SQL that is not SQL.
    pub(super) fn raw(&mut self, offset: usize, kind: TokenKind) -> Token<'a> {
        let rest = &self.sql[offset..];
        let len = rest.bytes().position(ends_raw).unwrap_or(rest.len());
        self.offset = offset + len;
        Token { kind, text: &rest[..len], offset }
    }
}

/// Whether a byte ends unquoted raw text.
pub(super) const fn ends_raw(byte: u8) -> bool {
    is_space(byte) || byte == b';'
}

/// White space by `sqlite3Isspace`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// SQLite's `IdChar`: a byte that can stand in a bare identifier.
pub(super) const fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// Kind and length of the token at the beginning of `bytes`, which is not empty.
fn scan(bytes: &[u8]) -> (TokenKind, usize) {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    match bytes[0] {
        // A vertical tab continues white space but cannot begin it.
        b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => (TokenKind::Space, run(bytes, 1, is_space)),
        0xef if at(1) == 0xbb && at(2) == 0xbf => (TokenKind::Space, 3),
        b'-' if at(1) == b'-' => (TokenKind::Comment, run(bytes, 2, |byte| byte != b'\n')),
        b'/' if at(1) == b'*' && bytes.len() > 2 => (TokenKind::Comment, block_comment(bytes)),
        b';' => (TokenKind::Semicolon, 1),
        b'(' => (TokenKind::LeftParenthesis, 1),
        b')' => (TokenKind::RightParenthesis, 1),
        b',' => (TokenKind::Comma, 1),
        b'=' => (TokenKind::Equals, 1 + usize::from(at(1) == b'=')),
        b'-' if at(1) == b'>' => (TokenKind::Operator, 2 + usize::from(at(2) == b'>')),
        b'<' => (TokenKind::Operator, 1 + usize::from(matches!(at(1), b'=' | b'>' | b'<'))),
        b'>' => (TokenKind::Operator, 1 + usize::from(matches!(at(1), b'=' | b'>'))),
        b'!' if at(1) == b'=' => (TokenKind::Operator, 2),
        b'|' => (TokenKind::Operator, 1 + usize::from(at(1) == b'|')),
        b'-' | b'/' | b'+' | b'*' | b'%' | b'&' | b'~' => (TokenKind::Operator, 1),
        b'\'' => quoted(bytes, TokenKind::String),
        b'"' | b'`' => quoted(bytes, TokenKind::QuotedIdentifier),
        b'[' => up_to(bytes, 1, b']', TokenKind::QuotedIdentifier),
        b'x' | b'X' if at(1) == b'\'' => up_to(bytes, 2, b'\'', TokenKind::Blob),
        b'.' if !at(1).is_ascii_digit() => (TokenKind::Dot, 1),
        b'.' | b'0'..=b'9' => number(bytes),
        b'?' => (TokenKind::Parameter, run(bytes, 1, |byte| byte.is_ascii_digit())),
        b'$' | b'@' | b':' | b'#' => named_parameter(bytes),
        byte if is_identifier(byte) => (TokenKind::Identifier, run(bytes, 1, is_identifier)),
        _ => (TokenKind::Illegal, 1),
    }
}

/// The end of the bytes from `start` on that satisfy `accept`.
fn run(bytes: &[u8], start: usize, accept: impl Fn(u8) -> bool) -> usize {
    bytes[start..].iter().position(|&byte| !accept(byte)).map_or(bytes.len(), |n| start + n)
}

fn block_comment(bytes: &[u8]) -> usize {
    bytes[2..].windows(2).position(|pair| pair == b"*/").map_or(bytes.len(), |n| n + 4)
}

/// A token that ends at the first `close` from `start` on.
fn up_to(bytes: &[u8], start: usize, close: u8, kind: TokenKind) -> (TokenKind, usize) {
    match run(bytes, start, |byte| byte != close) {
        end if end < bytes.len() => (kind, end + 1),
        end => (TokenKind::Illegal, end),
    }
}

/// A quoted token. A doubled quote in it stands for one.
fn quoted(bytes: &[u8], kind: TokenKind) -> (TokenKind, usize) {
    let quote = bytes[0];
    let mut start = 1;
    loop {
        let end = run(bytes, start, |byte| byte != quote);
        match bytes.get(end + 1) {
            Some(&next) if next == quote => start = end + 2,
            _ if end < bytes.len() => return (kind, end + 1),
            _ => return (TokenKind::Illegal, end),
        }
    }
}

fn number(bytes: &[u8]) -> (TokenKind, usize) {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let digits = |start| run(bytes, start, |byte| byte.is_ascii_digit() || byte == b'_');
    let mut kind = TokenKind::Integer;
    let mut end;
    if at(0) == b'0' && matches!(at(1), b'x' | b'X') && at(2).is_ascii_hexdigit() {
        end = run(bytes, 3, |byte| byte.is_ascii_hexdigit() || byte == b'_');
    } else {
        end = digits(0);
        if at(end) == b'.' {
            kind = TokenKind::Float;
            end = digits(end + 1);
        }
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if matches!(at(end), b'e' | b'E') && at(end + 1 + sign).is_ascii_digit() {
            kind = TokenKind::Float;
            end = digits(end + 1 + sign);
        }
    }
    match run(bytes, end, is_identifier) {
        after if after == end => (kind, end),
        after => (TokenKind::Illegal, after),
    }
}

/// `:name`, `@name` or `$name`. As in Tcl's variables, the name can contain `::` and end with a suffix in
/// parentheses. `#name` is for SQLite's internal use and illegal for everybody else.
fn named_parameter(bytes: &[u8]) -> (TokenKind, usize) {
    let mut end = 1;
    let mut named = false;
    let mut closed = true;
    while let Some(&byte) = bytes.get(end) {
        if is_identifier(byte) {
            named = true;
            end += 1;
        } else if byte == b'(' && named {
            end = run(bytes, end + 1, |byte| !is_space(byte) && !matches!(byte, b')' | 0));
            closed = bytes.get(end) == Some(&b')');
            end += usize::from(closed);
            break;
        } else if bytes[end..].starts_with(b"::") {
            end += 2;
        } else {
            break;
        }
    }
    let legal = named && closed && bytes[0] != b'#';
    (if legal { TokenKind::Parameter } else { TokenKind::Illegal }, end)
}
