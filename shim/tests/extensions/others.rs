//! Suites of extensions that are in no package as C sources: those in `examples/c`, and R-trees from SQLite's own folder
//! `ext/rtree`, which needs two functions of SQLite's own code.

use std::path::{Path, PathBuf};

use commensal_shim::Build;

use crate::inputs::Input::{
    Any, Blob, Integer, Number, Numbers, Of, OneOf, Real, Text, Within, Word,
};
use crate::suite::{Queries, Suite};
use crate::{native, sqlite_sources, versions};

/// A source in `examples/c`.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/c").join(name)
}

fn check(name: &str, sources: &[PathBuf], options: &[String], queries: Queries, only_tables: bool) {
    let build = Build { sources: sources.to_vec(), options: options.to_vec(), ..Build::default() };
    let built = build.run().unwrap_or_else(|error| panic!("{name}: {error}"));
    let folder = tempfile::tempdir().unwrap();
    let native = native::load(sources, options, None, folder.path());
    Suite { name, queries, only_tables, tables: &[] }.compare(&built.wasm, native);
}

#[test]
fn collection() {
    check("collection", &[example("collection.c")], &[], COLLECTION, false);
}

#[test]
fn ulid() {
    check("ulid", &[example("ulid.c")], &[], ULID, false);
}

#[test]
fn uuid7() {
    check("uuid7", &[example("uuid7.c")], &[], UUID7, false);
}

#[test]
fn rtree() {
    for version in versions() {
        let source = sqlite_sources(&version).join("ext/rtree/rtree.c");
        let returns_int =
            std::fs::read_to_string(&source).unwrap().contains("\nint sqlite3GetToken");
        let mut options = vec!["-DSQLITE_ENABLE_GEOPOLY".to_owned()];
        options.extend(returns_int.then(|| "-DTOKEN_LENGTH=int".to_owned()));
        let name = format!("rtree and geopoly of SQLite {version}");
        check(&name, &[source, example("rtree_core.c")], &options, RTREE, true);
    }
}

const COLLECTION: Queries = &[
    ("SELECT P_square(?1), P_cube(?1), P_signum(?1)", &[Any]),
    ("SELECT round(P_cot(?1), 9)", &[Within(-50, 50)]),
    ("SELECT P_replicate(?1, ?2)", &[Word, Within(-1, 9)]),
    ("SELECT P_replicate(?1, ?2)", &[Text, OneOf(&["0", "2000000000", "9223372036854775807"])]),
    ("SELECT P_charindex(?1, ?2), P_charindex(?1, ?2, ?3)", &[Of("ab"), Word, Within(-1, 9)]),
    ("SELECT P_charindex(?1, ?2)", &[OneOf(&["é", "", "X", "-"]), Text]),
    ("SELECT P_leftstr(?1, ?2), P_rightstr(?1, ?2)", &[Text, Within(-2, 30)]),
    ("SELECT P_reverse(?1), P_proper(?1), P_ltrim(?1)", &[Text]),
    ("SELECT P_proper(?1), P_ltrim(?1)", &[Of("aB cD  eF")]),
    ("SELECT P_padl(?1, ?2), P_padr(?1, ?2), P_padc(?1, ?2)", &[Text, Within(-1, 30)]),
    ("SELECT P_padl(?1, ?2), P_padc(?1, ?2)", &[Word, Integer]),
    ("SELECT P_strfilter(?1, ?2)", &[Text, Of("abcXYZé∂1")]),
    ("SELECT P_stdev(value), P_variance(value), P_mode(value) FROM json_each(?1)", &[Numbers]),
    ("SELECT P_lower_quartile(value), P_upper_quartile(value) FROM json_each(?1)", &[Numbers]),
    ("SELECT key % 3, P_mode(value), P_stdev(?2) FROM json_each(?1) GROUP BY 1", &[Numbers, Real]),
    ("SELECT P_stdev(?1), P_variance(?2), P_mode(?1)", &[Any, Number]),
];

