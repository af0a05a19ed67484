//! The embedded SQLite has what COMPAT.md says it has, and lacks what it says it lacks.

use std::collections::HashSet;

use crate::Folder;

const COMPAT: &str = include_str!("../../../../COMPAT.md");

/// The words in backticks of a line of COMPAT.md that look like compile options.
fn options(line_begins: &str) -> Vec<&'static str> {
    let line = COMPAT.lines().find(|line| line.starts_with(line_begins)).unwrap();
    let is_option =
        |word: &&str| word.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    let upper = |word: &&str| !word.bytes().any(|byte| byte.is_ascii_lowercase());
    line.split('`').skip(1).step_by(2).filter(is_option).filter(upper).collect()
}

#[test]
fn compile_options() {
    let list = Folder::new().succeed(&[":memory:", "PRAGMA compile_options"]);
    let has: HashSet<&str> = list.lines().collect();
    let (with, without) = (options("- It is compiled with `"), options("- It is compiled without"));
    assert!(with.len() > 10 && without.len() > 5);
    for option in with {
        assert!(has.contains(option), "{option}");
    }
    for option in without {
        assert!(!has.contains(option), "{option}");
    }
    assert!(has.contains("DEFAULT_FOREIGN_KEYS"));
}

#[test]
fn functions_and_tables_of_the_options() {
    for (sql, expected) in [
        (
            "SELECT sqrt(16), pow(2, 10), mod(7, 4), trunc(-1.5), sign(-3), round(degrees(pi()))",
            "4.0|1024.0|3.0|-1.0|-1|180.0",
        ),
        (
            "SELECT ceil(1.2), floor(-1.2), ln(exp(1)), log(100), log2(8), round(atan2(1, 1), 4)",
            "2.0|-2.0|1.0|2.0|3.0|0.7854",
        ),
        (
            "SELECT json_extract('{\"a\":[1,2]}', '$.a[1]'), '[3]' ->> 0, soundex('Robert')",
            "2|3|R163",
        ),
        (
            "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('one two'); SELECT highlight(f, 0, '<', '>') FROM f('two')",
            "one <two>",
        ),
        (
            "CREATE VIRTUAL TABLE f USING fts4(a); INSERT INTO f VALUES ('one two'); SELECT snippet(f, '<', '>') FROM f WHERE f MATCH '(two OR three)'",
            "one <two>",
        ),
        (
            "CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 2, 3); SELECT id FROM r WHERE a > 1",
            "1",
        ),
        (
            "CREATE VIRTUAL TABLE g USING geopoly(); SELECT geopoly_area('[[0,0],[2,0],[2,2],[0,0]]')",
            "2.0",
        ),
        ("CREATE TABLE t(a); SELECT count(*) > 0 FROM dbstat", "1"),
        ("SELECT count(*) FROM sqlite_stmt WHERE sql LIKE '%sqlite_stmt%'", "1"),
    ] {
        assert_eq!(Folder::new().succeed(&[":memory:", sql]), format!("{expected}\n"), "{sql}");
    }
}
