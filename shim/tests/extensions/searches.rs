//! Extensions whose virtual tables run SQL: they keep their rows in other tables, or search those.

use crate::inputs::Input::{self, Any, Of, OneOf, Pattern, Text, Within, Word};
use crate::{Case, QUESTIONS_INTERPRETED, SQLITE_VEC, cases};

const fn case(source: &'static str, queries: &'static [(&'static str, &'static [Input])]) -> Case {
    // Searching is slow, and what a question writes is there for the next one.
    let questions = QUESTIONS_INTERPRETED;
    Case { questions, runs_sql: true, ..cases::case(source, queries) }
}

const WORDS: &str = "INSERT INTO words(word) VALUES ('abs'), ('ab'), ('abba'), ('bab'), ('bb'), ('aab'), ('Abe'), \
                     ('kennesaw'), ('kenosha'), ('résumé'), ('naïve'), (''), ('b')";

pub(crate) fn amatch() -> Case {
    case(
        "ext/misc/amatch.c",
        &[
            ("CREATE TABLE words(word TEXT, lang INTEGER DEFAULT 0)", &[]),
            ("CREATE INDEX words_word ON words(word)", &[]),
            (WORDS, &[]),
            ("CREATE TABLE costs(lang, cfrom, cto, cost)", &[]),
            (
                "INSERT INTO costs VALUES (0, '', '?', 100), (0, '?', '', 90), (0, '?', '?', 120), (0, 'a', 'e', 30), \
                 (0, 'bb', 'b', 20)",
                &[],
            ),
            (
                "CREATE VIRTUAL TABLE near USING approximate_match(vocabulary_table=words, \
                 vocabulary_word=word, vocabulary_language=lang, edit_distances=costs)",
                &[],
            ),
            (
                "SELECT word, distance FROM near WHERE word MATCH ?1 AND distance < ?2 AND language = 0",
                &[Of("abe"), Within(0, 250)],
            ),
            ("SELECT word FROM near WHERE word MATCH ?1 AND distance < 150 LIMIT 3", &[Word]),
            ("SELECT count(*) FROM near", &[]),
            ("INSERT INTO near(word) VALUES ('x')", &[]),
            ("CREATE VIRTUAL TABLE bad USING approximate_match(vocabulary_table=words)", &[]),
            ("CREATE VIRTUAL TABLE bad USING approximate_match(edit_distances=nowhere)", &[]),
            ("DROP TABLE near", &[]),
        ],
    )
}

pub(crate) fn fuzzer() -> Case {
    case(
        "ext/misc/fuzzer.c",
        &[
            ("CREATE TABLE rules(ruleset, cfrom, cto, cost)", &[]),
            (
                "INSERT INTO rules VALUES (0, 'a', 'e', 30), (0, 'b', '', 50), (0, 'e', 'é', 20), \
                 (0, 'ab', 'o', 45), (1, 'a', 'é', 10)",
                &[],
            ),
            ("CREATE VIRTUAL TABLE variants USING fuzzer(rules)", &[]),
            (
                "SELECT word, distance FROM variants WHERE word MATCH ?1 AND distance < ?2",
                &[Pattern("abo"), Within(0, 120)],
            ),
            (
                "SELECT word FROM variants WHERE word MATCH ?1 AND distance < 60 AND ruleset = ?2",
                &[Pattern("abo"), Within(0, 2)],
            ),
            ("SELECT word FROM variants WHERE word MATCH ?1 AND distance < 100 LIMIT 5", &[Word]),
            ("INSERT INTO rules VALUES (0, 'x', 'y', -5)", &[]),
            ("CREATE VIRTUAL TABLE bad USING fuzzer(rules)", &[]),
            ("CREATE VIRTUAL TABLE bad USING fuzzer(nowhere)", &[]),
            ("CREATE VIRTUAL TABLE bad USING fuzzer()", &[]),
        ],
    )
}

