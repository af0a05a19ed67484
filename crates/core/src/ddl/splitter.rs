//! Finds where statements end in text that arrives piece by piece, for shells that read lines.
//!
//! The phases of a statement are those of [`sqlite3_complete`](https://www.sqlite.org/c3ref/complete.html) in
//! incremental form: each byte is looked at once, however the text is cut into pieces. The tokens are those of
//! the [`Lexer`](super::lexer::Lexer), which follows SQLite's tokenizer. `sqlite3_complete` knows fewer tokens:
//! it does not read `$x(;)` as one parameter, so a file can make it see an open quote where there is none and
//! take a line of a literal for a command. This splitter also knows that an unquoted `file://` after the AS of
//! our CREATE statements is not SQL, and that a comment that ends with its line leaves nothing open at the end of
//! the text.

use super::lexer::{ends_raw, is_identifier, is_space};

/// Tells whether the text fed so far ends with a complete statement.
///
/// ```
/// use commensal_core::ddl::Splitter;
///
/// let mut splitter = Splitter::new();
/// splitter.feed("SELECT 'a;\n");
/// assert!(!splitter.is_complete());
/// splitter.feed("b'; -- done\n");
/// assert!(splitter.is_complete());
/// assert_eq!(splitter.complete_bytes(), 14);
/// ```
#[derive(Clone, Debug)]
pub struct Splitter {
    phase: Phase,
    inside: Inside,
    fed_bytes: usize,
    complete_bytes: usize,
}

/// The state of the statement. The first eight are the states of `sqlite3_complete`, whose source explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Only white space and comments were fed.
    Nothing,
    /// Between statements.
    Start,
    Normal,
    Explain,
    Create,
    Trigger,
    /// After a `;` of a trigger's body.
    TriggerSemicolon,
    /// After the `;` and the END of a trigger's body.
    TriggerEnd,
    /// After CREATE TEMP. A trigger may follow, but none of our objects.
    CreateTemp,
    CreateOr,
    CreateOrReplace,
    /// In CREATE FUNCTION or CREATE EXTENSION.
    Definition,
    /// In a definition after AS, where `file://` may follow.
    DefinitionAs,
}

/// The construct that the last byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Nothing that can continue.
    Nothing,
    /// White space. A vertical tab continues it but cannot begin it.
    Space,
    Word(Word),
    Number(Number),
    /// After `.`. A digit makes it a number.
    Dot,
    Parameter(Parameter),
    /// After `-`, which may begin a comment.
    Dash,
    /// After `/`, which may begin a comment.
    Slash,
    LineComment,
    /// In `/* … */`. `star` says whether the last byte was a `*` that may end it.
    BlockComment {
        star: bool,
    },
    /// In quotes, up to this byte.
    Quotes(u8),
    /// After `file:`.
    FileColon,
    /// After `file:/`.
    FileSlash,
    /// In the path after `file://`.
    FilePath,
}

/// The state of a number. Characters that follow it without a gap belong to the token and make it illegal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// One zero. An `x` after it begins hexadecimal digits.
    Zero,
    Integer,
    Fraction,
    /// After the `e`.
    Exponent,
    /// After its sign.
    ExponentSign(u8),
    ExponentDigits,
    /// Hexadecimal digits, or characters that make the token illegal.
    Rest,
}

/// The state of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    /// After `?` and digits.
    Number,
    /// After the prefix or `::`. `named` says whether the name has begun.
    Name { named: bool },
    /// After one `:`. The name continues only with a second.
    Colon { named: bool },
    /// In the parentheses after the name.
    Suffix,
}

/// A bare word, up to the length of the longest keyword.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Word {
    bytes: [u8; Self::KEPT],
    /// Bytes of the word. Counts at most one more than are kept.
    len: usize,
}

impl Word {
    const KEPT: usize = 9;

    fn push(&mut self, byte: u8) {
        if let Some(kept) = self.bytes.get_mut(self.len) {
            *kept = byte;
        }
        self.len = (self.len + 1).min(Self::KEPT + 1);
    }

    fn is(&self, keyword: &str) -> bool {
        self.bytes.get(..self.len).is_some_and(|word| word.eq_ignore_ascii_case(keyword.as_bytes()))
    }

    fn is_byte_order_mark(&self) -> bool {
        self.bytes.get(..self.len) == Some(b"\xef\xbb\xbf")
    }
}

/// Tokens that change the phase. White space and comments do not.
#[derive(Clone, Copy)]
enum Token {
    Semicolon,
    Word(Word),
    Other,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter that has seen no text.
    pub const fn new() -> Self {
        Self { phase: Phase::Nothing, inside: Inside::Nothing, fed_bytes: 0, complete_bytes: 0 }
    }

