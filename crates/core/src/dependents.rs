//! Finds calls of functions and uses of modules in the SQL text of a schema: what tells which indexes
//! and tables depend on a definition.
//!
//! Text is judged by tokens alone: a name followed by an opening parenthesis is a call. That may
//! take a column or a table of the same name for one (a false alarm names what to look at), and
//! misses none.

use std::collections::HashSet;

use crate::ddl::lexer::{Lexer, Token, TokenKind};
use crate::ddl::name;

/// The functions to look for.
pub struct Calls(HashSet<String>);

impl Calls {
    /// Looks for these functions; letter case does not count.
    pub fn new(functions: &[&str]) -> Self {
        Self(functions.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether `sql` calls one of them.
    pub fn occur_in(&self, sql: &str) -> bool {
        let mut lexer = Lexer::new(sql);
        let mut before = lexer.significant();
        while before.kind != TokenKind::End {
            let token = lexer.significant();
            if token.kind == TokenKind::LeftParenthesis && self.is_name(&before) {
                return true;
            }
            before = token;
        }
        false
    }

    fn is_name(&self, token: &Token<'_>) -> bool {
        name(token).is_some_and(|name| self.0.contains(&name.to_ascii_lowercase()))
    }
}

/// The modules of virtual tables to look for.
pub struct Uses(HashSet<String>);

impl Uses {
    /// Looks for these modules; letter case does not count.
    pub fn new(modules: &[&str]) -> Self {
        Self(modules.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether `sql` is `CREATE VIRTUAL TABLE … USING` one of them.
    pub fn occur_in(&self, sql: &str) -> bool {
        let mut lexer = Lexer::new(sql);
        let mut before = lexer.significant();
        while before.kind != TokenKind::End {
            let token = lexer.significant();
            if name(&before).is_some_and(|word| word.eq_ignore_ascii_case("using"))
                && name(&token).is_some_and(|name| self.0.contains(&name.to_ascii_lowercase()))
            {
                return true;
            }
            before = token;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_any_spelling_and_nothing_else_is() {
        let calls = Calls::new(&["slugify", "Größe"]);
        for (sql, expected) in [
            ("CREATE INDEX i ON t(slugify(name))", true),
            ("CREATE INDEX i ON t(SLUGIFY /* x */ (name))", true),
            ("CREATE INDEX i ON t(\"slugify\"(name))", true),
            ("CREATE INDEX i ON t([slugify](name))", true),
            ("CREATE INDEX i ON t(`slugify` (name))", true),
            ("CREATE TABLE t(a CHECK(GRöße(a) > 1), b)", true),
            ("CREATE TABLE t(a CHECK(grÖße(a) > 1), b)", false),
            ("CREATE TABLE t(slugify TEXT, b DEFAULT 'slugify(x)')", false),
            ("CREATE TABLE t(a /* slugify(a) */)", false),
            ("CREATE INDEX i ON t(slugify2(name))", false),
            ("slugify", false),
            ("", false),
        ] {
            assert_eq!(calls.occur_in(sql), expected, "{sql}");
        }
    }

    #[test]
    fn modules_of_virtual_tables_are_found() {
        let uses = Uses::new(&["csv"]);
        for (sql, expected) in [
            ("CREATE VIRTUAL TABLE t USING csv(a, b)", true),
            ("CREATE VIRTUAL TABLE t using \"CSV\"", true),
            ("CREATE VIRTUAL TABLE t USING/* x */[csv] (a)", true),
            ("CREATE VIRTUAL TABLE csv USING fts5(csv)", false),
            ("CREATE TABLE t(csv DEFAULT 'USING csv')", false),
            ("", false),
        ] {
            assert_eq!(uses.occur_in(sql), expected, "{sql}");
        }
    }
}
