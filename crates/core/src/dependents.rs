//! Finds uses of functions, collations and tables in a schema's SQL text, to tell which indexes and tables depend
//! on a definition.
//!
//! Only tokens are judged. A name followed by an opening parenthesis is a call, one after COLLATE a collation,
//! one after USING a module. Some calls do not begin with the function's name: operators (`a REGEXP b`, `a -> b`)
//! and `CURRENT_TIME`. This may mistake a column or table of the same name for a use (a false alarm names what to
//! look at), but it misses no use.

use std::collections::HashSet;

use crate::ddl::lexer::{Lexer, Token, TokenKind};
use crate::ddl::name;

/// The names to look for, in ASCII lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    functions: HashSet<String>,
    collations: HashSet<String>,
    tables: HashSet<String>,
}

impl Uses {
    /// Looks for these functions, collations and tables in any letter case.
    pub fn new<'a>(
        functions: impl IntoIterator<Item = &'a str>,
        collations: impl IntoIterator<Item = &'a str>,
        tables: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let lower = |name: &str| name.to_ascii_lowercase();
        Self {
            functions: functions.into_iter().map(lower).collect(),
            collations: collations.into_iter().map(lower).collect(),
            tables: tables.into_iter().map(lower).collect(),
        }
    }

    /// Looks for everything that one of these looks for.
    pub fn any_of<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut any = Self::default();
        for uses in all {
            any.functions.extend(uses.functions.iter().cloned());
            any.collations.extend(uses.collations.iter().cloned());
            any.tables.extend(uses.tables.iter().cloned());
        }
        any
    }

    /// Whether both look for a common name.
    pub fn overlaps(&self, other: &Self) -> bool {
        !self.functions.is_disjoint(&other.functions)
            || !self.collations.is_disjoint(&other.collations)
            || !self.tables.is_disjoint(&other.tables)
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.collations.is_empty() && self.tables.is_empty()
    }

    /// Whether `sql` uses one of them.
    pub fn occur_in(&self, sql: &str) -> bool {
        let mut lexer = Lexer::new(sql);
        let mut before = lexer.significant();
        while before.kind != TokenKind::End {
            let token = lexer.significant();
            let used = match token.kind {
                _ if is_call_without_parentheses(&before)
                    && is_one_of(&self.functions, &before) =>
                {
                    true
                }
                TokenKind::Operator if self.functions.contains(token.text) => true,
                TokenKind::LeftParenthesis if is_one_of(&self.functions, &before) => true,
                _ if before.is("collate") => is_one_of(&self.collations, &token),
                _ if before.is("using") => is_one_of(&self.tables, &token),
                _ => false,
            };
            if used {
                return true;
            }
            before = token;
        }
        false
    }
}

/// Whether a bare word calls a function without parentheses: an operator, with or without NOT, or a word such as
/// CURRENT_TIME.
fn is_call_without_parentheses(token: &Token<'_>) -> bool {
    const WORDS: [&str; 7] =
        ["LIKE", "GLOB", "REGEXP", "MATCH", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
    WORDS.iter().any(|word| token.is(word))
}

fn is_one_of(names: &HashSet<String>, token: &Token<'_>) -> bool {
    name(token).is_some_and(|name| names.contains(&name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_found_in_any_spelling_and_nothing_else_is() {
        let uses = Uses::new(["slugify", "Größe"], ["natural"], ["csv"]);
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
            ("CREATE TABLE t(a TEXT COLLATE Natural, b)", true),
            ("CREATE INDEX i ON t(a collate \"natural\" DESC)", true),
            ("CREATE TABLE t(a COLLATE nocase, natural)", false),
            ("CREATE TABLE t(a DEFAULT 'x COLLATE natural')", false),
            ("CREATE VIRTUAL TABLE t USING CSV(a, b)", true),
            ("CREATE VIRTUAL TABLE t USING csv", true),
            ("CREATE VIRTUAL TABLE csv USING fts5(a)", false),
            ("", false),
        ] {
            assert_eq!(uses.occur_in(sql), expected, "{sql}");
        }
    }

    #[test]
    fn calls_without_parentheses_are_found() {
        let uses =
            Uses::new(["regexp", "Like", "glob", "match", "->", "->>", "current_time"], [], []);
        for (sql, expected) in [
            ("CREATE INDEX i ON t(a) WHERE a REGEXP 'x'", true),
            ("CREATE INDEX i ON t(a) WHERE a NOT regexp b", true),
            ("CREATE TABLE t(a CHECK(a like 'x' ESCAPE '!'))", true),
            ("CREATE TABLE t(a CHECK(a/**/GLOB/**/'x'))", true),
            ("CREATE TABLE t(a, b AS (a MATCH 'x'))", true),
            ("CREATE TABLE t(a, b AS (a -> 'x'))", true),
            ("CREATE TABLE t(a, b AS (a->>'x') STORED)", true),
            ("CREATE TABLE t(a DEFAULT current_time)", true),
            ("CREATE TABLE t(a DEFAULT current_time", true),
            ("CREATE TABLE t(a DEFAULT current_date)", false),
            ("CREATE TABLE t(\"regexp\", b AS ('->'), [like], c - 1 > 2)", false),
            ("CREATE TABLE t(a DEFAULT 'x REGEXP y') -- a -> b", false),
            ("CREATE TABLE t(regexps, a_match)", false),
        ] {
            assert_eq!(uses.occur_in(sql), expected, "{sql}");
        }
        assert!(!Uses::new(["f", "-", ">"], [], []).occur_in("CREATE TABLE t(a AS (b REGEXP c))"));
        assert!(Uses::new(["->"], [], []).occur_in("CREATE TABLE t(a AS (b -> c))"));
        assert!(!Uses::new(["->"], [], []).occur_in("CREATE TABLE t(a AS (b ->> c))"));
    }

    #[test]
    fn modules_of_virtual_tables_are_found() {
        let uses = Uses::new([], [], ["csv"]);
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