const ULID: Queries = &[
    ("SELECT P_ulid_ms(?1), hex(P_ulid_blob(?1))", &[Any]),
    (
        "SELECT P_ulid_ms(substr(?1 || '01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, 26))",
        &[Of("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz")],
    ),
    (
        "SELECT hex(P_ulid_blob(?1 || substr('1ARZ3NDEKTSV4RRFFQ69G5FAV', 1 + length(?2)) || ?2))",
        &[Of("012345678"), Of("0123456789ABCDEFGHJKMNPQRSTVWXYZILOU")],
    ),
    (
        "SELECT P_ulid_ms('7ZZZZZZZZZZZZZZZZZZZZZZZZZ'), P_ulid_ms('8ZZZZZZZZZZZZZZZZZZZZZZZZZ')",
        &[],
    ),
    ("SELECT length(P_ulid()), P_ulid() < P_ulid(), length(P_ulid_blob(P_ulid()))", &[]),
    ("SELECT abs(P_ulid_ms(P_ulid()) / 1000 - unixepoch()) < 5", &[]),
];

const UUID7: Queries = &[
    ("SELECT P_uuid7_ms(?1), hex(P_uuid7_blob(?1))", &[Any]),
    (
        "SELECT P_uuid7_ms(substr(?1 || '017f22e279b07cc398c4dc0c0c07398f', 1, 32))",
        &[Of("0123456789abcdefABCDEF")],
    ),
    (
        "SELECT hex(P_uuid7_blob(substr(hex(?1) || '00112233445577', 1, 12) || '7abc9def0123456789ab'))",
        &[Blob],
    ),
    (
        "SELECT P_uuid7_ms(CAST(substr(?1, 1, ?2) || x'017f22e279b07cc398c4dc0c0c07398f' AS BLOB))",
        &[Blob, Within(0, 1)],
    ),
    ("SELECT P_uuid7_ms('017F22E2-79B0-7CC3-98C4-DC0C0C07398F')", &[]),
    ("SELECT length(P_uuid7()), P_uuid7() < P_uuid7(), substr(P_uuid7(), 15, 1)", &[]),
    ("SELECT abs(P_uuid7_ms(P_uuid7()) / 1000 - unixepoch()) < 5", &[]),
];

/// Shapes of geopoly: polygons, and texts that are not.
const SHAPE: crate::inputs::Input = OneOf(&[
    "[[0,0],[4,0],[4,4],[0,4],[0,0]]",
    "[[1,1],[3,1],[2,3],[1,1]]",
    "[[3,3],[9,3],[9,9],[6,5],[3,9],[3,3]]",
    "[[-2,-2],[-1,-2],[-1,-1],[-2,-2]]",
    "[[0,0],[1,1],[0,0]]",
    "[[0,0],[4,0]",
    "no shape",
]);

