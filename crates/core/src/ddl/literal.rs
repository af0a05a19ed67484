//! The values of literals and names. It knows the tokens' text, not where they may stand.

use crate::error::{Error, ErrorKind, Result};

use super::lexer::{Token, TokenKind};

/// The largest number that a database can store as an integer.
const INTEGER_MAX: u64 = i64::MAX as u64;

/// A bare name, or one in any quotes that SQLite accepts; `None` if the token is not a name.
pub fn name(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Identifier => Some(token.text.to_owned()),
        TokenKind::QuotedIdentifier | TokenKind::String => Some(unquote(token.text)),
        _ => None,
    }
}

/// Whether the token is a name that equals `name` in any letter case. `name` needs no quotes.
pub(super) fn is_name(token: &Token<'_>, name: &str) -> bool {
    let inner = match token.kind {
        TokenKind::Identifier => token.text,
        TokenKind::QuotedIdentifier | TokenKind::String => inside_quotes(token.text),
        _ => return false,
    };
    inner.eq_ignore_ascii_case(name)
}

/// Whether the token can be a name.
pub(super) const fn is_any_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Identifier | TokenKind::QuotedIdentifier | TokenKind::String)
}

fn inside_quotes(text: &str) -> &str {
    &text[1..text.len() - 1]
}

/// The text of a quoted token. A name in brackets cannot contain a closing bracket.
pub(super) fn unquote(text: &str) -> String {
    let inner = inside_quotes(text);
    match text.as_bytes()[0] {
        b'\'' => inner.replace("''", "'"),
        b'"' => inner.replace("\"\"", "\""),
        b'`' => inner.replace("``", "`"),
        _ => inner.to_owned(),
    }
}

/// Value of each hexadecimal digit; 0xff for other bytes.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [0xff; 256];
    let mut i = 0;
    while i < 16 {
        nibbles[b"0123456789abcdef"[i] as usize] = i as u8;
        nibbles[b"0123456789ABCDEF"[i] as usize] = i as u8;
        i += 1;
    }
    nibbles
};

/// The bytes of a blob literal.
pub(super) fn blob(token: &Token<'_>) -> Result<Vec<u8>> {
    let digits = &token.text.as_bytes()[2..token.text.len() - 1];
    let (pairs, odd) = digits.as_chunks::<2>();
    let mut seen = odd.iter().fold(0, |seen, &digit| seen | NIBBLES[digit as usize]);
    let mut bytes = Vec::with_capacity(pairs.len());
    bytes.extend(pairs.iter().map(|&[high, low]| {
        let (high, low) = (NIBBLES[high as usize], NIBBLES[low as usize]);
        seen |= high | low;
        high << 4 | low
    }));
    if seen == 0xff {
        let text = &token.text[2..];
        let at = text.bytes().position(|byte| NIBBLES[byte as usize] == 0xff).unwrap_or(0);
        let culprit = text[at..].chars().next().unwrap_or_default();
        let message = format!("{culprit:?} is not a hexadecimal digit of a blob literal");
        return Err(Error::new(ErrorKind::Syntax, message).at(token.offset + 2 + at));
    }
    if !odd.is_empty() {
        let message = "a blob literal needs two hexadecimal digits for each byte, here the last \
                       byte has one";
        return Err(Error::new(ErrorKind::Syntax, message).at(token.end() - 2));
    }
    Ok(bytes)
}

/// A plain integer, decimal or `0x…`, up to the largest that a database can store.
pub(super) fn integer(token: &Token<'_>) -> Result<u64> {
    let digits = token.text.strip_prefix("0x").or_else(|| token.text.strip_prefix("0X"));
    let number = match digits {
        Some(digits) => accumulate(digits, 16),
        None => accumulate(token.text, 10),
    };
    number.map_err(|wrong| {
        let message = match wrong {
            Wrong::Digit => "digit separators are not supported here".to_owned(),
            Wrong::TooLarge => format!("the number is too large; the largest is {INTEGER_MAX}"),
        };
        Error::new(ErrorKind::Syntax, message).at(token.offset)
    })
}

enum Wrong {
    Digit,
    TooLarge,
}

fn accumulate(digits: &str, radix: u32) -> Result<u64, Wrong> {
    digits.chars().try_fold(0_u64, |number, digit| {
        let digit = digit.to_digit(radix).ok_or(Wrong::Digit)?;
        number
            .checked_mul(radix.into())
            .and_then(|number| number.checked_add(digit.into()))
            .filter(|&number| number <= INTEGER_MAX)
            .ok_or(Wrong::TooLarge)
    })
}
