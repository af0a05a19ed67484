//! The extensions that run SQL, and the queries to compare for each. Statements without parameters run once,
//! in order. Statements that others depend on write everything themselves.

use crate::inputs::Input::{self, Any, Blob, Integer, Number, Of, OneOf, Text, Within};
use crate::{Case, cases};

const fn case(source: &'static str, queries: &'static [(&'static str, &'static [Input])]) -> Case {
    Case { runs_sql: true, ..cases::case(source, queries) }
}

/// Texts with statements: correct ones, wrong ones, several.
const STATEMENTS: Input = OneOf(&[
    "SELECT * FROM people",
    "SELECT 1; SELECT 2",
    "  -- only a comment\n",
    "",
    "SELECT nope FROM people",
    "SELECT * FROM nowhere",
    "SELECT 1 +",
    "SELECT 1;; SELECT 'x';",
    "SELECT json('{')",
    "SELECT 1 UNION ALL SELECT abs(-9223372036854775807 - 1)",
    "SELECT CAST(x'41c3a9' AS TEXT)",
    "SELECT x'', '', 0.1, -1, 1e300, 9223372036854775807, NULL",
    "SELECT count(*), name FROM names",
    "VALUES (1, 2), (3, 4)",
    "SELECT 'it''s', \"name\" FROM people LIMIT 1",
    "/* c */ SELECT 1 /* d */; /* e */",
    "SELECT printf('%.*c', 5000, 'y')",
    "SELECT zeroblob(3000)",
    "SELECT 'a' || char(0) || 'b'",
    "SELECT name FROM people ORDER BY name DESC; SELECT size FROM people; SELECT nope",
    "PRAGMA table_info(people)",
]);

/// Texts with something between each two semicolons: sha1 of 3.40.1 takes a missing statement for a text.
const QUERIES: Input = OneOf(&[
    "SELECT * FROM people",
    "SELECT 1; SELECT 2",
    "SELECT nope FROM people",
    "SELECT * FROM nowhere",
    "SELECT json('{')",
    "SELECT x'', '', 0.1, -1, 1e300, 9223372036854775807, NULL",
    "SELECT count(*), name FROM names",
    "SELECT printf('%.*c', 5000, 'y')",
    "DELETE FROM people",
]);

const PEOPLE: &str =
    "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT NOT NULL, size REAL, photo BLOB, extra)";
const PEOPLE_ROWS: &str = "INSERT INTO people VALUES (1, 'Ada', 1.5, x'00ff', NULL), (2, 'Bob', 2.25, NULL, '7'), \
                           (3, 'Cé', NULL, x'', 8)";
const NAMES: &str = "CREATE VIEW names AS SELECT name FROM people";

/// Ways to bind a parameter.
const HOW: Input = OneOf(&[
    "int",
    "int64",
    "double",
    "null",
    "text",
    "text of a length",
    "own text",
    "text64",
    "text16",
    "text16 to its end",
    "blob",
    "blob64",
    "zeroblob",
    "zeroblob64",
    "pointer",
    "value",
]);

