//! The extensions that have virtual tables, and the queries to compare for each.

use crate::inputs::Input::{self, Any, Integer, Number, Of, Text, Within, Word};
use crate::{Case, cases};

const fn case(
    source: &'static str,
    tables: &'static [&'static str],
    queries: &'static [(&'static str, &'static [Input])],
) -> Case {
    Case { tables, ..cases::case(source, queries) }
}

pub(crate) fn csv() -> Case {
    case(
        "ext/misc/csv.c",
        &["csv", "t1", "t2", "t3", "t9"],
        &[
            (
                "CREATE VIRTUAL TABLE t1 USING csv(data='a,b,c\n1,2,3\n\"x\"\"y\",,é\n', header=yes)",
                &[],
            ),
            ("SELECT rowid, * FROM t1", &[]),
            ("SELECT b FROM t1 WHERE c = ?1 OR a = ?1", &[Of("123xé")]),
            ("SELECT a, c FROM t1 WHERE rowid = 2", &[]),
            ("SELECT count(*) FROM t1, t1 AS u", &[]),
            ("CREATE VIRTUAL TABLE t2 USING csv(data='1,2\n3\n4,5,6', columns=3)", &[]),
            ("SELECT *, typeof(c2) FROM t2 ORDER BY c1 DESC", &[]),
            (
                "CREATE VIRTUAL TABLE temp.t3 USING csv(data='5,x\n6,y\n', schema='CREATE TABLE z(n INTEGER PRIMARY KEY, s)')",
                &[],
            ),
            ("SELECT n + 1, s FROM t3", &[]),
            ("CREATE VIRTUAL TABLE csv1 USING csv(data='a', data='b')", &[]),
            ("CREATE VIRTUAL TABLE csv2 USING csv(what=1)", &[]),
            ("CREATE VIRTUAL TABLE csv3 USING csv()", &[]),
            ("CREATE VIRTUAL TABLE csv4 USING csv(columns=0, data='')", &[]),
            ("CREATE VIRTUAL TABLE csv5 USING csv(data='a\"b,\"c', header)", &[]),
            ("SELECT * FROM csv5", &[]),
            ("CREATE VIRTUAL TABLE csv6 USING csv(filename='/nowhere/at/all.csv')", &[]),
            ("SELECT * FROM csv", &[]),
            ("DELETE FROM t1", &[]),
            ("ALTER TABLE t1 RENAME TO t9", &[]),
            ("SELECT * FROM t9", &[]),
            ("DROP TABLE t2", &[]),
            ("SELECT * FROM t2", &[]),
        ],
    )
}

pub(crate) fn fossildelta() -> Case {
    case(
        "ext/misc/fossildelta.c",
        &["delta_parse"],
        &[
            // Only deltas that it has made itself: others lead the native extension out of its memory.
            ("SELECT delta_create(?1, ?2)", &[Text, Text]),
            ("SELECT delta_apply(?1, delta_create(?1, ?2))", &[Text, Text]),
            (
                "SELECT delta_apply(a, d), delta_output_size(d) FROM (SELECT a, delta_create(a, b) AS d \
                 FROM (SELECT printf('%.*c', ?2, 'x') || ?1 || printf('%.*c', ?3, 'yz') AS a, \
                 ?1 || printf('%.*c', ?3, 'y') || printf('%.*c', ?2, 'x') AS b))",
                &[Text, Within(0, 200), Within(0, 200)],
            ),
            (
                "SELECT op, a1, a2 FROM delta_parse(delta_create(printf('%.*c', ?2, 'x') || ?1, ?1))",
                &[Text, Within(0, 200)],
            ),
            ("SELECT rowid, * FROM delta_parse(delta_create(?1, ?2 || ?1))", &[Text, Text]),
        ],
    )
}

pub(crate) fn prefixes() -> Case {
    case(
        "ext/misc/prefixes.c",
        &["FROM prefixes"],
        &[
            ("SELECT rowid, prefix FROM prefixes(?1)", &[Text]),
            ("SELECT prefix FROM prefixes WHERE original_string = ?1 ORDER BY prefix", &[Word]),
            ("SELECT prefix_length(?1, ?2)", &[Word, Word]),
            ("SELECT prefix_length(?1, ?2)", &[Text, Text]),
            ("SELECT count(*) FROM prefixes(?1), prefixes(?2)", &[Word, Word]),
            ("SELECT prefix FROM prefixes", &[]),
            ("SELECT prefix FROM prefixes(?1) LIMIT 2 OFFSET 1", &[Text]),
        ],
    )
}