pub(crate) fn closure() -> Case {
    Case {
        options: &["-DSQLITE_TEST"],
        ..case(
            "ext/misc/closure.c",
            &[
                ("CREATE TABLE tree(id INTEGER PRIMARY KEY, parent INTEGER)", &[]),
                ("CREATE INDEX tree_parent ON tree(parent)", &[]),
                (
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) \
                     INSERT INTO tree SELECT i, i * 2 / 5 FROM n",
                    &[],
                ),
                (
                    "CREATE VIRTUAL TABLE under USING transitive_closure(tablename=tree, idcolumn=id, \
                     parentcolumn=parent)",
                    &[],
                ),
                ("CREATE VIRTUAL TABLE general USING transitive_closure", &[]),
                ("SELECT id, depth FROM under WHERE root = ?1", &[Within(0, 61)]),
                (
                    "SELECT id FROM under WHERE root = ?1 AND depth <= ?2",
                    &[Within(0, 20), Within(-1, 4)],
                ),
                (
                    "SELECT id FROM under WHERE root = ?1 AND depth = ?2",
                    &[Within(0, 20), Within(0, 4)],
                ),
                (
                    "SELECT id, depth FROM general WHERE root = ?1 AND tablename = 'tree' AND \
                     idcolumn = 'parent' AND parentcolumn = 'id'",
                    &[Within(0, 61)],
                ),
                ("SELECT count(*) FROM under", &[]),
                (
                    "SELECT id FROM general WHERE root = 1 AND tablename = 'nowhere' AND idcolumn = 'id' \
                     AND parentcolumn = 'parent'",
                    &[],
                ),
                (
                    "SELECT t.id, u.depth FROM tree t, under u WHERE u.root = t.parent AND u.id = 7",
                    &[],
                ),
            ],
        )
    }
}

/// Words with the same score come in the order of the C library's qsort, which differs in a guest.
pub(crate) fn spellfix() -> Case {
    case(
        "ext/misc/spellfix.c",
        &[
            (
                "SELECT spellfix1_translit(?1), spellfix1_phonehash(?1), spellfix1_scriptcode(?1)",
                &[Text],
            ),
            ("SELECT spellfix1_editdist(?1, ?2)", &[Word, Word]),
            ("SELECT spellfix1_editdist(?1, ?2)", &[Any, Any]),
            ("SELECT editdist3(?1, ?2), editdist3(?1)", &[Word, Word]),
            ("CREATE TABLE costs(iLang, cFrom, cTo, iCost)", &[]),
            (
                "INSERT INTO costs VALUES (0, 'a', 'b', 7), (0, '', '?', 50), (0, '?', '', 51), (0, '?', '?', 52)",
                &[],
            ),
            ("SELECT editdist3('costs')", &[]),
            ("SELECT editdist3('nowhere')", &[]),
            ("CREATE VIRTUAL TABLE spell USING spellfix1", &[]),
            ("CREATE TABLE words(word)", &[]),
            (WORDS, &[]),
            ("INSERT INTO spell(word) SELECT word FROM words WHERE word <> ''", &[]),
            ("INSERT INTO spell(word, rank) VALUES ('kennels', 50)", &[]),
            (
                "SELECT word, distance, score, matchlen FROM spell WHERE word MATCH ?1 AND top = 20 ORDER BY score, word",
                &[Of("abekns")],
            ),
            ("SELECT word, rank, langid, phonehash FROM spell WHERE word MATCH 'kenasaw'", &[]),
            (
                "SELECT word FROM spell WHERE word MATCH ?1 || '*' AND scope = 3 ORDER BY word",
                &[Of("abkn")],
            ),
            (
                "SELECT rowid, word, k1, k2 FROM (SELECT v.id AS rowid, word, k1, k2 FROM spell_vocab v)",
                &[],
            ),
            ("SELECT word, rank FROM spell", &[]),
            ("SELECT word FROM spell WHERE rowid = ?1", &[Within(0, 15)]),
            ("UPDATE spell SET word = 'kenya', rank = 3 WHERE word = 'kenosha'", &[]),
            ("DELETE FROM spell WHERE word = 'bb'", &[]),
            ("SELECT id, rank, langid, word, k1, k2 FROM spell_vocab", &[]),
            ("SELECT last_insert_rowid()", &[]),
            // Statements of several rows, for which SQLite sets a savepoint, in methods of the table.
            ("INSERT OR REPLACE INTO spell(rowid, word) VALUES (?1, ?2)", &[Within(1, 20), Word]),
            ("INSERT OR IGNORE INTO spell(rowid, word) VALUES (?1, ?2)", &[Within(1, 20), Word]),
            ("UPDATE spell SET rank = rank + 1 WHERE rowid < 9", &[]),
            ("SELECT id, rank, langid, word, k1, k2 FROM spell_vocab", &[]),
            ("BEGIN", &[]),
            ("ALTER TABLE spell RENAME TO passing", &[]),
            ("DELETE FROM passing WHERE rowid > 5", &[]),
            ("DROP TABLE passing", &[]),
            ("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%vocab%'", &[]),
            ("ROLLBACK", &[]),
            ("SELECT count(*) FROM spell", &[]),
            ("ALTER TABLE spell RENAME TO spelled", &[]),
            ("SELECT count(*) FROM spelled_vocab", &[]),
            ("DROP TABLE spelled", &[]),
            ("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'spell%'", &[]),
        ],
    )
}

