//! Calls of functions that full-text search gives its own tables: `snippet(t, …)`, `bm25(t)`.
//!
//! SQLite registers these names as functions that only fail. If the first argument is a column of a
//! virtual table, SQLite asks the table for a function of its own and calls that. An application can
//! register another function of the same name, which is called wherever no table has one. EXPLAIN shows
//! the same name for all of these. So this finds out what a call means as SQLite does: by where its
//! first argument comes from.

use std::collections::{HashMap, HashSet};
use std::ffi::c_int;

use commensal_core::ddl;
use commensal_core::ddl::lexer::{Lexer, Token, TokenKind};

/// Functions, by the modules whose tables have them. Those of FTS5 are always found, and `optimize` of the
/// others writes.
const FUNCTIONS: &[(&str, &[&str])] =
    &[("fts3", OF_FTS3), ("fts4", OF_FTS3), ("fts5", &["bm25", "highlight", "snippet"])];

const OF_FTS3: &[&str] = &["matchinfo", "offsets", "snippet"];

/// Whether this is a function that tables of some module have, or one that SQLite has for tables
/// without. The name is in ASCII lower case.
pub(crate) fn is_known(name: &str) -> bool {
    name == "match" || FUNCTIONS.iter().any(|(_, functions)| functions.contains(&name))
}

/// Whether tables of this module have this function.
pub(crate) fn has(module: &str, function: &str) -> bool {
    FUNCTIONS.iter().any(|(name, functions)| *name == module && functions.contains(&function))
}

/// Whether this is a module whose tables have functions.
pub(crate) fn is_module(module: &str) -> bool {
    FUNCTIONS.iter().any(|(name, _)| *name == module)
}

fn is_call(name: &Token<'_>, next: &Token<'_>) -> bool {
    next.kind == TokenKind::LeftParenthesis
        && ddl::name(name).is_some_and(|name| is_known(&name.to_ascii_lowercase()))
}

/// The tables whose columns of the same name are the first arguments of all calls in a statement, by
/// their names in ASCII lower case. `None` if an argument may be something else: a column of a
/// subquery, of a view or of another table under that name, or an alias.
pub(crate) fn tables_of_calls(sql: &str) -> Option<HashSet<String>> {
    const OTHERS: [&str; 6] = ["WITH", "USING", "NATURAL", "RIGHT", "FULL", "VALUES"];
    let mut lexer = Lexer::new(sql);
    let (mut selects, mut from, mut arguments) = (0, HashSet::new(), HashSet::new());
    let mut token = lexer.first();
    if !token.is("SELECT") {
        return None;
    }
    let mut next = lexer.significant();
    while token.kind != TokenKind::End {
        if OTHERS.iter().any(|word| token.is(word)) {
            return None;
        }
        selects += usize::from(token.is("SELECT"));
        let lower = |token: &Token<'_>| ddl::name(token).map(|name| name.to_ascii_lowercase());
        if is_call(&token, &next) {
            let argument = lexer.significant();
            let end = lexer.significant();
            if !matches!(end.kind, TokenKind::Comma | TokenKind::RightParenthesis) {
                return None;
            }
            arguments.insert(lower(&argument)?);
            (token, next) = (end, lexer.significant());
            continue;
        }
        if token.is("FROM") || token.is("JOIN") {
            from.extend(lower(&next));
        }
        (token, next) = (next, lexer.significant());
    }
    (selects == 1 && arguments.is_subset(&from)).then_some(arguments)
}

/// Which registers of a program hold a column of a virtual table. SQLite computes the arguments of a call
/// one after the other, right before it. After an instruction of an unknown kind, all is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Virtual tables by their cursors, named as EXPLAIN names them.
    tables: HashMap<i64, String>,
    /// Cursors by registers.
    cursors: HashMap<i64, i64>,
    /// FTS5 does not say in its plans what they do.
    pub(crate) is_old: bool,
}

impl Columns {
    /// For a program of this version of SQLite. Since 3.35, FTS5 has a letter in its plan for each text that it is to
    /// find.
    pub(crate) fn of_version(version: c_int) -> Self {
        Self { is_old: version < 3_035_000, ..Self::default() }
    }

