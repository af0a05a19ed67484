//! Values as SQL literals that read back as the same value, in this shell and in sqlite3.

use std::fmt::{self, Display, Formatter};

use commensal::ValueRef;
use commensal::core::ddl::quote_text;
use commensal::core::real::Decimal;

/// A blob as `X'0AFF'`.
pub(crate) struct Blob<'b>(pub(crate) &'b [u8]);

impl Display for Blob<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        f.write_str("X'")?;
        let mut buffer = [0; 512];
        for chunk in self.0.chunks(buffer.len() / 2) {
            for (pair, byte) in buffer.chunks_mut(2).zip(chunk) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            f.write_str(str::from_utf8(&buffer[..chunk.len() * 2]).map_err(|_| fmt::Error)?)?;
        }
        f.write_str("'")
    }
}

/// A value of any class.
pub(crate) struct Literal<'v>(pub(crate) ValueRef<'v>);

impl Display for Literal<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValueRef::Null => f.write_str("NULL"),
            ValueRef::Integer(integer) => write!(f, "{integer}"),
            // Too large for a double, and hence infinite, in every version of SQLite.
            ValueRef::Real(f64::INFINITY) => f.write_str("9.0e+999"),
            ValueRef::Real(f64::NEG_INFINITY) => f.write_str("-9.0e+999"),
            ValueRef::Real(real) if real == 0.0 && real.is_sign_negative() => f.write_str("-0.0"),
            ValueRef::Real(real) => write!(f, "{}", Decimal(real)),
            // A NUL would end the statement, and shells that read lines drop a carriage return.
            ValueRef::Text(text) if text.contains(['\0', '\r']) => {
                write!(f, "CAST({} AS TEXT)", Blob(text.as_bytes()))
            }
            ValueRef::Text(text) => f.write_str(&quote_text(text)),
            ValueRef::Blob(blob) => write!(f, "{}", Blob(blob)),
        }
    }
}