/// Programs of statements contain page numbers, which differ in a database with definitions.
pub(crate) fn explain() -> Case {
    case(
        "ext/misc/explain.c",
        &[
            ("SELECT * FROM explain('SELECT 1')", &[]),
            (
                "SELECT opcode, p1, p2, p4 FROM explain(?1)",
                &[OneOf(&[
                    "SELECT abs(?)",
                    "VALUES (1), (2)",
                    "SELECT 1 UNION SELECT 2",
                    "SELECT 2 UNION SELECT 1 ORDER BY 1 DESC LIMIT 1",
                    "SELECT nope",
                    "",
                ])],
            ),
        ],
    )
}

pub(crate) fn unionvtab() -> Case {
    case(
        "ext/misc/unionvtab.c",
        &[
            ("CREATE TABLE one(a INTEGER PRIMARY KEY, b)", &[]),
            ("CREATE TABLE two(a INTEGER PRIMARY KEY, b)", &[]),
            ("CREATE TABLE other(a, b, c)", &[]),
            ("CREATE VIEW seen AS SELECT * FROM one", &[]),
            ("INSERT INTO one VALUES (1, 'x'), (5, NULL), (9, 1.5)", &[]),
            ("INSERT INTO two VALUES (10, x'00'), (15, 'é'), (19, 7)", &[]),
            (
                "CREATE VIRTUAL TABLE temp.both USING unionvtab(\"VALUES ('main', 'one', 0, 9), \
                 ('main', 'two', 10, 19)\")",
                &[],
            ),
            ("SELECT rowid, * FROM both", &[]),
            ("SELECT * FROM both WHERE a = ?1", &[Within(0, 20)]),
            (
                "SELECT * FROM both WHERE rowid >= ?1 AND rowid < ?2",
                &[Within(0, 20), Within(0, 20)],
            ),
            ("SELECT count(*), max(a) FROM both WHERE b IS NOT NULL", &[]),
            ("SELECT x.a, y.a FROM both x, both y WHERE y.a = x.a + 4", &[]),
            ("INSERT INTO both VALUES (3, 3)", &[]),
            (
                "CREATE VIRTUAL TABLE main.bad USING unionvtab(\"VALUES ('main', 'one', 0, 9)\")",
                &[],
            ),
            (
                "CREATE VIRTUAL TABLE temp.bad USING unionvtab(\"VALUES ('main', 'nowhere', 0, 9)\")",
                &[],
            ),
            (
                "CREATE VIRTUAL TABLE temp.bad USING unionvtab(\"VALUES ('main', 'seen', 0, 9)\")",
                &[],
            ),
            (
                "CREATE VIRTUAL TABLE temp.bad USING unionvtab(\"VALUES ('main', 'one', 0, 9), \
                 ('main', 'other', 10, 19)\")",
                &[],
            ),
            (
                "CREATE VIRTUAL TABLE temp.bad USING unionvtab(\"VALUES ('main', 'one', 9, 0)\")",
                &[],
            ),
            ("CREATE VIRTUAL TABLE temp.bad USING unionvtab(\"SELECT nope\")", &[]),
            ("DROP TABLE both", &[]),
        ],
    )
}