pub(crate) fn qpvtab() -> Case {
    case(
        "ext/misc/qpvtab.c",
        &["qpvtab"],
        &[
            ("SELECT * FROM qpvtab", &[]),
            ("SELECT * FROM qpvtab WHERE a = ?1 AND b > ?2", &[Any, Integer]),
            (
                "SELECT rowid, vn, ix, cn, op, ux, rhs FROM qpvtab('abc') WHERE c IN (1, 2) ORDER BY d",
                &[],
            ),
            ("SELECT DISTINCT a FROM qpvtab WHERE e LIKE ?1 AND rowid < 4", &[Text]),
            (
                "SELECT vn, cn, rhs FROM qpvtab(?1) WHERE a COLLATE nocase = 'x' LIMIT 5 OFFSET 2",
                &[Word],
            ),
            ("SELECT b, count(*) FROM qpvtab GROUP BY b", &[]),
            (
                "SELECT x.vn FROM qpvtab x JOIN qpvtab y ON x.a = y.b WHERE y.flags = ?1",
                &[Within(0, 7)],
            ),
            ("SELECT * FROM qpvtab WHERE flags = ?1 ORDER BY a, b DESC", &[Within(0, 7)]),
        ],
    )
}

pub(crate) fn series() -> Case {
    case(
        "ext/misc/series.c",
        &["generate_series"],
        &[
            (
                "SELECT rowid, value, start, stop, step FROM generate_series(?1, ?2, ?3)",
                &[Within(-20, 20), Within(-20, 20), Within(-5, 5)],
            ),
            (
                "SELECT value FROM generate_series(?1, ?2) ORDER BY value DESC LIMIT 5",
                &[Within(-20, 20), Within(0, 1000)],
            ),
            (
                "SELECT sum(value), count(*) FROM generate_series WHERE start = ?1 AND stop = ?2 AND step = ?3",
                &[Within(0, 100), Within(0, 3000), Within(1, 9)],
            ),
            (
                "SELECT value FROM generate_series(1, 10, 3) WHERE value IN (1, ?1, 10)",
                &[Within(0, 12)],
            ),
            (
                "SELECT a.value, b.value FROM generate_series(1, 4) a, generate_series(a.value, ?1) b",
                &[Within(0, 9)],
            ),
            ("SELECT value FROM generate_series(?1, ?1, 1)", &[Integer]),
            (
                "SELECT value FROM generate_series(?1, ?2, 3) LIMIT ?3 OFFSET 2",
                &[Within(0, 9), Within(0, 999), Within(0, 7)],
            ),
            (
                "SELECT value FROM generate_series(9223372036854775800, 9223372036854775807, ?1) LIMIT 20",
                &[Within(1, 9)],
            ),
            ("SELECT count(*) FROM generate_series(1, ?1)", &[Within(0, 2000)]),
            ("SELECT value FROM generate_series(?1) LIMIT 3", &[Any]),
            ("SELECT value FROM generate_series LIMIT 3", &[]),
            (
                "SELECT value FROM generate_series(1, 100) WHERE value BETWEEN ?1 AND ?2",
                &[Number, Number],
            ),
        ],
    )
}

pub(crate) fn templatevtab() -> Case {
    case(
        "ext/misc/templatevtab.c",
        &["templatevtab"],
        &[
            ("SELECT rowid, a, b FROM templatevtab", &[]),
            ("SELECT b FROM templatevtab WHERE a > ?1 ORDER BY b DESC", &[Within(1000, 1012)]),
            ("SELECT count(*) FROM templatevtab, templatevtab", &[]),
            ("CREATE VIRTUAL TABLE templatevtab2 USING wholenumber", &[]),
        ],
    )
}

