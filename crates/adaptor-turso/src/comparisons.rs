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
    /// Orders of joins, as [`joins`] counts them.
    orders: usize,
}

/// For a statement of a guest.
pub(crate) const OF_GUESTS: Bounds =
    Bounds { products: 40_000_000, overs: 50, stars: 50, orders: 100_000 };

/// For each view and trigger that a statement uses. A file may come from anywhere, but an honest view may have 2,000
/// columns, the most that the engine takes. What their stars stand for is bounded by [`COLUMNS_MAX`].
pub(crate) const OF_SCHEMAS: Bounds =
    Bounds { products: 200_000_000, overs: 100, stars: usize::MAX, orders: ORDERS_MAX };

/// The orders of joins that all views and triggers that a statement uses may have together, at each use: five joins of
/// twelve tables.
const ORDERS_MAX: usize = 250_000;

/// The most tables of which the engine tries all orders.
const JOINED_MAX: usize = 12;

/// The columns that all stars of the views and triggers that a statement uses may stand for together, at each use.
const COLUMNS_MAX: usize = 300_000;

/// The most columns that a table or a result may have.
const WIDEST: usize = 2_000;

/// What is counted of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Orders of joins.
    orders: usize,
    /// Times all columns.
    stars: usize,
    /// Tables of the longest list.
    longest: usize,
    /// Whether a table may be the result of a SELECT in the same text.
    nests: bool,
}

impl Counted {
    /// The columns that its stars stand for, if no table or view that it names has more than this many.
    fn columns(&self, widest: usize) -> usize {
        let widest = if self.nests && self.stars > 1 { WIDEST } else { widest };
        self.stars.saturating_mul(self.longest.max(1)).saturating_mul(widest)
    }
}

/// The orders of joins in a text: for each list of tables, their subsets times their number. With WITH, a list may be
/// used wherever a table is named.
fn joins(sql: &str) -> Counted {
    // Not WINDOW, which may also be a name.
    const ENDS: [&str; 8] =
        ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT"];
    let mut lexer = Lexer::new(sql);
    // For each bracket that is open, the number of tables of the list in it, 0 outside of one, and whether the bracket
    // only groups tables of the list around it.
    let mut lists = vec![(0_usize, false)];
    let (mut orders, mut tables, mut longest) = (0_usize, 0_usize, 0);
    let (mut has_with, mut nests) = (false, false);
    // Whether a table comes next, and whether a name, which may be one of the words.
    let (mut expected, mut named) = (false, false);
    loop {
        let token = lexer.significant();
        let is_name = std::mem::replace(&mut named, token.kind == TokenKind::Dot);
        let depth = lists.len() - 1;
        let list = &mut lists[depth].0;
        let was_expected = std::mem::take(&mut expected);
        let mut ends = false;
        match token.kind {
            TokenKind::Identifier if is_name => {}
            TokenKind::LeftParenthesis => {
                lists.push((usize::from(was_expected), was_expected));
                expected = was_expected;
            }
            TokenKind::Comma if *list > 0 => (*list, expected) = (*list + 1, true),
            // Also of `IS DISTINCT FROM`, which begins no list.
            TokenKind::Identifier if token.is("FROM") => (*list, expected) = ((*list).max(1), true),
            TokenKind::Identifier if token.is("JOIN") => (*list, expected) = (*list + 1, true),
            // Of a subselect among the tables, whose bracket was taken for one that groups.
            TokenKind::Identifier
                if (token.is("SELECT") || token.is("VALUES")) && lists[depth] == (1, true) =>
            {
                (lists[depth], nests) = ((0, false), true);
            }
            TokenKind::Identifier if token.is("SELECT") => ends = true,
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
            longest = longest.max(joined);
            let tried = joined.min(JOINED_MAX);
            orders = orders.saturating_add(joined.saturating_mul(1 << tried));
        }
        if token.kind == TokenKind::End {
            break;
        }
    }
    if has_with {
        orders = orders.saturating_mul(tables.max(1));
    }
    Counted { orders, stars: 0, longest, nests: nests || has_with }
}

