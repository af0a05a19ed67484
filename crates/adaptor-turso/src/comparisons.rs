//! Bounds what the engine compares with all of its kind while it compiles a statement: terms of ORDER BY, GROUP BY and
//! results, and windows. It also makes all columns of a star before it counts them. Nothing stops it meanwhile.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::{Error, ErrorKind, Result};

/// The most that a text may have.
pub(crate) struct Bounds {
    /// Terms times tokens.
    products: usize,
    overs: usize,
    stars: usize,
}

/// For a statement of a guest.
pub(crate) const OF_GUESTS: Bounds = Bounds { products: 40_000_000, overs: 50, stars: 50 };

/// For each view and trigger that a statement uses. A file may come from anywhere, but an honest view may have 2,000
/// columns, the most that the engine takes.
pub(crate) const OF_SCHEMAS: Bounds = Bounds { products: 200_000_000, overs: 100, stars: 50 };

/// Checks one text.
///
/// # Errors
/// It has more than its bounds.
pub(crate) fn check(sql: &str, bounds: &Bounds) -> Result<()> {
    let (mut lexer, mut before) = (Lexer::new(sql), None);
    let (mut tokens, mut terms, mut overs, mut stars) = (0_usize, 0_usize, 0, 0);
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End => break,
            TokenKind::Comma | TokenKind::LeftParenthesis => terms += 1,
            TokenKind::Identifier => overs += usize::from(token.is("OVER")),
            // A product has an operand before the star.
            TokenKind::Operator if token.text == "*" => {
                let is_all = matches!(before, Some(TokenKind::Comma | TokenKind::Dot));
                stars += usize::from(is_all);
            }
            _ => {}
        }
        tokens += 1;
        before = Some(token.kind);
    }
    let is_too_much = terms.saturating_mul(tokens) > bounds.products
        || overs > bounds.overs
        || stars > bounds.stars;
    match is_too_much {
        true => Err(Error::new(
            ErrorKind::Limit,
            format!(
                "{terms} terms in {tokens} tokens, {overs} OVER clauses and {stars} times all columns are too much to \
                 compile with Turso"
            ),
        )
        .with_engine_code(1)),
        false => Ok(()),
    }
}