/// Vectors of four numbers as JSON, and texts that are no vectors.
const VECTORS: Input = OneOf(&[
    "[1, 2, 3, 4]",
    "[0.5, -0.25, 1e3, 0]",
    "[-1,-1,-1,-1]",
    "[0, 0, 0, 0]",
    "[ 3.14159 , 2.71828,1.41421,0.57721 ]",
    "[1, 2, 3]",
    "[1, 2",
    "[a]",
    "",
    "{}",
]);

pub(crate) fn vec() -> Case {
    Case {
        entry: Some("sqlite3_vec_init"),
        // Its Hamming distance counts the bits of an `unsigned long`, which has 32 in a guest.
        options: &["-DSQLITE_VEC_OMIT_FS=1"],
        ..case(
            SQLITE_VEC,
            &[
                ("SELECT vec_version()", &[]),
                (
                    "SELECT vec_distance_l2(?1, ?2), vec_distance_l1(?1, ?2), vec_distance_cosine(?1, ?2)",
                    &[VECTORS, VECTORS],
                ),
                ("SELECT vec_distance_l2(?1, ?2)", &[Any, VECTORS]),
                (
                    "SELECT vec_to_json(vec_add(?1, ?2)), vec_to_json(vec_sub(?1, ?2))",
                    &[VECTORS, VECTORS],
                ),
                (
                    "SELECT vec_to_json(vec_normalize(?1)), vec_length(?1), vec_type(?1), vec_f32(?1)",
                    &[VECTORS],
                ),
                ("SELECT vec_to_json(?1), vec_f32(?1)", &[Any]),
                ("SELECT vec_f32('[]')", &[]),
                ("SELECT vec_f32(?1)", &[Of("[[]],. 1e-")]),
                (
                    "SELECT vec_to_json(vec_slice(?1, ?2, ?3))",
                    &[VECTORS, Within(-1, 5), Within(-1, 5)],
                ),
                ("SELECT vec_to_json(vec_int8(?1)), vec_type(vec_int8(?1))", &[VECTORS]),
                (
                    "SELECT vec_distance_hamming(vec_bit(x'0011223344556677'), vec_bit(CAST(substr(?1 || 'abcdefgh', 1, 8) AS BLOB)))",
                    &[Of("abcdefgh")],
                ),
                ("SELECT vec_quantize_binary(?1)", &[OneOf(&["[1,-1,1,1,-1,-1,0,2]", "[1,2,3]"])]),
                ("SELECT vec_to_json(vec_quantize_int8(?1, 'unit'))", &[VECTORS]),
                ("SELECT rowid, value FROM vec_each(?1)", &[VECTORS]),
                (
                    "CREATE VIRTUAL TABLE items USING vec0(item_id INTEGER PRIMARY KEY, embedding float[4], \
                     kind TEXT, price FLOAT, +note TEXT, chunk_size=8)",
                    &[],
                ),
                ("SELECT name FROM sqlite_schema WHERE name LIKE 'items%' ORDER BY name", &[]),
                (
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) \
                     INSERT INTO items(item_id, embedding, kind, price, note) \
                     SELECT i, json_array(i % 7, i % 5, i % 3, i / 10.0), \
                     CASE i % 3 WHEN 0 THEN 'plain' WHEN 1 THEN 'a kind with a long name' ELSE 'x' END, i * 1.5, \
                     'note ' || i FROM n",
                    &[],
                ),
                ("SELECT item_id, vec_to_json(embedding), kind, price, note FROM items", &[]),
                (
                    "SELECT vec_to_json(embedding), note FROM items WHERE item_id = ?1",
                    &[Within(0, 32)],
                ),
                (
                    "SELECT item_id, distance FROM items WHERE embedding MATCH ?1 AND k = ?2",
                    &[VECTORS, Within(0, 12)],
                ),
                (
                    "SELECT item_id, distance, note FROM items WHERE embedding MATCH ?1 AND k = 5 AND kind = ?2",
                    &[VECTORS, OneOf(&["plain", "a kind with a long name", "x", "none"])],
                ),
                (
                    "SELECT item_id FROM items WHERE embedding MATCH ?1 AND k = 6 AND price > ?2",
                    &[VECTORS, Within(0, 40)],
                ),
                (
                    "SELECT item_id, distance FROM items WHERE embedding MATCH '[1,1,1,1]' AND k = 4 \
                     AND item_id IN (3, 7, 11, 19, 40)",
                    &[],
                ),
                ("INSERT INTO items(item_id, embedding) VALUES (1, '[1,1,1,1]')", &[]),
                ("INSERT INTO items(item_id, embedding) VALUES (100, '[1,1]')", &[]),
                ("UPDATE items SET embedding = '[9,9,9,9]', note = 'new' WHERE item_id = 3", &[]),
                ("UPDATE items SET kind = 'plain', price = 2.5 WHERE item_id = 4", &[]),
                ("DELETE FROM items WHERE item_id IN (5, 6)", &[]),
                (
                    "SELECT item_id, vec_to_json(embedding), kind, price, note FROM items WHERE item_id < 8",
                    &[],
                ),
                ("SELECT count(*) FROM items", &[]),
                (
                    "SELECT item_id, distance FROM items WHERE embedding MATCH '[9,9,9,9]' AND k = 3",
                    &[],
                ),
                (
                    "CREATE VIRTUAL TABLE parts USING vec0(user INTEGER PARTITION KEY, v int8[4], b bit[8])",
                    &[],
                ),
                (
                    "INSERT INTO parts(user, v, b) SELECT value % 2, vec_int8(json_array(value, 1, 2, -value)), \
                     vec_bit(CAST(char(64 + value) AS BLOB)) FROM json_each('[1,2,3,4,5,6,7]')",
                    &[],
                ),
                (
                    "SELECT rowid, distance FROM parts WHERE v MATCH vec_int8('[3,1,2,-3]') AND k = 3 AND user = ?1",
                    &[Within(0, 2)],
                ),
                ("SELECT rowid, distance FROM parts WHERE b MATCH vec_bit(x'45') AND k = 3", &[]),
                ("SELECT rowid, vec_type(v), vec_to_json(v), vec_to_json(b) FROM parts", &[]),
                ("SELECT * FROM parts_chunks", &[]),
                ("CREATE VIRTUAL TABLE bad USING vec0(v float[0])", &[]),
                ("CREATE VIRTUAL TABLE bad USING vec0(id INTEGER)", &[]),
                ("BEGIN", &[]),
                ("DROP TABLE items", &[]),
                ("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'items%'", &[]),
                ("ROLLBACK", &[]),
                ("BEGIN", &[]),
                ("ALTER TABLE items RENAME TO things", &[]),
                ("SELECT count(*) FROM things_rowids", &[]),
                ("ROLLBACK", &[]),
                ("SELECT count(*) FROM items", &[]),
                ("INSERT OR REPLACE INTO items(item_id, embedding) VALUES (1, '[1,2,3,4]')", &[]),
                ("DROP TABLE items", &[]),
                ("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'items%'", &[]),
            ],
        )
    }
}