/// The rows are written by statements without parameters, so every guest has the same.
const RTREE: Queries = &[
    ("CREATE VIRTUAL TABLE boxes USING P_rtree(id, x0, x1, y0, y1, +name TEXT)", &[]),
    (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) \
         INSERT INTO boxes SELECT i, i % 37, i % 37 + i % 5, i % 53, i % 53 + i % 7, 'box ' || i FROM n",
        &[],
    ),
    ("UPDATE boxes SET x0 = x0 - 1, name = 'moved' WHERE id % 9 = 0", &[]),
    ("INSERT INTO boxes VALUES (?1, 9, 7, 1, 2, 'less than nothing')", &[Within(2000, 2010)]),
    ("INSERT INTO boxes VALUES (1, 0, 4, 1, 2, 'taken')", &[]),
    (
        "INSERT OR IGNORE INTO boxes VALUES (2000, 9, 7, 1, 2, 'less'), (2001, 0, 4, 1, 2, 'good'), (1, 0, 1, 0, 1, '')",
        &[],
    ),
    ("DELETE FROM boxes WHERE id % 7 = 0", &[]),
    (
        "SELECT id, x0, x1, name FROM boxes WHERE x0 >= ?1 AND x1 <= ?1 + ?2 AND y0 > ?3 ORDER BY id",
        &[Within(-2, 40), Within(0, 20), Within(-1, 60)],
    ),
    ("SELECT count(*), sum(y1), min(x0) FROM boxes WHERE x1 > ?1 AND y1 < ?2", &[Number, Real]),
    ("SELECT * FROM boxes WHERE id = ?1", &[Any]),
    ("SELECT * FROM boxes WHERE id = ?1", &[Within(0, 401)]),
    (
        "INSERT OR REPLACE INTO boxes VALUES (2, 1, 2, 3, 4, 'there'), (1000, 1, 2, 3, 4, 'new')",
        &[],
    ),
    (
        "SELECT a.id, b.id FROM boxes a, boxes b WHERE a.id = ?1 AND b.x0 >= a.x0 AND b.x1 <= a.x1 \
      AND b.y0 >= a.y0 AND b.y1 <= a.y1 ORDER BY b.id",
        &[Within(1, 400)],
    ),
    // Outside of a transaction, rtreecheck of 3.40.1 begins one.
    ("BEGIN", &[]),
    ("SELECT P_rtreecheck('boxes'), P_rtreedepth(data) FROM boxes_node WHERE nodeno = 1", &[]),
    ("COMMIT", &[]),
    ("SELECT nodeno, P_rtreenode(2, data) FROM boxes_node ORDER BY nodeno", &[]),
    ("SELECT rowid, nodeno FROM boxes_rowid ORDER BY rowid", &[]),
    ("CREATE VIRTUAL TABLE ints USING P_rtree_i32(id, a, b)", &[]),
    ("INSERT INTO ints VALUES (NULL, -5, 5), (7, 2147483647, 2147483647), (NULL, 1.9, 2.9)", &[]),
    ("SELECT * FROM ints WHERE a <= ?1 AND b >= ?1", &[Number]),
    ("BEGIN", &[]),
    ("DELETE FROM boxes WHERE id < 300", &[]),
    ("SELECT count(*), P_rtreecheck('boxes') FROM boxes", &[]),
    ("ROLLBACK", &[]),
    ("SELECT count(*) FROM boxes", &[]),
    ("CREATE VIRTUAL TABLE areas USING P_geopoly(name)", &[]),
    (
        "INSERT INTO areas(_shape, name) VALUES ('[[0,0],[4,0],[4,4],[0,4],[0,0]]', 'square'), \
         ('[[10,10],[14,10],[12,14],[10,10]]', 'triangle'), ('[[2,2],[8,3],[5,9],[2,2]]', 'between')",
        &[],
    ),
    ("INSERT INTO areas(_shape) VALUES ('no shape')", &[]),
    ("SELECT name FROM areas WHERE P_geopoly_overlap(_shape, ?1) ORDER BY 1", &[SHAPE]),
    ("SELECT name FROM areas WHERE P_geopoly_within(_shape, ?1) ORDER BY 1", &[SHAPE]),
    (
        "SELECT P_geopoly_area(?1), P_geopoly_json(?1), P_geopoly_svg(?1, ?2), hex(P_geopoly_blob(?1))",
        &[SHAPE, OneOf(&["", "class='a'"])],
    ),
    (
        "SELECT P_geopoly_overlap(?1, ?2), P_geopoly_within(?1, ?2), P_geopoly_contains_point(?1, ?3, ?4)",
        &[SHAPE, SHAPE, Within(-3, 9), Within(-3, 9)],
    ),
    (
        "SELECT P_geopoly_json(P_geopoly_xform(?1, ?2, 0, 0, ?2, ?3, 1)), P_geopoly_json(P_geopoly_bbox(?1)), \
         P_geopoly_json(P_geopoly_ccw(?1))",
        &[SHAPE, Within(-2, 3), Within(-9, 9)],
    ),
    (
        "SELECT P_geopoly_json(P_geopoly_regular(?1, 2, ?2, ?3))",
        &[Within(-9, 9), Within(-1, 9), Within(2, 9)],
    ),
    ("SELECT P_geopoly_json(P_geopoly_group_bbox(_shape)) FROM areas", &[]),
    ("ALTER TABLE areas RENAME TO regions", &[]),
    ("UPDATE regions SET _shape = '[[0,0],[1,0],[1,1],[0,0]]' WHERE name = 'square'", &[]),
    ("SELECT name, P_geopoly_area(_shape) FROM regions ORDER BY 1", &[]),
    ("DROP TABLE regions", &[]),
    ("DROP TABLE boxes", &[]),
    ("SELECT name FROM sqlite_schema WHERE name LIKE 'boxes%' OR name LIKE 'areas%'", &[]),
];