    /// Takes the next piece of the text. The piece may end anywhere.
    pub fn feed(&mut self, piece: &str) {
        let mut rest = piece.as_bytes();
        while !rest.is_empty() {
            // Long runs are skipped in one search.
            let skipped = match self.inside {
                Inside::Quotes(close) => run(rest, |byte| byte != close),
                Inside::LineComment => run(rest, |byte| byte != b'\n'),
                Inside::BlockComment { star: false } => run(rest, |byte| byte != b'*'),
                Inside::FilePath => run(rest, |byte| !ends_raw(byte)),
                Inside::Parameter(Parameter::Suffix) => run(rest, |byte| !ends_suffix(byte)),
                _ => 0,
            };
            self.fed_bytes += skipped;
            rest = &rest[skipped..];
            if let Some((&byte, after)) = rest.split_first() {
                self.fed_bytes += 1;
                self.byte(byte);
                rest = after;
            }
        }
    }

    /// Whether the text ends with a complete statement: it has a statement, and only white space and closed
    /// comments follow the last `;`.
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Start
            && matches!(self.inside, Inside::Nothing | Inside::Space | Inside::LineComment)
    }

    /// Whether anything but white space and comments follows the last complete statement.
    pub fn is_pending(&self) -> bool {
        !matches!(self.phase, Phase::Nothing | Phase::Start)
            || !matches!(
                self.inside,
                Inside::Nothing | Inside::Space | Inside::LineComment | Inside::BlockComment { .. }
            )
    }

    /// Bytes of all text fed, up to and including the `;` of the last complete statement.
    pub const fn complete_bytes(&self) -> usize {
        self.complete_bytes
    }

    fn byte(&mut self, byte: u8) {
        self.inside = match self.inside {
            Inside::Nothing => self.begin(byte),
            Inside::Space if is_space(byte) => Inside::Space,
            Inside::Space => self.begin(byte),
            Inside::Word(word) => self.word(word, byte),
            Inside::Number(number) => self.number(number, byte),
            Inside::Dot if byte.is_ascii_digit() => Inside::Number(Number::Fraction),
            Inside::Dot => self.after_other(byte),
            Inside::Parameter(parameter) => self.parameter(parameter, byte),
            Inside::Dash if byte == b'-' => Inside::LineComment,
            Inside::Slash if byte == b'*' => Inside::BlockComment { star: false },
            Inside::Dash | Inside::Slash => self.after_other(byte),
            Inside::LineComment if byte != b'\n' => Inside::LineComment,
            Inside::BlockComment { star } if !(star && byte == b'/') => {
                Inside::BlockComment { star: byte == b'*' }
            }
            Inside::Quotes(close) if byte != close => Inside::Quotes(close),
            Inside::LineComment => Inside::Space,
            Inside::BlockComment { .. } => Inside::Nothing,
            Inside::Quotes(_) => {
                self.token(Token::Other);
                Inside::Nothing
            }
            Inside::FileColon if byte == b'/' => Inside::FileSlash,
            Inside::FileColon => {
                // The word ended before the colon, which begins a parameter.
                self.token(Token::Other);
                self.parameter(Parameter::Name { named: false }, byte)
            }
            Inside::FileSlash if byte == b'/' => {
                self.token(Token::Other);
                Inside::FilePath
            }
            Inside::FileSlash => {
                self.token(Token::Other);
                self.inside = Inside::Slash;
                return self.byte(byte);
            }
            Inside::FilePath if !ends_raw(byte) => Inside::FilePath,
            Inside::FilePath => self.begin(byte),
        };
    }

    /// Handles the first byte of a construct.
    fn begin(&mut self, byte: u8) -> Inside {
        match byte {
            b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => Inside::Space,
            b';' => {
                self.token(Token::Semicolon);
                Inside::Nothing
            }
            b'-' => Inside::Dash,
            b'/' => Inside::Slash,
            b'\'' | b'"' | b'`' => Inside::Quotes(byte),
            b'[' => Inside::Quotes(b']'),
            b'.' => Inside::Dot,
            b'0' => Inside::Number(Number::Zero),
            b'1'..=b'9' => Inside::Number(Number::Integer),
            b'?' => Inside::Parameter(Parameter::Number),
            b'$' | b'@' | b':' | b'#' => Inside::Parameter(Parameter::Name { named: false }),
            _ if is_identifier(byte) => self.word(Word::default(), byte),
            _ => {
                self.token(Token::Other);
                Inside::Nothing
            }
        }
    }

    /// Handles the first byte of `word` or the byte after it.
    fn word(&mut self, mut word: Word, byte: u8) -> Inside {
        if is_identifier(byte) {
            word.push(byte);
            return if word.is_byte_order_mark() { Inside::Nothing } else { Inside::Word(word) };
        }
        if byte == b':'
            && self.phase == Phase::DefinitionAs
            && word.bytes[..word.len.min(Word::KEPT)] == *b"file"
        {
            return Inside::FileColon;
        }
        self.token(Token::Word(word));
        self.begin(byte)
    }

    /// Handles the byte after a one-byte token that could have been longer.
    fn after_other(&mut self, byte: u8) -> Inside {
        self.token(Token::Other);
        self.begin(byte)
    }

    /// Handles the byte after an unfinished number.
    fn number(&mut self, number: Number, byte: u8) -> Inside {
        use Number::*;
        let next = match (number, byte) {
            (Zero, b'x' | b'X') => Rest,
            (Zero | Integer, b'0'..=b'9' | b'_') => Integer,
            (Zero | Integer, b'.') => Fraction,
            (Fraction, b'0'..=b'9' | b'_') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign(byte),
            (Exponent | ExponentSign(_), b'0'..=b'9') => ExponentDigits,
            (ExponentDigits, b'0'..=b'9' | b'_') => ExponentDigits,
            (ExponentSign(sign), _) => {
                // The sign is an operator or begins a comment.
                self.token(Token::Other);
                self.inside = self.begin(sign);
                self.byte(byte);
                return self.inside;
            }
            _ if is_identifier(byte) => Rest,
            _ => return self.after_other(byte),
        };
        Inside::Number(next)
    }

    /// Handles the byte after an unfinished parameter.
    fn parameter(&mut self, parameter: Parameter, byte: u8) -> Inside {
        let next = match (parameter, byte) {
            (Parameter::Number, b'0'..=b'9') => Parameter::Number,
            (Parameter::Suffix, b')') => {
                self.token(Token::Other);
                return Inside::Nothing;
            }
            (Parameter::Suffix, _) if !ends_suffix(byte) => Parameter::Suffix,
            (Parameter::Name { named: true }, b'(') => Parameter::Suffix,
            (Parameter::Name { named }, b':') => Parameter::Colon { named },
            (Parameter::Colon { named }, b':') => Parameter::Name { named },
            (Parameter::Name { .. }, _) if is_identifier(byte) => Parameter::Name { named: true },
            (Parameter::Colon { .. }, _) => {
                self.token(Token::Other);
                // That colon begins the next parameter.
                return self.parameter(Parameter::Name { named: false }, byte);
            }
            _ => return self.after_other(byte),
        };
        Inside::Parameter(next)
    }

    fn token(&mut self, token: Token) {
        self.phase = self.phase.after(token);
        if self.phase == Phase::Start {
            self.complete_bytes = self.fed_bytes;
        }
    }
}

