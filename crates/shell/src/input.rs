//! Cuts lines of input into statements and dot commands. Looks at each byte once, however long a
//! statement is. Does not know what they do.

use commensal::core::ddl::Splitter;
use commensal::core::ddl::lexer::Lexer;

/// Something to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unit<'t> {
    /// A statement with the white space and comments around it, and its first line, from 1.
    Statement { sql: String, line: usize },
    /// A dot command, without the line end.
    Dot { command: &'t str, line: usize },
    /// A line in the text of a dump that looks like a dot command. A dump has none, so it comes from the file
    /// that was dumped.
    DotInDump { command: &'t str, line: usize },
}

/// The statements that begin a dump of this shell or of sqlite3.
const DUMP: [&[&str]; 2] =
    [&["PRAGMA", "foreign_keys", "=", "OFF", ";"], &["BEGIN", "TRANSACTION", ";"]];

/// Input that is not cut yet.
pub(crate) struct Cutter {
    splitter: Splitter,
    pending: String,
    /// The line in which the pending text begins.
    pending_line: usize,
    /// The number of lines so far.
    lines: usize,
    /// The number of statements so far, if each is as in a dump; `None` after another one.
    dump: Option<usize>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self {
            splitter: Splitter::new(),
            pending: String::new(),
            pending_line: 0,
            lines: 0,
            dump: Some(0),
        }
    }
}

impl Cutter {
    /// The bytes of the statement that is not complete yet.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Takes one line, with its end. Passes what it completes to `run`, one after the other, until there is
    /// an error.
    pub(crate) fn line<E>(
        &mut self,
        line: &str,
        mut run: impl FnMut(Unit<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.lines += 1;
        if line.starts_with('.') && self.is_between_statements() {
            self.pending.clear();
            let (command, line) = (line.trim_end(), self.lines);
            if self.is_dump() {
                return run(Unit::DotInDump { command, line });
            }
            self.dump = None;
            return run(Unit::Dot { command, line });
        }
        let mut result = Ok(());
        for piece in line.split_inclusive(';') {
            if self.pending.is_empty() {
                self.pending_line = self.lines;
            }
            self.pending.push_str(piece);
            self.splitter.feed(piece);
            if result.is_ok() && piece.ends_with(';') && self.splitter.is_complete() {
                let (sql, line) = (std::mem::take(&mut self.pending), self.pending_line);
                self.look_for_dump(&sql);
                result = run(Unit::Statement { sql, line });
            }
        }
        // White space and comments between statements are dropped.
        if self.is_between_statements() {
            self.pending.clear();
        }
        result
    }

    /// The rest at the end of the input: a statement without a semicolon.
    pub(crate) fn finish(self) -> Option<Unit<'static>> {
        self.splitter
            .is_pending()
            .then_some(Unit::Statement { sql: self.pending, line: self.pending_line })
    }

    /// Whether the input began like a dump.
    fn is_dump(&self) -> bool {
        self.dump == Some(DUMP.len())
    }

    fn look_for_dump(&mut self, sql: &str) {
        let Some(expected) = self.dump.and_then(|count| DUMP.get(count)) else {
            return;
        };
        let mut lexer = Lexer::new(sql);
        let same = expected.iter().all(|word| lexer.significant().text.eq_ignore_ascii_case(word));
        self.dump = self.dump.filter(|_| same).map(|count| count + 1);
    }

    /// Whether no statement has begun, and no comment is open.
    fn is_between_statements(&self) -> bool {
        if self.splitter.is_pending() {
            return false;
        }
        // A semicolon in a comment ends no statement.
        let mut probe = self.splitter.clone();
        probe.feed("\nx;");
        probe.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cutter, Unit};

    fn check(text: &str, expected: &[(usize, &str)]) {
        let mut cutter = Cutter::default();
        let mut units = Vec::new();
        let mut keep = |unit: Unit<'_>| {
            units.push(match unit {
                Unit::Statement { sql, line } => (line, sql.trim().to_owned()),
                Unit::Dot { command, line } => (line, command.to_owned()),
                Unit::DotInDump { command, line } => (line, format!("refused {command}")),
            });
            Ok::<(), ()>(())
        };
        for line in text.split_inclusive('\n') {
            cutter.line(line, &mut keep).unwrap();
        }
        if let Some(rest) = cutter.finish() {
            keep(rest).unwrap();
        }
        let units: Vec<_> = units.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(units, expected, "{text}");
    }

    #[test]
    fn cuts() {
        check("", &[]);
        check("SELECT 1", &[(1, "SELECT 1")]);
        check("a; b;\nc;", &[(1, "a;"), (1, "b;"), (2, "c;")]);
        check("-- x\n\na\n;", &[(3, "a\n;")]);
        check(
            "SELECT ';\n.quit\n';.read\n.read f\n",
            &[(1, "SELECT ';\n.quit\n';"), (3, ".read\n.read f")],
        );
        check("a; -- done\n.tables  \r\n", &[(1, "a;"), (2, ".tables")]);
        check("/* open\n.quit\n*/ a;\n", &[(1, "/* open\n.quit\n*/ a;")]);
        check("a; /* open\n.quit\n*/\n.tables", &[(1, "a;"), (4, ".tables")]);
        check(
            "CREATE TRIGGER t AFTER INSERT ON x BEGIN\nDELETE FROM y;\nEND;\nb;",
            &[(1, "CREATE TRIGGER t AFTER INSERT ON x BEGIN\nDELETE FROM y;\nEND;"), (4, "b;")],
        );
        check("  .tables\n", &[(1, ".tables")]);
        check(
            "SELECT $x(;),\n:a::b(');\n.quit\n",
            &[(1, "SELECT $x(;),\n:a::b(');"), (3, ".quit")],
        );
        check(
            "SELECT $x(') || ';\n.quit\n' || $y(');\n",
            &[(1, "SELECT $x(') || ';\n.quit\n' || $y(');")],
        );
        check("SELECT 1.$x(') , ';\n.quit\n", &[(1, "SELECT 1.$x(') , ';"), (2, ".quit")]);
    }

    #[test]
    fn dumps_have_no_dot_commands() {
        const BEGIN: &str = "/* x */ PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n";
        let first = [(1, "/* x */ PRAGMA foreign_keys=OFF;"), (2, "BEGIN TRANSACTION;")];
        let with = |more: &[(usize, &'static str)]| [&first, more].concat();
        check(
            &format!("{BEGIN}a;\n.quit\nCOMMIT;\n.read x\n"),
            &with(&[(3, "a;"), (4, "refused .quit"), (5, "COMMIT;"), (6, "refused .read x")]),
        );
        check(
            &format!("a;\n{BEGIN}.quit"),
            &[(1, "a;"), (2, first[0].1), (3, first[1].1), (4, ".quit")],
        );
        check(
            &format!(".bail on\n{BEGIN}.quit"),
            &[(1, ".bail on"), (2, first[0].1), (3, first[1].1), (4, ".quit")],
        );
    }
}