pub(crate) fn wholenumber() -> Case {
    case(
        "ext/misc/wholenumber.c",
        &["wholenumber", "nums"],
        &[
            // A range without numbers would be all of them, which takes too long.
            ("CREATE VIRTUAL TABLE nums USING wholenumber", &[]),
            (
                "SELECT rowid, value FROM nums WHERE value BETWEEN ?1 AND ?1 + ?2",
                &[Within(0, 30), Within(1, 300)],
            ),
            ("SELECT value FROM nums WHERE value > ?1 LIMIT ?2", &[Within(0, 1000), Within(0, 20)]),
            ("SELECT value FROM wholenumber WHERE value < ?1", &[Within(2, 100)]),
            (
                "SELECT sum(value) FROM nums WHERE value <= ?1 AND value >= ?2",
                &[Within(9, 2000), Within(-9, 9)],
            ),
            ("SELECT value FROM nums WHERE value < 10 ORDER BY value DESC", &[]),
            ("SELECT value FROM nums WHERE value > ?1 AND value < ?1 + 5", &[Within(0, 999)]),
            ("INSERT INTO nums VALUES (1)", &[]),
            ("DROP TABLE nums", &[]),
        ],
    )
}

/// The number of questions that change the answers of later ones, as many as an interpreter has time for.
const QUESTIONS_THAT_WRITE: usize = 20;

/// The extension of these tests, table.c.
pub(crate) fn table() -> Case {
    Case {
        questions: QUESTIONS_THAT_WRITE,
        ..case(
            "table.c",
            &[
                "store",
                "declared",
                " s",
                "FROM d",
                "BEGIN",
                "SAVEPOINT",
                "RELEASE",
                "ROLLBACK",
                "COMMIT",
            ],
            TABLE,
        )
    }
}

const VALUES: &[Input] = &[Within(-3, 40), Any, Any, Any];