/// Checks one text.
///
/// # Errors
/// It has more than its bounds.
pub(crate) fn check(sql: &str, bounds: &Bounds) -> Result<Counted> {
    let joins = joins(sql);
    let orders = joins.orders;
    // Whether all columns may come next, and not the second operand of a product.
    let (mut lexer, mut begins) = (Lexer::new(sql), false);
    let (mut tokens, mut terms, mut overs, mut stars) = (0_usize, 0_usize, 0, 0);
    loop {
        let token = lexer.significant();
        match token.kind {
            TokenKind::End => break,
            TokenKind::Comma | TokenKind::LeftParenthesis => terms += 1,
            TokenKind::Identifier => overs += usize::from(token.is("OVER")),
            TokenKind::Operator if token.text == "*" => stars += usize::from(begins),
            _ => {}
        }
        tokens += 1;
        begins = matches!(token.kind, TokenKind::Comma | TokenKind::Dot)
            || ["SELECT", "ALL", "DISTINCT", "RETURNING"].iter().any(|word| token.is(word));
    }
    let is_within = terms.saturating_mul(tokens) <= bounds.products
        && overs <= bounds.overs
        && stars <= bounds.stars
        && orders <= bounds.orders;
    bounded(is_within, || {
        format!(
            "{terms} terms in {tokens} tokens, {overs} OVER clauses, {stars} times all columns and {orders} orders \
             of joins are too much to compile with Turso"
        )
    })?;
    Ok(Counted { stars, ..joins })
}

/// What the views and triggers that a statement uses have together.
#[derive(Default)]
pub(crate) struct Totals {
    orders: usize,
    columns: usize,
}

impl Totals {
    /// Adds the joins of a text.
    ///
    /// # Errors
    /// They are more than [`ORDERS_MAX`].
    pub(crate) fn add_joins(&mut self, counted: &Counted) -> Result<()> {
        self.orders = self.orders.saturating_add(counted.orders);
        bounded(self.orders <= ORDERS_MAX, || {
            format!(
                "the joins of the views and triggers that SQL uses have more than {ORDERS_MAX} orders together, too \
                 much to compile with Turso"
            )
        })
    }

    /// Adds the columns that the stars of a text stand for, if nothing that it names has more than `widest`.
    ///
    /// # Errors
    /// They are more than [`COLUMNS_MAX`].
    pub(crate) fn add_columns(&mut self, counted: &Counted, widest: usize) -> Result<()> {
        self.columns = self.columns.saturating_add(counted.columns(widest));
        bounded(self.columns <= COLUMNS_MAX, || {
            format!(
                "each * in the views and triggers that SQL uses stands for all columns, more than {COLUMNS_MAX} \
                 together, too much to compile with Turso"
            )
        })
    }
}

fn bounded(is_within: bool, message: impl FnOnce() -> String) -> Result<()> {
    match is_within {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Limit, message()).with_engine_code(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, OF_SCHEMAS, check, joins};

    fn orders(sql: &str) -> usize {
        joins(sql).orders
    }

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
            ("SELECT 1 FROM a JOIN b ON a.window JOIN c AS window JOIN d ON b.\"where\"", 4 * 16),
            ("SELECT 1 FROM a, b SELECT 1 FROM c", 2 * 4 + 2),
            ("SELECT 1 FROM (VALUES (0, 0), (1, 1), (2, 2)) AS v, t", 2 * 4),
            ("WITH w AS (SELECT 1 FROM a, b) SELECT 1 FROM w, w", (8 + 8) * 4),
        ] {
            assert_eq!(orders(sql), expected, "{sql}");
        }
        let many = ["t"; 12].join(", ");
        assert_eq!(orders(&format!("SELECT 1 FROM {many}")), 12 * 4096);
    }

    #[test]
    fn stars_stand_for_columns() {
        for (sql, expected) in [
            ("SELECT 2 * a, count(*) FROM t", 0),
            ("SELECT * FROM t UNION ALL SELECT DISTINCT *, t.* FROM t", 3 * 10),
            ("SELECT * FROM t, u", 2 * 10),
            ("SELECT * FROM (SELECT a FROM t)", 10),
            ("SELECT * FROM (SELECT * FROM t)", 2 * 2_000),
            ("WITH w AS (SELECT * FROM t) SELECT * FROM w", 2 * 2_000),
        ] {
            let counted = check(sql, &OF_SCHEMAS).map(|counted| counted.columns(10));
            assert_eq!(counted, Ok(expected), "{sql}");
        }
        assert_eq!(joins(""), Counted::default());
    }
}
