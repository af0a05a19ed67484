//! The text of a schema's object as one statement of a script. This shell, sqlite3 and the engine must
//! agree about where it ends.
//!
//! A file decides what its schema contains, and SQLite reads only the first statement of each text. Shells
//! look for the end of a statement by their own rules: `sqlite3` knows no parameters like `$x(;)`,
//! takes a line that says `go` or `/` for a semicolon, and does not know a byte order mark. Where they
//! disagree, a literal for one is a line of commands for the other. So the text is read token by
//! token: what no schema needs is refused, and white space that would be misread is replaced.

use commensal::core::ddl::Splitter;
use commensal::core::ddl::lexer::{Lexer, Token, TokenKind};

/// The statement for `sql`, without its semicolon.
///
/// # Errors
/// The text cannot be written as a statement. The error says why.
pub(super) fn statement(sql: &str) -> Result<String, &'static str> {
    if sql.contains('\0') {
        return Err("it holds a NUL character");
    }
    if !Lexer::new(sql).token().is("CREATE") {
        return Err("it does not begin with CREATE");
    }
    let mut statement = String::with_capacity(sql.len());
    let mut lexer = Lexer::new(sql);
    let mut line_has_token = false;
    loop {
        let token = lexer.token();
        match token.kind {
            TokenKind::End => break,
            TokenKind::Illegal => return Err("it holds an illegal token"),
            TokenKind::Parameter => return Err("it holds a parameter"),
            TokenKind::Space => {
                // To shells, only these and the end of the line are white space.
                let plain = |c| if matches!(c, ' ' | '\t' | '\n' | '\r') { c } else { ' ' };
                statement.extend(token.text.chars().map(plain));
            }
            _ => {
                // After a comment, it is no longer alone in its line.
                if !line_has_token && ends_statement_alone(&token) {
                    statement.push_str("/**/");
                }
                statement.push_str(token.text);
            }
        }
        match token.text.rsplit_once('\n') {
            Some((_, last)) => line_has_token = !last.trim().is_empty(),
            None => line_has_token |= token.kind != TokenKind::Space,
        }
        // A comment can be the end of a view's definition, and lack its own.
        if token.kind == TokenKind::Comment && token.end() == sql.len() {
            statement.push_str(end_of_comment(token.text));
        }
    }
    let mut splitter = Splitter::new();
    splitter.feed(&statement);
    let ends_early = splitter.complete_bytes() > 0;
    splitter.feed(";");
    if ends_early || !splitter.is_complete() {
        return Err("it is not one statement");
    }
    Ok(statement)
}

/// Whether `sqlite3` takes a line for the end of a statement if it contains only this.
fn ends_statement_alone(token: &Token<'_>) -> bool {
    token.is("go") || token.text == "/"
}

fn end_of_comment(comment: &str) -> &'static str {
    match comment.strip_prefix("/*") {
        None => "\n",
        Some(rest) if rest.ends_with("*/") => "",
        Some(_) => "*/",
    }
}

/// Whether `sql` makes a virtual table.
pub(super) fn is_virtual(sql: &str) -> bool {
    let mut lexer = Lexer::new(sql);
    lexer.significant().is("CREATE") && lexer.significant().is("VIRTUAL")
}

#[cfg(test)]
mod tests {
    use super::{is_virtual, statement};

    #[test]
    fn statements() {
        for (sql, expected) in [
            ("CREATE TABLE t(a)", Ok("CREATE TABLE t(a)")),
            (
                "CREATE TABLE t(a, \"b;\", 'c\n.quit', [d;] /* ; */)",
                Ok("CREATE TABLE t(a, \"b;\", 'c\n.quit', [d;] /* ; */)"),
            ),
            ("CREATE VIEW v AS SELECT 1 -- x", Ok("CREATE VIEW v AS SELECT 1 -- x\n")),
            ("CREATE VIEW v AS SELECT 1 -- x\n", Ok("CREATE VIEW v AS SELECT 1 -- x\n")),
            ("CREATE VIEW v AS SELECT 1 /* x", Ok("CREATE VIEW v AS SELECT 1 /* x*/")),
            ("CREATE VIEW v AS SELECT 1 /* x *", Ok("CREATE VIEW v AS SELECT 1 /* x **/")),
            ("CREATE VIEW v AS SELECT 1 /*/", Ok("CREATE VIEW v AS SELECT 1 /*/*/")),
            ("CREATE VIEW v AS SELECT 1 /**/", Ok("CREATE VIEW v AS SELECT 1 /**/")),
            ("create VIEW v AS SELECT 4\n/\n2", Ok("create VIEW v AS SELECT 4\n/**//\n2")),
            (
                "CREATE VIEW v AS SELECT\ngo\n.shell \"x\" FROM t AS\n /* x\n*/ Go -- y",
                Ok("CREATE VIEW v AS SELECT\n/**/go\n.shell \"x\" FROM t AS\n /* x\n*/ Go -- y\n"),
            ),
            (
                "CREATE VIEW v AS SELECT 4 /\n2, gone, 'a\n' / 2",
                Ok("CREATE VIEW v AS SELECT 4 /\n2, gone, 'a\n' / 2"),
            ),
            (
                "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1;\u{feff}END",
                Ok("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END"),
            ),
            (
                "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; \x0b\x0cEND",
                Ok("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1;   END"),
            ),
            (
                "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;\n.quit\n",
                Err("it is not one statement"),
            ),
            ("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1", Err("it is not one statement")),
            ("CREATE TABLE t(a);\n.quit\n", Err("it is not one statement")),
            ("CREATE TABLE t(a);", Err("it is not one statement")),
            ("CREATE TABLE t(a DEFAULT ($x(;)))", Err("it holds a parameter")),
            ("CREATE TABLE t(a DEFAULT (?))", Err("it holds a parameter")),
            ("CREATE TABLE t(a DEFAULT 'x)", Err("it holds an illegal token")),
            ("CREATE TABLE t(a) /*\0*/", Err("it holds a NUL character")),
            ("cropped", Err("it does not begin with CREATE")),
            (" CREATE TABLE t(a)", Err("it does not begin with CREATE")),
            ("", Err("it does not begin with CREATE")),
        ] {
            assert_eq!(statement(sql), expected.map(str::to_owned), "{sql:?}");
            if let Ok(once) = statement(sql) {
                assert_eq!(statement(&once), Ok(once.clone()), "{sql:?}");
            }
        }
    }

    #[test]
    fn virtual_tables() {
        for (sql, expected) in [
            ("CREATE VIRTUAL TABLE t USING x", true),
            ("create/**/virtual table t USING x", true),
            ("CREATE TABLE virtual(a)", false),
            ("", false),
        ] {
            assert_eq!(is_virtual(sql), expected, "{sql}");
        }
    }
}
