//! The keys and the rows of an index, as text of its CREATE INDEX. Only a program that knows the
//! functions can compute the expressions.

use commensal::core::ddl::lexer::{Lexer, Token, TokenKind};

/// The keys and the condition of an index; empty if the text is not a CREATE INDEX.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct IndexText {
    /// An expression for each key, in parentheses, without its order.
    pub(super) keys: Vec<String>,
    /// The condition of a partial index, in parentheses.
    pub(super) condition: Option<String>,
}

impl IndexText {
    pub(super) fn new(sql: &str) -> Self {
        let mut text = Self::default();
        let mut lexer = Lexer::new(sql);
        let mut depth = 0_usize;
        // From the first token of an expression to its last.
        let mut span: Option<(usize, usize)> = None;
        let mut in_condition = false;
        loop {
            let token = lexer.significant();
            match token.kind {
                TokenKind::End => break,
                TokenKind::LeftParenthesis if !in_condition => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                TokenKind::RightParenthesis if !in_condition => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        text.keys.extend(take(sql, &mut span));
                        continue;
                    }
                }
                TokenKind::Comma if depth == 1 => {
                    text.keys.extend(take(sql, &mut span));
                    continue;
                }
                _ if depth == 0 && !in_condition => {
                    in_condition = token.is("WHERE") && !text.keys.is_empty();
                    continue;
                }
                _ if depth == 1 && is_order(&token) => continue,
                _ => {}
            }
            span = Some((span.map_or(token.offset, |(start, _)| start), token.end()));
        }
        if in_condition {
            text.condition = take(sql, &mut span);
        }
        text
    }
}

/// Words of an order. At this place, after an expression, none of them can be the name of a column
/// without quotes.
fn is_order(token: &Token<'_>) -> bool {
    token.is("ASC") || token.is("DESC")
}

fn take(sql: &str, span: &mut Option<(usize, usize)>) -> Option<String> {
    span.take().map(|(start, end)| format!("({})", &sql[start..end]))
}

#[cfg(test)]
mod tests {
    use super::IndexText;

    #[test]
    fn keys_and_conditions() {
        for (sql, keys, condition) in [
            ("CREATE INDEX i ON t(f(a, b), c DESC)", &["(f(a, b))", "(c)"][..], None),
            ("CREATE UNIQUE INDEX \"on\" ON t(/* ( */ \"a,\" -- )\n)", &["(\"a,\")"], None),
            (
                "CREATE INDEX i ON t(f(a) COLLATE nocase ASC,b)WHERE (a) > f(b) -- x",
                &["(f(a) COLLATE nocase)", "(b)"],
                Some("((a) > f(b))"),
            ),
            (
                "CREATE INDEX i ON t((a) || '),(' DESC) WHERE c IN (1, 2) /* x",
                &["((a) || '),(')"],
                Some("(c IN (1, 2))"),
            ),
            (
                "CREATE INDEX i ON t(CASE WHEN (f(a)) THEN 1 END)",
                &["(CASE WHEN (f(a)) THEN 1 END)"],
                None,
            ),
            ("", &[], None),
        ] {
            let text = IndexText::new(sql);
            assert_eq!(text.keys, keys, "{sql}");
            assert_eq!(text.condition.as_deref(), condition, "{sql}");
        }
    }
}