const TABLE: &[(&str, &[Input])] = &[
    // Functions of tables exist without a table.
    ("SELECT near(1, 2)", &[]),
    ("SELECT stored(?1)", &[Any]),
    // Writing.
    ("CREATE VIRTUAL TABLE s USING store(a, b COLLATE nocase, c)", &[]),
    ("INSERT INTO s(rowid, a, b, c) VALUES (?1, ?2, ?3, ?4)", VALUES),
    ("SELECT rowid, a, b, c, wrote FROM s", &[]),
    ("INSERT INTO s VALUES (?1, ?2, ?3)", &[Any, Text, Number]),
    ("UPDATE s SET b = ?2 WHERE rowid = ?1", &[Within(0, 60), Word]),
    ("SELECT rowid, wrote FROM s LIMIT 1", &[]),
    ("UPDATE s SET rowid = ?1 WHERE rowid = ?2", &[Within(100, 130), Within(0, 60)]),
    ("UPDATE s SET rowid = ?1, c = ?2 WHERE a = ?2", &[Within(100, 130), Integer]),
    ("SELECT rowid, wrote FROM s LIMIT 1", &[]),
    ("DELETE FROM s WHERE rowid = ?1", &[Within(0, 60)]),
    ("SELECT rowid, wrote FROM s LIMIT 1", &[]),
    ("REPLACE INTO s(rowid, a) VALUES (?1, 1)", &[Within(0, 100)]),
    ("INSERT OR IGNORE INTO s(rowid, a) VALUES (?1, 2)", &[Within(0, 100)]),
    ("SELECT rowid, a, b, c, wrote FROM s", &[]),
    ("INSERT INTO s(a, b) VALUES (?1, ?2) RETURNING rowid, a, b", &[Any, Any]),
    // Plans.
    ("SELECT rowid, plan FROM s WHERE a = ?1", &[Within(0, 3)]),
    ("SELECT plan FROM s WHERE rowid = ?1 AND b IS NOT ?2", &[Within(0, 60), Word]),
    ("SELECT plan FROM s WHERE b COLLATE binary = ?1 OR c IS NULL", &[Word]),
    ("SELECT rowid, plan FROM s WHERE a IN (1, ?1, 'x', NULL, 2.5) AND c IS NULL", &[Any]),
    ("SELECT plan FROM s WHERE b > ?1 LIMIT 1", &[Word]),
    ("SELECT DISTINCT c, plan FROM s WHERE near(a, ?1) ORDER BY b, c DESC", &[Any]),
    ("SELECT plan, c FROM s WHERE c LIKE '%1%' AND c GLOB '*' LIMIT ?1 OFFSET 1", &[Within(0, 9)]),
    (
        "SELECT x.rowid, y.rowid, y.plan FROM s x JOIN s y ON y.a = x.c AND y.rowid < ?1",
        &[Within(0, 60)],
    ),
    ("SELECT a, plan FROM s WHERE rowid BETWEEN ?1 AND ?2", &[Within(0, 60), Within(0, 60)]),
    ("SELECT count(*), max(plan) FROM s", &[]),
    ("CREATE VIRTUAL TABLE store_in USING store(a, b, in)", &[]),
    ("INSERT INTO store_in SELECT a, b FROM s", &[]),
    (
        "SELECT rowid, plan FROM store_in WHERE a IN (?1, ?2, 1, 2) AND b IS NOT ?3",
        &[Any, Any, Any],
    ),
    ("SELECT plan FROM store_in WHERE a IN (SELECT a FROM s WHERE rowid < ?1)", &[Within(0, 60)]),
    ("SELECT plan FROM store_in WHERE a IN () OR a IN (?1, ?1)", &[Within(0, 3)]),
    ("CREATE VIRTUAL TABLE store_conflict USING store(a, conflict)", &[]),
    ("INSERT INTO store_conflict(rowid, a) VALUES (?1, ?2)", &[Within(0, 60), Word]),
    ("INSERT OR IGNORE INTO store_conflict(rowid, a) VALUES (?1, ?2)", &[Within(0, 60), Word]),
    ("INSERT OR FAIL INTO store_conflict(rowid, a) VALUES (?1, ?2)", &[Within(0, 60), Word]),
    (
        "UPDATE OR IGNORE store_conflict SET rowid = ?1 WHERE rowid = ?2",
        &[Within(0, 60), Within(0, 60)],
    ),
    ("SELECT rowid, a, wrote FROM store_conflict", &[]),
    ("REPLACE INTO store_conflict(rowid, a) VALUES (?1, ?2)", &[Within(0, 60), Word]),
    (
        "UPDATE OR REPLACE store_conflict SET rowid = ?1 WHERE rowid = ?2",
        &[Within(0, 60), Within(0, 60)],
    ),
    ("SELECT rowid, a, wrote FROM store_conflict", &[]),
    ("CREATE VIRTUAL TABLE store_ordered USING store(a, ordered)", &[]),
    ("INSERT INTO store_ordered SELECT a FROM s", &[]),
    ("SELECT rowid, a, plan FROM store_ordered ORDER BY rowid DESC LIMIT ?1", &[Within(0, 30)]),
    ("SELECT a, plan FROM store_ordered ORDER BY rowid, a", &[]),
    // More rows than a batch holds.
    ("CREATE VIRTUAL TABLE store_big USING store(a, b)", &[]),
    (
        "INSERT INTO store_big VALUES (printf('%.*c', ?1, 'x') || ?2, ?2)",
        &[Within(0, 30_000), Text],
    ),
    ("SELECT rowid, a, b FROM store_big", &[]),
    ("SELECT sum(length(x.a)), count(*) FROM store_big x, store_big y WHERE x.b <= y.b", &[]),
    // Functions.
    ("SELECT stored(a), stored(plan) FROM s WHERE rowid < ?1", &[Within(0, 60)]),
    ("SELECT near(a, ?1), near(?1, a) FROM s", &[Any]),
    ("SELECT STORED(c) FROM s", &[]),
    ("ALTER TABLE s RENAME TO store2", &[]),
    ("SELECT stored(a) FROM store2 LIMIT 2", &[]),
    // Transactions.
    ("BEGIN", &[]),
    ("INSERT INTO store2(rowid, a) VALUES (1001, 'begun')", &[]),
    ("SAVEPOINT one", &[]),
    ("INSERT INTO store2(rowid, a) VALUES (1002, 'one')", &[]),
    ("SAVEPOINT two", &[]),
    ("DELETE FROM store2 WHERE rowid > 1000", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("ROLLBACK TO two", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("RELEASE two", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("ROLLBACK TO one", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("INSERT INTO store2(rowid, a) VALUES (1001, 'taken')", &[]),
    ("COMMIT", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("BEGIN", &[]),
    ("DELETE FROM store2 WHERE rowid > 1000", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    ("ROLLBACK", &[]),
    ("SELECT rowid, a FROM store2 WHERE rowid > 1000", &[]),
    // Rows with errors.
    ("CREATE VIRTUAL TABLE store3 USING store(a, b)", &[]),
    (
        "INSERT INTO store3 VALUES (1, 1), ('column', 2), ('code', 3), ('words', 4), ('rowid', 5), (6, 6), ('next', 7)",
        &[],
    ),
    ("SELECT a FROM store3", &[]),
    ("SELECT a, b FROM store3", &[]),
    ("SELECT b FROM store3 LIMIT 1", &[]),
    ("SELECT b FROM store3 LIMIT 1 OFFSET 2", &[]),
    ("SELECT b FROM store3 LIMIT 1 OFFSET 3", &[]),
    ("SELECT rowid FROM store3", &[]),
    ("SELECT a FROM store3 LIMIT 6", &[]),
    ("SELECT count(*) FROM store3", &[]),
    // Methods that fail.
    ("CREATE VIRTUAL TABLE store4 USING store(a, fail=create)", &[]),
    ("CREATE VIRTUAL TABLE store4 USING store(a, silent=create)", &[]),
    ("CREATE VIRTUAL TABLE store5 USING store(a, fail=best_index)", &[]),
    ("SELECT * FROM store5", &[]),
    ("CREATE VIRTUAL TABLE store6 USING store(a, silent=best_index)", &[]),
    ("SELECT * FROM store6", &[]),
    ("CREATE VIRTUAL TABLE store7 USING store(a, fail=open)", &[]),
    ("SELECT * FROM store7", &[]),
    ("CREATE VIRTUAL TABLE store8 USING store(a, fail=filter)", &[]),
    ("SELECT * FROM store8", &[]),
    ("CREATE VIRTUAL TABLE store9 USING store(a, silent=filter)", &[]),
    ("SELECT * FROM store9", &[]),
    ("CREATE VIRTUAL TABLE store10 USING store(a, fail=update)", &[]),
    ("INSERT INTO store10 VALUES (1)", &[]),
    ("CREATE VIRTUAL TABLE store11 USING store(a, silent=update)", &[]),
    ("INSERT INTO store11 VALUES (1)", &[]),
    ("CREATE VIRTUAL TABLE store12 USING store(a, fail=begin)", &[]),
    ("INSERT INTO store12 VALUES (1)", &[]),
    ("CREATE VIRTUAL TABLE store13 USING store(a, fail=sync)", &[]),
    ("INSERT INTO store13 VALUES (1)", &[]),
    ("SELECT a FROM store13", &[]),
    ("CREATE VIRTUAL TABLE store14 USING store(a, fail=rename)", &[]),
    ("ALTER TABLE store14 RENAME TO store15", &[]),
    ("CREATE VIRTUAL TABLE store16 USING store(a, fail=find_function)", &[]),
    ("SELECT stored(a) FROM store16", &[]),
    // Declarations.
    (
        "CREATE VIRTUAL TABLE d1 USING declared('CREATE TABLE x(a, b INT, \"c,d\", [e(f], `g``h`, i DEFAULT (1+(2)))')",
        &[],
    ),
    ("SELECT *, rowid FROM d1", &[]),
    (
        "CREATE VIRTUAL TABLE d2 USING declared('create table t(a,b,primary key(a,b)) without rowid')",
        &[],
    ),
    ("SELECT * FROM d2", &[]),
    (
        "CREATE VIRTUAL TABLE d3 USING declared('CREATE TABLE x(a /* , */, b HIDDEN DECIMAL(10, 2) DEFAULT ''x,)'' -- c,\n, \"unique\", d CHECK(d IN (1,2)), CONSTRAINT k UNIQUE(a, d))')",
        &[],
    ),
    ("SELECT *, b FROM d3", &[]),
    ("SELECT \"unique\" FROM d3 WHERE d = 3", &[]),
    (
        "CREATE VIRTUAL TABLE d4 USING declared('CREATE TABLE x(checked, uniques, é, foreign_ INTEGER, _x$)')",
        &[],
    ),
    ("SELECT *, rowid FROM d4", &[]),
    (
        "CREATE VIRTUAL TABLE d5 USING declared('CREATE TABLE x(a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,b0,b1,b2,b3,b4,b5,b6,b7,b8,b9,c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,d0,d1,d2,d3,d4,d5,d6,d7,d8,d9,e0,e1,e2,e3,e4,e5,e6,e7,e8,e9,f0,f1,f2,f3,f4,f5,f6,f7,f8,f9,g0,g1,g2,g3,g4,g5,g6,g7)')",
        &[],
    ),
    ("SELECT * FROM d5", &[]),
    ("SELECT g7, a0 FROM d5", &[]),
    ("SELECT g2, g3 FROM d5 WHERE f9 = 59", &[]),
    ("DROP TABLE store2", &[]),
    ("SELECT * FROM store2", &[]),
];