pub(crate) fn sql() -> Case {
    case(
        "sql.c",
        &[
            (PEOPLE, &[]),
            (PEOPLE_ROWS, &[]),
            (NAMES, &[]),
            ("CREATE TABLE keyed(k TEXT PRIMARY KEY, rowid TEXT) WITHOUT ROWID", &[]),
            ("CREATE TABLE own(rowid TEXT, v)", &[]),
            ("SELECT is_refused()", &[]),
            ("SELECT rows(?1)", &[STATEMENTS]),
            ("SELECT rows(?1, ?2)", &[STATEMENTS, Any]),
            ("SELECT rows('SELECT ?1, ?2, typeof(?1)', ?1, ?2)", &[Any, Any]),
            ("SELECT rows('SELECT * FROM people WHERE name > ?', ?1)", &[Text]),
            ("SELECT bound(?1, ?2)", &[HOW, Text]),
            ("SELECT bound(?1, ?2)", &[HOW, Number]),
            ("SELECT bound(?1, ?2)", &[HOW, Of(" +-0123456789.e")]),
            ("SELECT bound(?1, NULL), bound(?1, x'')", &[HOW]),
            (
                "SELECT bound('bytes of ' || column1, column2) FROM (VALUES \
                 ('text16', x'fffe41004200'), ('text16', x'feff0041'), ('text16', x'4100ff'), \
                 ('text16be', x'fffe4100'), ('text16be', x'feff0041'), ('text16be', x'0041ff'), \
                 ('text16', x'00dc41004200'), ('text16be', x'd80000410042'), ('text16', x'fffe'))",
                &[],
            ),
            (
                "SELECT bound(?1, ?2)",
                &[OneOf(&["blob", "blob64", "value", "int64", "double"]), Blob],
            ),
            (
                "SELECT described(?1, ?2)",
                &[
                    OneOf(&[
                        "SELECT ?, ?5, :a, @b, $c, :a FROM people",
                        "SELECT id, name, size + 1, photo AS p, extra FROM people",
                        "SELECT count(*), 'x', ?2",
                        "SELECT rowid, * FROM people",
                        "SELECT nope(",
                        "SELECT * FROM names WHERE :x",
                    ]),
                    OneOf(&[":a", "@b", "$c", "?5", "?1", ":x", "nope", ""]),
                ],
            ),
            ("SELECT executed(?1), executed(?1, 0)", &[STATEMENTS]),
            ("SELECT tabled(?1)", &[STATEMENTS]),
            ("SELECT tabled(NULL), executed(NULL), rows(NULL)", &[]),
            ("SELECT completed(?1)", &[Of("a;'\"[]`/*- \n")]),
            (
                "SELECT completed(?1 || ?2 || ?3 || ?4)",
                &[
                    OneOf(&["", "explain ", "/* ; */", " x "]),
                    OneOf(&["CREATE", "create temp", "CREATE temporary", "SELECT", ""]),
                    OneOf(&[" TRIGGER t BEGIN", " TABLE", ";", " trigger"]),
                    OneOf(&[" x; END;", ";", " x; end ; y", "; END; -- c", " ';", " end"]),
                ],
            ),
            (
                "SELECT metadata(?1, ?2, ?3)",
                &[
                    OneOf(&["main", "temp"]),
                    OneOf(&["people", "names", "keyed", "own", "nowhere", "PEOPLE"]),
                    OneOf(&["id", "NAME", "rowid", "_rowid_", "oid", "photo", "nope", "k", "v"]),
                ],
            ),
            ("SELECT metadata(NULL, 'own', 'v'), metadata('main', 'people', NULL)", &[]),
            // Without a schema, temp comes first, and a view hides a table.
            ("CREATE TEMP TABLE only_temp(t VARCHAR(3) NOT NULL, u)", &[]),
            ("CREATE TEMP TABLE own(v BLOB PRIMARY KEY)", &[]),
            ("CREATE TEMP VIEW keyed AS SELECT 1 AS k", &[]),
            ("SELECT metadata(NULL, 'only_temp', 't'), metadata('main', 'only_temp', 't')", &[]),
            ("SELECT metadata(NULL, 'own', 'v'), metadata('main', 'own', 'v')", &[]),
            ("SELECT metadata(NULL, 'keyed', 'k'), metadata('main', 'keyed', 'k')", &[]),
            ("DROP TABLE temp.own", &[]),
            ("DROP VIEW temp.keyed", &[]),
            // A table with this name hides the table-valued pragma, whatever schema is asked.
            (
                "CREATE TABLE pragma_table_xinfo(name, type, \"notnull\", pk, arg HIDDEN, schema HIDDEN)",
                &[],
            ),
            (
                "INSERT INTO pragma_table_xinfo(name, type) VALUES ('name', 'LIE'), ('nope', 'LIE')",
                &[],
            ),
            (
                "SELECT metadata('main', 'people', ?1)",
                &[OneOf(&["id", "NAME", "rowid", "photo", "nope"])],
            ),
            ("DROP TABLE pragma_table_xinfo", &[]),
            ("SELECT listed()", &[]),
            ("CREATE TABLE made(a INTEGER PRIMARY KEY, b UNIQUE, CHECK (a < 100))", &[]),
            ("SELECT rows('INSERT INTO made(b) VALUES (?1) RETURNING a, b', 'x')", &[]),
            ("SELECT rows('INSERT INTO made VALUES (9, 8), (200, 7)')", &[]),
            ("SELECT rows('UPDATE made SET b = ''z''; SELECT * FROM made')", &[]),
            ("SELECT changed('INSERT INTO made(b) VALUES (1), (2)')", &[]),
            ("SELECT changed('INSERT INTO made(b) VALUES (1)')", &[]),
            ("SELECT changed('UPDATE people SET extra = 1')", &[]),
            ("SELECT changed('SELECT 1')", &[]),
            ("SELECT changed('DELETE FROM made')", &[]),
            (
                "SELECT changed('CREATE TABLE more(x); INSERT INTO more VALUES (1); DROP TABLE more')",
                &[],
            ),
            ("SELECT * FROM made", &[]),
            ("CREATE TABLE blobs(value)", &[]),
            (
                "INSERT INTO blobs VALUES (x'30313233343536373839'), ('abcdefghij'), (7), (NULL), (x''), \
                 ('Ünicode')",
                &[],
            ),
            (
                "SELECT opened(?1, ?2, ?3, ?4), (SELECT group_concat(typeof(value) || quote(value)) FROM blobs)",
                &[Within(0, 7), Within(0, 7), Within(0, 1), Within(-1, 9)],
            ),
        ],
    )
}

