//! Bounds what the engine compares with all of its kind while it compiles a statement: terms of ORDER BY, GROUP BY and
//! results, and windows; and the orders in which it can join up to twelve tables. It also makes all columns of a star
//! before it counts them. Nothing stops it meanwhile.

use commensal_core::ddl::lexer::{Lexer, TokenKind};
use commensal_core::{Error, ErrorKind, Result};

/// The most that a text may have.
pub(crate) struct Bounds {
    /// Terms times tokens.
    products: usize,
    overs: usize,
    stars: usize,
    /// Orders of joins, as [`orders`] counts them.
    orders: usize,
}

/// For a statement of a guest.
pub(crate) const OF_GUESTS: Bounds =
    Bounds { products: 40_000_000, overs: 50, stars: 50, orders: 100_000 };

/// For each view and trigger that a statement uses. A file may come from anywhere, but an honest view may have 2,000
/// columns, the most that the engine takes.
pub(crate) const OF_SCHEMAS: Bounds =
    Bounds { products: 200_000_000, overs: 100, stars: 50, orders: ORDERS_MAX };

/// The orders of joins that all views and triggers that a statement uses may have together, at each use: five joins of
/// twelve tables.
pub(crate) const ORDERS_MAX: usize = 250_000;

/// The most tables of which the engine tries all orders.
const JOINED_MAX: usize = 12;

/// The orders of joins in a text: for each list of tables, their subsets times their number. With WITH, a list may be
/// used wherever a table is named.
fn orders(sql: &str) -> usize {
    const ENDS: [&str; 9] =
        ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "WINDOW"];
    let mut lexer = Lexer::new(sql);
    // For each bracket that is open, the number of tables of the list in it, 0 outside of one, and whether the bracket
    // only groups tables of the list around it.
    let mut lists = vec![(0_usize, false)];
    let (mut orders, mut tables, mut has_with) = (0_usize, 0_usize, false);
    // Whether a table comes next.
    let mut expected = false;
    loop {
        let token = lexer.significant();
        let depth = lists.len() - 1;
        let list = &mut lists[depth].0;
        let was_expected = std::mem::take(&mut expected);
        let mut ends = false;
        match token.kind {
            TokenKind::LeftParenthesis => {
                lists.push((usize::from(was_expected), was_expected));
                expected = was_expected;
            }
            TokenKind::Comma if *list > 0 => (*list, expected) = (*list + 1, true),
            // Also of `IS DISTINCT FROM`, which begins no list.
            TokenKind::Identifier if token.is("FROM") => (*list, expected) = ((*list).max(1), true),
            TokenKind::Identifier if token.is("JOIN") => (*list, expected) = (*list + 1, true),
            TokenKind::Identifier if token.is("SELECT") => lists[depth] = (0, false),
            TokenKind::Identifier if token.is("WITH") => has_with = true,
            TokenKind::Identifier => ends = ENDS.iter().any(|word| token.is(word)),
            TokenKind::RightParenthesis | TokenKind::Semicolon | TokenKind::End => ends = true,
            _ => {}
        }
        if !ends {
            continue;
        }
        let (joined, groups) = std::mem::take(&mut lists[depth]);
        let closes = token.kind == TokenKind::RightParenthesis && depth > 0;
        if closes {
            lists.pop();
        }
        if closes && groups {
            lists[depth - 1].0 += joined.saturating_sub(1);
        } else {
            tables = tables.saturating_add(joined);
            let tried = joined.min(JOINED_MAX);
            orders = orders.saturating_add(joined.saturating_mul(1 << tried));
        }
        if token.kind == TokenKind::End {
            break;
        }
    }
    if has_with { orders.saturating_mul(tables.max(1)) } else { orders }
}

/// Checks one text. Returns the orders of its joins.
///
/// # Errors
/// It has more than its bounds.
pub(crate) fn check(sql: &str, bounds: &Bounds) -> Result<usize> {
    let orders = orders(sql);
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
        || stars > bounds.stars
        || orders > bounds.orders;
    match is_too_much {
        true => Err(Error::new(
            ErrorKind::Limit,
            format!(
                "{terms} terms in {tokens} tokens, {overs} OVER clauses, {stars} times all columns and {orders} orders \
                 of joins are too much to compile with Turso"
            ),
        )
        .with_engine_code(1)),
        false => Ok(orders),
    }
}

/// The error of views and triggers with more than [`ORDERS_MAX`].
#[cold]
pub(crate) fn too_many_orders() -> Error {
    let message = format!(
        "the joins of the views and triggers that SQL uses have more than {ORDERS_MAX} orders together, too much to \
         compile with Turso"
    );
    Error::new(ErrorKind::Limit, message).with_engine_code(1)
}

#[cfg(test)]
mod tests {
    use super::orders;

    #[test]
    fn orders_grow_with_the_tables_of_a_list() {
        for (sql, expected) in [
            ("SELECT 1", 0),
            ("SELECT a, b FROM t WHERE a IN (1, 2, 3) ORDER BY a, b", 2),
            ("SELECT * FROM t, u JOIN v USING (a, b) WHERE x", 3 * 8),
            ("SELECT (SELECT 1 FROM a, b) FROM t, u", 2 * (2 * 4)),
            (
                "SELECT 1 FROM (SELECT 1 FROM a, b, c) AS x, y UNION SELECT 1 FROM d",
                3 * 8 + 2 * 4 + 2,
            ),
            ("SELECT 1 FROM (a, b), (c JOIN d), ((e))", 5 * 32),
            ("SELECT 1 FROM a JOIN b ON a.x IS DISTINCT FROM b.x JOIN c", 3 * 8),
            ("SELECT 1 FROM (SELECT x, y, z FROM a)", 2 + 2),
            ("WITH w AS (SELECT 1 FROM a, b) SELECT 1 FROM w, w", (8 + 8) * 4),
        ] {
            assert_eq!(orders(sql), expected, "{sql}");
        }
        let many = ["t"; 12].join(", ");
        assert_eq!(orders(&format!("SELECT 1 FROM {many}")), 12 * 4096);
    }
}
