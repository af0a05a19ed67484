//! Data that functions keep for arguments (`sqlite3_set_auxdata`), in generated statements. The same extension,
//! compiled for this machine and as a guest, finds the same data and frees it equally often.

use std::path::Path;

use crate::build;
use crate::guest::{self, Guest};
use crate::inputs::Random;
use crate::native::{self, Native};

/// Statements that are compared.
const STATEMENTS: usize = 600;

const SCHEMA: &[&str] = &[
    "CREATE TABLE t(a, b)",
    "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (2, 'y'), (3, NULL), (NULL, 'x')",
    "CREATE TABLE log(n, h)",
    "CREATE TABLE watched(a, b)",
    "CREATE TRIGGER watch AFTER INSERT ON watched BEGIN \
     INSERT INTO log VALUES (new.a, hits('const') || hits(new.a) || flagged('w', 1, new.b)); \
     INSERT INTO log SELECT new.a, hits_at(-2, a) FROM t; END",
];

fn load() -> (Native, Vec<Guest>, tempfile::TempDir) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/auxdata.c");
    let folder = tempfile::tempdir().unwrap();
    let native = native::load(std::slice::from_ref(&source), &[], None, folder.path());
    (native, guest::load_pure(&build(&source, &[]).wasm), folder)
}

/// Generates statements with calls at several places, of constant arguments and others.
struct Generator<'a>(&'a mut Random);

impl Generator<'_> {
    fn one_of(&mut self, choices: &[&str]) -> String {
        choices[self.0.below(choices.len() as u64) as usize].to_owned()
    }

    fn argument(&mut self, depth: u32) -> String {
        match self.0.below(8) {
            0..4 => {
                self.one_of(&["1", "2", "'x'", "'y'", "NULL", "?1", "1+1", "upper('x')", "2.5"])
            }
            4..7 => self.one_of(&["a", "b", "a+1", "b||'x'"]),
            _ => self.call(depth + 1),
        }
    }

    fn call(&mut self, depth: u32) -> String {
        if depth > 2 {
            return "0".to_owned();
        }
        let name = self.one_of(&[
            "hits",
            "hits",
            "hits_constant",
            "replaced",
            "forgotten",
            "nothing",
            "many",
            "flagged",
            "hits_at",
            "hits_at",
        ]);
        let mut arguments: Vec<String> = match name.as_str() {
            "flagged" => vec![self.argument(depth), self.argument(depth), self.argument(depth)],
            _ => (0..self.0.below(3) + 1).map(|_| self.argument(depth)).collect(),
        };
        if name == "hits_at" {
            arguments[0] =
                self.one_of(&["0", "1", "2", "31", "32", "100", "-1", "-2", "-17229", "a"]);
        }
        let call = format!("{name}({})", arguments.join(", "));
        match self.0.below(12) {
            0 => format!("CASE WHEN a > 1 THEN {call} END"),
            1 => format!("(SELECT {call})"),
            2 => format!("(SELECT max({call}) FROM t AS u WHERE u.a >= t.a)"),
            3 => format!("coalesce({call}, {call})"),
            _ => call,
        }
    }

    fn statement(&mut self) -> String {
        let calls = [(); 4].map(|()| self.call(0));
        let [a, b, c, d] = &calls;
        match self.0.below(12) {
            0 => format!("SELECT {a}, {b} FROM t WHERE {c} IS NOT {d} ORDER BY rowid"),
            1 => format!("SELECT {a} AS x FROM t ORDER BY x, {b}, rowid"),
            2 => format!("SELECT {a}, count(*), max({b}) FROM t GROUP BY b"),
            3 => format!("SELECT {a} FROM t UNION ALL SELECT {b} FROM t"),
            4 => format!("SELECT {a}, sum(a) OVER (ORDER BY rowid), {b} FROM t"),
            5 => format!("SELECT adds({a}) OVER (ORDER BY rowid ROWS 1 PRECEDING), {b} FROM t"),
            6 => format!("SELECT adds(a), adds({a}) FROM t"),
            7 => format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) \
                 SELECT i, {a} FROM n, t"
            ),
            8 => format!("INSERT INTO watched SELECT a, {a} FROM t"),
            9 => "SELECT * FROM log".to_owned(),
            10 => "DELETE FROM log".to_owned(),
            _ => format!("SELECT {a}, {b}, {c}, {d}, remaining() FROM t"),
        }
    }
}

#[test]
fn what_is_kept_belongs_to_a_place_and_a_statement() {
    let (native, guests, _folder) = load();
    let guests: Vec<&Guest> = guests.iter().filter(|guest| guest.runs_sql()).collect();
    assert_eq!(guests.len(), 2);
    for sql in SCHEMA {
        native.ask(sql, &[]).unwrap();
        for guest in &guests {
            guest.ask(sql, &[]).unwrap().unwrap();
        }
    }
    let mut random = Random::new("auxdata");
    let mut compared = 0;
    for number in 0..STATEMENTS {
        let sql = Generator(&mut random).statement();
        let values: Vec<_> = match sql.contains("?1") {
            true => vec![commensal::Value::Integer(number as i64 % 3)],
            false => Vec::new(),
        };
        // The second execution shows what a statement finds when it runs again.
        for _ in 0..2 {
            let expected = native.ask(&sql, &values);
            compared += usize::from(expected.is_ok());
            for guest in &guests {
                let answer = guest.ask(&sql, &values).unwrap();
                assert_eq!(answer, expected, "{number} {}: {sql}", guest.name());
            }
        }
    }
    assert!(compared > STATEMENTS, "{compared}");
}

/// An engine that knows no places keeps nothing between calls. The results of functions stay right.
#[test]
fn without_places_nothing_is_kept_and_results_are_right() {
    let (native, guests, _folder) = load();
    let turso = guests.iter().find(|guest| !guest.runs_sql()).unwrap();
    for sql in &SCHEMA[..2] {
        native.ask(sql, &[]).unwrap();
        turso.ask(sql, &[]).unwrap().unwrap();
    }
    for sql in [
        "SELECT flagged('w', 1, b), flagged('w', 0, b), flagged(b, 1, b), flagged(b, 0, a) FROM t",
        "SELECT flagged(b, 1, 'x'), nothing(a), adds(a) FROM t GROUP BY b ORDER BY b",
    ] {
        for _ in 0..2 {
            assert_eq!(turso.ask(sql, &[]).unwrap(), native.ask(sql, &[]), "{sql}");
        }
    }
    let answer = turso.ask("SELECT hits('k'), many(1, 2), hits_at(-1, a), remaining() FROM t", &[]);
    let answer = answer.unwrap().unwrap();
    // The instance itself keeps data for a negative argument. All other data ends with its call.
    for (row, values) in answer.chunks(4).enumerate() {
        assert_eq!(values, [0, 0, row, 1].map(|value| format!("Integer({value})")), "{row}");
    }
    assert_eq!(answer.len(), 4 * 5);
}