/// Queries whose results differ between executions are left out.
pub(crate) fn eval() -> Case {
    case(
        "ext/misc/eval.c",
        &[
            (PEOPLE, &[]),
            (PEOPLE_ROWS, &[]),
            (NAMES, &[]),
            ("SELECT eval(?1)", &[STATEMENTS]),
            ("SELECT eval(?1, ?2)", &[STATEMENTS, Text]),
            ("SELECT eval('SELECT ' || ?1)", &[Integer]),
            ("SELECT eval('SELECT eval(''SELECT 1'')')", &[]),
            ("SELECT eval('INSERT INTO people(name) VALUES (''Dora'')')", &[]),
            ("SELECT count(*) FROM people", &[]),
        ],
    )
}

pub(crate) fn nextchar() -> Case {
    case(
        "ext/misc/nextchar.c",
        &[
            ("CREATE TABLE words(word TEXT, lang TEXT)", &[]),
            ("CREATE INDEX words_word ON words(word)", &[]),
            (
                "INSERT INTO words VALUES ('abs', 's'), ('avg', 'w'), ('json', 's'), ('json_array', 's'), \
                 ('json_each', 't'), ('sum', 'w'), ('substr', 's'), ('strftime', 's'), ('sign', 's'), \
                 ('é', 'y'), ('éa', 'y'), ('ab', 'y'), (NULL, 'z'), ('a∂', 'y'), ('a𝄞', 'y')",
                &[],
            ),
            ("SELECT next_char(?1, 'words', 'word')", &[Of("asjo_né")]),
            ("SELECT next_char(substr(?1, 1, 1), 'words', 'word')", &[Of("abcdefgrstué")]),
            (
                "SELECT next_char(?1, 'words', 'word', ?2)",
                &[
                    OneOf(&["", "a", "é", "s", "json_"]),
                    OneOf(&["lang = 'y'", "lang = 's'", "1", ""]),
                ],
            ),
            (
                "SELECT next_char(?1, 'words', 'word', 'lang = ''y''', 'binary')",
                &[OneOf(&["", "a", "é"])],
            ),
            ("SELECT next_char('a', 'nowhere', 'word')", &[]),
            ("SELECT next_char(?1, 'words', 'word')", &[Any]),
        ],
    )
}

pub(crate) fn blobio() -> Case {
    case(
        "ext/misc/blobio.c",
        &[
            ("CREATE TABLE t(x)", &[]),
            ("INSERT INTO t VALUES (x'30313233343536373839'), ('abcdefghij'), (7), (NULL)", &[]),
            (
                "SELECT readblob('main', 't', ?1, ?2, ?3, ?4)",
                &[OneOf(&["x", "y"]), Within(0, 5), Within(-1, 12), Within(-1, 12)],
            ),
            (
                "SELECT writeblob('main', 't', 'x', ?1, ?2, x'616263'), (SELECT quote(x) FROM t WHERE rowid = ?1)",
                &[Within(0, 5), Within(-1, 12)],
            ),
        ],
    )
}

pub(crate) fn sha1_query() -> Case {
    case(
        "ext/misc/sha1.c",
        &[(PEOPLE, &[]), (PEOPLE_ROWS, &[]), (NAMES, &[]), ("SELECT sha1_query(?1)", &[QUERIES])],
    )
}

pub(crate) fn sha3_query() -> Case {
    case(
        "ext/misc/shathree.c",
        &[
            (PEOPLE, &[]),
            (PEOPLE_ROWS, &[]),
            (NAMES, &[]),
            ("SELECT sha3_query(?1)", &[STATEMENTS]),
            ("SELECT sha3_query(?1, ?2)", &[STATEMENTS, OneOf(&["224", "512", "100"])]),
        ],
    )
}