impl Phase {
    fn after(self, token: Token) -> Self {
        let word = match token {
            Token::Semicolon => return self.after_semicolon(),
            Token::Word(word) => word,
            // No keyword is empty.
            Token::Other => Word::default(),
        };
        match self {
            Self::Nothing | Self::Start if word.is("EXPLAIN") => Self::Explain,
            Self::Nothing | Self::Start | Self::Explain if word.is("CREATE") => Self::Create,
            // EXPLAIN QUERY PLAN
            Self::Explain if !word.is("EXPLAIN") && !is_trigger_word(&word) => Self::Explain,
            Self::Create | Self::CreateTemp if is_temp(&word) => Self::CreateTemp,
            Self::Create | Self::CreateTemp if word.is("TRIGGER") => Self::Trigger,
            Self::Create if word.is("OR") => Self::CreateOr,
            Self::CreateOr if word.is("REPLACE") => Self::CreateOrReplace,
            Self::Create | Self::CreateOrReplace if word.is("FUNCTION") || word.is("EXTENSION") => {
                Self::Definition
            }
            Self::Definition | Self::DefinitionAs if word.is("AS") => Self::DefinitionAs,
            Self::Definition | Self::DefinitionAs => Self::Definition,
            Self::TriggerSemicolon if word.is("END") => Self::TriggerEnd,
            Self::Trigger | Self::TriggerSemicolon | Self::TriggerEnd => Self::Trigger,
            _ => Self::Normal,
        }
    }

    fn after_semicolon(self) -> Self {
        match self {
            Self::Trigger | Self::TriggerSemicolon => Self::TriggerSemicolon,
            _ => Self::Start,
        }
    }
}

fn is_temp(word: &Word) -> bool {
    word.is("TEMP") || word.is("TEMPORARY")
}

/// Whether `sqlite3_complete` stops looking for a trigger when this word follows EXPLAIN.
fn is_trigger_word(word: &Word) -> bool {
    is_temp(word) || word.is("TRIGGER") || word.is("END")
}

/// Whether a byte ends the parentheses of a parameter's name.
fn ends_suffix(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b')' | 0)
}

/// Number of leading bytes that satisfy `accept`.
fn run(bytes: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !accept(byte)).unwrap_or(bytes.len())
}