    /// Takes in an instruction of the program, with P1, P2 and P3.
    pub(crate) fn add(&mut self, opcode: &str, [p1, p2, p3]: [i64; 3]) {
        match opcode {
            "VColumn" => {
                self.cursors.insert(p3, p1);
            }
            // These write P2.
            "Integer" | "Int64" | "Real" | "String8" | "Blob" | "Variable" | "SCopy"
            | "IntCopy" | "Rowid" | "VRowid" => {
                self.cursors.remove(&p2);
            }
            // Writes one register more than P3 says, from P2 on.
            "Copy" => self.cursors.retain(|register, _| !(p2..=p2 + p3.max(0)).contains(register)),
            "Null" => self.cursors.retain(|register, _| !(p2..=p3.max(p2)).contains(register)),
            // These write P3.
            "Column" | "Function" | "Function0" | "PureFunc" | "PureFunc0" | "Concat" | "Add"
            | "Subtract" | "Multiply" | "Divide" | "Remainder" => {
                self.cursors.remove(&p3);
            }
            _ => self.cursors.clear(),
        }
    }

    /// Notes that a cursor of a virtual table is opened.
    pub(crate) fn open(&mut self, cursor: i64, table: &str) {
        self.cursors.clear();
        self.tables.insert(cursor, table.to_owned());
    }

    /// Forgets all, because another program begins.
    pub(crate) fn begin(&mut self) {
        self.tables.clear();
        self.cursors.clear();
    }

    /// The virtual table of this cursor.
    pub(crate) fn of_cursor(&self, cursor: i64) -> Option<&str> {
        self.tables.get(&cursor).map(String::as_str)
    }

    /// The virtual table whose column is in this register.
    pub(crate) fn table(&self, register: i64) -> Option<&str> {
        self.tables.get(self.cursors.get(&register)?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_known_until_something_else_may_be_in_it() {
        let mut columns = Columns::default();
        columns.open(3, "vtab:1");
        let known = |columns: &Columns| columns.table(7).is_some();
        for (opcode, operands, stays) in [
            ("String8", [0, 8, 0], true),
            ("Integer", [7, 8, 7], true),
            ("Column", [7, 7, 8], true),
            ("Copy", [7, 8, 1], true),
            ("Function", [0, 7, 6], true),
            ("String8", [0, 7, 0], false),
            ("Copy", [1, 5, 2], false),
            ("SCopy", [1, 7, 0], false),
            ("Null", [0, 6, 8], false),
            ("Column", [0, 0, 7], false),
            ("Function", [0, 8, 7], false),
            ("IfNot", [1, 99, 1], false),
            ("AnythingNew", [0, 0, 0], false),
        ] {
            columns.add("VColumn", [3, 2, 7]);
            assert_eq!(columns.table(7), Some("vtab:1"));
            columns.add(opcode, operands);
            assert_eq!(known(&columns), stays, "{opcode} {operands:?}");
        }
        columns.add("VColumn", [4, 2, 7]);
        assert!(!known(&columns), "no virtual table is open there");
        columns.add("VColumn", [3, 2, 7]);
        columns.begin();
        assert!(!known(&columns), "another program has its own registers");
    }

    #[test]
    fn arguments_that_are_surely_columns() {
        let found = |sql| tables_of_calls(sql).map(|tables| tables.into_iter().collect::<Vec<_>>());
        for sql in [
            "SELECT snippet(f) FROM F",
            "SELECT \"SNIPPET\" ([f], 1, '(') FROM t JOIN f ON 1 ORDER BY bm25(f), f COLLATE nocase",
            "SELECT a FROM f WHERE highlight(f, +1)",
        ] {
            assert_eq!(found(sql), Some(vec!["f".to_owned()]), "{sql}");
        }
        assert_eq!(found("SELECT a FROM f"), Some(vec![]));
        for sql in [
            "SELECT snippet(+f) FROM f",
            "SELECT snippet((f)) FROM f",
            "SELECT snippet(f COLLATE nocase) FROM f",
            "SELECT snippet(f AND true) FROM f",
            "SELECT snippet(likely(f)) FROM f",
            "SELECT snippet(f.f) FROM f",
            "SELECT snippet() FROM f",
            "SELECT snippet(f) FROM (SELECT +f AS f FROM f)",
            "WITH c(f) AS (VALUES (1)) SELECT snippet(f) FROM c",
            "SELECT snippet(g) FROM t AS g",
            "SELECT +f AS g FROM f ORDER BY snippet(g)",
            "SELECT snippet(f) FROM f UNION ALL SELECT snippet(f) FROM v AS f",
            "SELECT snippet(f) FROM v JOIN f USING (f)",
            "SELECT snippet(f) FROM main.f",
            "INSERT INTO t SELECT snippet(f) FROM f",
        ] {
            assert_eq!(tables_of_calls(sql), None, "{sql}");
        }
    }

    #[test]
    fn each_module_has_its_own_functions() {
        assert!(has("fts5", "snippet") && has("fts4", "snippet") && has("fts3", "offsets"));
        assert!(!has("fts4", "bm25") && !has("fts5", "offsets") && !has("rtree", "snippet"));
        assert!(!has("fts4", "optimize") && !has("fts5", "match"));
    }
}
