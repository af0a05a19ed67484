//! Suites: the extensions of [sqlean](https://github.com/nalgeon/sqlean), which are made for every program that uses
//! SQLite. Their names get a prefix, because many are those of built-in functions; native, they replace those.
//!
//! `COMMENSAL_SQLEAN_SOURCES` names the sources; `scripts/c-suites` gets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commensal::{Database, FileAccess, Options, WasmtimeRuntime};
use commensal_shim::Build;

use crate::inputs::Input::{
    self, Any, Blob, Integer, Number, Numbers, Of, OneOf, Pattern, Real, Text, Within, Word,
};
use crate::native;
use crate::suite::{Queries, Suite};

/// The sources.
pub(crate) fn folder() -> PathBuf {
    let sources = std::env::var_os("COMMENSAL_SQLEAN_SOURCES")
        .expect("COMMENSAL_SQLEAN_SOURCES is not set: scripts/c-suites gives its value");
    PathBuf::from(sources)
}

/// The source of an entry point and that of the extension, and the options of the compiler.
fn sources(name: &str, entry: &Path) -> ([PathBuf; 2], Vec<String>) {
    let sources = folder();
    let text = format!(
        "#include \"sqlite3ext.h\"\nSQLITE_EXTENSION_INIT1\nint {name}_init(sqlite3 *);\n\
         int sqlite3_{name}_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {{\n  \
         SQLITE_EXTENSION_INIT2(api);\n  return {name}_init(db);\n}}\n"
    );
    fs::write(entry, text).unwrap();
    let options = [
        &format!("-I{}", sources.display()),
        &format!("-I{}", sources.join("regexp/pcre2").display()),
        "-DPCRE2_CODE_UNIT_WIDTH=8",
        "-DLINK_SIZE=2",
        "-DHAVE_CONFIG_H",
        "-DSUPPORT_UNICODE",
        "-w",
        // sqlean's SHA-256 reads the same bytes by two types.
        "-fno-strict-aliasing",
    ];
    let files = [sources.join(format!("sqlean-{name}.c")), entry.to_owned()];
    (files, options.map(str::to_owned).into())
}

fn build(name: &str, files: &[PathBuf], options: &[String]) -> Vec<u8> {
    let build = Build { sources: files.to_vec(), options: options.to_vec(), ..Build::default() };
    build.run().unwrap_or_else(|error| panic!("{name}: {error}")).wasm
}

/// The example of docs/c.md about names: all names that `without` lists are taken, and nothing else is.
#[test]
fn the_example_of_the_document_works() {
    let document = include_str!("../../../docs/c.md");
    let section = document.split_once("## Names of built-in functions").unwrap().1;
    let mut blocks = section.split("```");
    let example = blocks.nth(1).unwrap();
    let expected = blocks.nth(1).unwrap().strip_prefix("text").unwrap().trim();
    let folder = tempfile::tempdir().unwrap();
    for name in ["text", "fuzzy"] {
        let (files, options) = sources(name, &folder.path().join("entry.c"));
        let wasm = build(name, &files, &options);
        fs::write(folder.path().join(format!("{name}.wasm")), wasm).unwrap();
    }
    let access = FileAccess::Any { base: Some(folder.path().to_owned()) };
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new())).file_access(access);
    let connection = Database::open_in_memory(options).unwrap().connect().unwrap();
    let plain = "CREATE EXTENSION text LANGUAGE wasm AS file://text.wasm";
    let error = connection.execute(plain, ()).unwrap_err().to_string();
    let without = error.split("(without = ").nth(1).unwrap().split(')').next().unwrap();
    assert!(example.contains(&format!("WITH (without = {without})")), "{error}");
    let (statements, query) = example.split_at(example.find("SELECT").unwrap());
    connection.execute_batch(statements).unwrap();
    let answer: (String, String) =
        connection.query_row(query, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(format!("{}|{}", answer.0, answer.1), expected);
}

/// Compares an extension with the one compiled for this machine.
fn check(name: &str, queries: Queries) {
    let folder = tempfile::tempdir().unwrap();
    let (files, options) = sources(name, &folder.path().join("entry.c"));
    let built = build(name, &files, &options);
    let suite = Suite {
        name: &format!("sqlean {name}"),
        queries,
        only_tables: matches!(name, "define" | "vsv"),
        tables: &["P_stats_seq"],
    };
    let entry = format!("sqlite3_{name}_init");
    suite.compare(&built, native::load(&files, &options, Some(&entry), folder.path()));
}

macro_rules! suites {
    ($($name:ident $queries:ident;)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name), $queries);
        }
    )*};
}

suites! {
    crypto CRYPTO;
    define DEFINE;
    fuzzy FUZZY;
    ipaddr IPADDR;
    math MATH;
    regexp REGEXP;
    stats STATS;
    text TEXT;
    time TIME;
    unicode UNICODE;
    uuid UUID;
    vsv VSV;
}

/// Base85 of whole groups: the native extension reads beyond the end of others.
const CRYPTO: Queries = &[
    ("SELECT P_crypto_encode(substr(?1, 1, length(?1) / 4 * 4), 'base85')", &[Blob]),
    ("SELECT hex(P_crypto_md5(?1)), hex(P_crypto_sha1(?1))", &[Text]),
    (
        "SELECT hex(P_crypto_sha256(?1)), hex(P_crypto_sha384(?1)), hex(P_crypto_sha512(?1))",
        &[Blob],
    ),
    ("SELECT hex(P_crypto_blake3(?1)), hex(P_md5(?1))", &[Any]),
    ("SELECT hex(P_sha256(printf('%.*c', ?1, 'x')))", &[Within(0, 300)]),
    (
        "SELECT P_crypto_encode(?1, ?2)",
        &[Blob, OneOf(&["base32", "base64", "hex", "url", "nothing"])],
    ),
    ("SELECT P_encode(?1, ?2)", &[Text, OneOf(&["base32", "base64", "hex", "url"])]),
    (
        "SELECT hex(P_crypto_decode(P_crypto_encode(?1, ?2), ?2))",
        &[Blob, OneOf(&["base32", "base64", "hex", "url"])],
    ),
    ("SELECT hex(P_decode(?1, 'base64'))", &[Of("ABCabc019+/=")]),
    ("SELECT hex(P_decode(?1, 'hex'))", &[Of("0123456789abcdefABCDEF")]),
    ("SELECT hex(P_decode(?1, 'url'))", &[Of("a%20b+c%C3%A9")]),
];

/// What it runs changes nothing twice, so it does not matter how often it is asked. Its tables last as long as SQLite
/// does not read the schema again.
const DEFINE: Queries = &[
    (
        "SELECT P_eval(?1)",
        &[OneOf(&[
            "select 1 + 1",
            "select 'a', 'b' union all select 2, null",
            "values (1), (2); select 3",
            "select",
            "select nope",
            "select * from nowhere",
            "",
            "create table if not exists made(x); select count(*) from made",
            "drop table if exists nowhere; select x'', 1.5, 9223372036854775807",
            "with recursive n(i) as (select 1 union all select i + 1 from n limit 9) select i from n",
        ])],
    ),
    ("SELECT P_eval('select ' || quote(?1), ?2)", &[Any, OneOf(&[",", " ", "", "--"])]),
    ("SELECT P_eval('values (' || ?1 || '), (' || ?2 || ')', ', ')", &[Integer, Number]),
    ("SELECT P_eval('select ' || quote(?1) || ', ' || quote(?2), NULL)", &[Text, Word]),
    ("CREATE VIRTUAL TABLE wrong USING P_define(SELECT 1)", &[]),
    ("CREATE VIRTUAL TABLE wrong USING P_define((SELECT nope))", &[]),
    ("CREATE VIRTUAL TABLE wrong USING P_define((DELETE FROM sqlean_define))", &[]),
    (
        "CREATE VIRTUAL TABLE cut USING P_define((SELECT substr(:text, 1, instr(:text, :by) - 1) AS a, \
         substr(:text, instr(:text, :by) + 1) AS b))",
        &[],
    ),
    ("SELECT * FROM cut(?1, ?2)", &[Word, OneOf(&["a", "b", "ab", ""])]),
    ("SELECT b, a FROM cut WHERE by = ?2 AND text = ?1", &[Text, OneOf(&[" ", "é", "-"])]),
    ("SELECT P_undefine('cut'), P_undefine('nowhere')", &[]),
    ("SELECT * FROM cut('a', 'b')", &[]),
    (
        "CREATE VIRTUAL TABLE upto USING P_define((WITH RECURSIVE n(i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i, i * i AS square FROM n))",
        &[],
    ),
    ("SELECT i, square FROM upto(?1) WHERE i % 2 = ?2", &[Within(-1, 40), Within(0, 1)]),
    ("SELECT a.rowid, b.i FROM upto(?1) a, upto(a.i) b ORDER BY 1 DESC, 2", &[Within(0, 12)]),
    ("SELECT name, type FROM sqlean_define", &[]),
    ("SELECT P_define_free()", &[]),
];

const FUZZY: Queries = &[
    (
        "SELECT P_fuzzy_damlev(?1, ?2), P_fuzzy_leven(?1, ?2), P_fuzzy_osadist(?1, ?2)",
        &[Word, Word],
    ),
    ("SELECT P_fuzzy_hamming(?1, ?2), P_fuzzy_jarowin(?1, ?2)", &[Word, Word]),
    ("SELECT P_fuzzy_damlev(?1, ?2), P_fuzzy_editdist(?1, ?2)", &[Of("abcdefgh"), Of("abcdefgh")]),
    ("SELECT P_fuzzy_soundex(?1), P_fuzzy_rsoundex(?1)", &[Of("abcdefghijklmnopqrstuvwxyz")]),
    ("SELECT P_fuzzy_caver(?1)", &[Of("abcdefghijklmnopqrstuvwxyz")]),
    ("SELECT P_fuzzy_phonetic(?1), P_fuzzy_script(?1), P_fuzzy_translit(?1)", &[Text]),
    ("SELECT P_soundex(?1), P_levenshtein(?1, ?2)", &[Any, Any]),
    ("SELECT P_jaro_winkler(?1, ?2), P_edit_distance(?1, ?2)", &[Word, Word]),
];

const ADDRESSES: Input = OneOf(&[
    "192.168.16.12/24",
    "10.0.0.1",
    "255.255.255.255/32",
    "0.0.0.0/0",
    "2001:db8::123/64",
    "::1",
    "fe80::1%eth0",
    "::ffff:10.1.2.3/120",
    "1.2.3",
    "300.1.1.1",
    "1.2.3.4/33",
    "::/129",
    "",
    "a",
]);

const IPADDR: Queries = &[
    ("SELECT P_ipfamily(?1)", &[ADDRESSES]),
    ("SELECT P_iphost(?1)", &[ADDRESSES]),
    ("SELECT P_ipmasklen(?1)", &[ADDRESSES]),
    ("SELECT P_ipnetwork(?1)", &[ADDRESSES]),
    ("SELECT P_ipcontains(?1, ?2)", &[ADDRESSES, ADDRESSES]),
    ("SELECT P_ipnetwork(?1), P_iphost(?1)", &[Of("0123456789.:/abcdef")]),
    (
        "SELECT P_ipcontains('10.' || ?1 || '.0.0/' || ?2, '10.' || ?3 || '.1.2')",
        &[Within(0, 255), Within(0, 32), Within(0, 255)],
    ),
    ("SELECT P_ipnetwork('10.1.' || ?1 || '.77/' || ?2)", &[Within(0, 255), Within(0, 32)]),
];

const MATH: Queries = &[
    ("SELECT P_math_ceil(?1), P_math_floor(?1), P_math_trunc(?1)", &[Number]),
    ("SELECT P_math_round(?1), P_math_round(?1, ?2)", &[Real, Within(-3, 9)]),
    ("SELECT P_math_sqrt(?1)", &[Real]),
    ("SELECT P_math_degrees(?1), P_math_radians(?1), P_math_pi()", &[Within(-1000, 1000)]),
    ("SELECT P_math_mod(?1, ?2)", &[Within(-1000, 1000), Within(-7, 7)]),
    ("SELECT round(P_math_pow(?1, ?2), 6)", &[Within(0, 20), Within(-3, 9)]),
    (
        "SELECT round(P_math_log(?1), 9), round(P_math_log2(?1), 9), round(P_ln(?1), 9)",
        &[Within(-5, 5000)],
    ),
    ("SELECT round(P_math_log(?1, ?2), 9)", &[Within(2, 9), Within(1, 5000)]),
    (
        "SELECT round(P_math_sin(?1), 9), round(P_cos(?1), 9), round(P_tan(?1), 6)",
        &[Within(-50, 50)],
    ),
    ("SELECT round(P_acos(?1 / 10.0), 9), round(P_asin(?1 / 10.0), 9)", &[Within(-12, 12)]),
    (
        "SELECT round(P_atan2(?1, ?2), 9), round(P_sinh(?1 / 10.0), 9)",
        &[Within(-9, 9), Within(-9, 9)],
    ),
    ("SELECT P_math_ceil(?1), P_math_sqrt(?1), P_trunc(?1)", &[Any]),
];

const REGEXP: Queries = &[
    ("SELECT P_regexp_like(?2, ?1)", &[Pattern("abAB.*+?|()[]^$-"), Word]),
    ("SELECT P_regexp_substr(?2, ?1)", &[Pattern("ab.*|()"), Word]),
    (
        "SELECT P_regexp_replace(?2, ?1, ?3)",
        &[Pattern("ab.+|()"), Word, OneOf(&["", "x", "$1", "[$0]", "\\1"])],
    ),
    ("SELECT P_regexp_capture(?2, ?1, ?3)", &[Pattern("ab.()()"), Word, Within(0, 3)]),
    ("SELECT P_regexp_capture(?2, ?1)", &[Pattern("ab.()"), Word]),
    ("SELECT P_regexp_like(?2, ?1)", &[Pattern("a\\dwsbDWSn{}12,"), Of("ab12 \n_")]),
    (
        "SELECT P_regexp_substr(?1, ?2)",
        &[
            Text,
            OneOf(&[
                "\\p{L}+", "(?i)x", "\\d+", "é|∂", "[^a-z]", "(?<=a)b", "\\b\\w", "(", "a{2,}",
            ]),
        ],
    ),
    ("SELECT P_regexp_replace(?1, '[aeé∂]', '<$0>')", &[Text]),
];

const STATS: Queries = &[
    ("SELECT P_stats_median(value) FROM json_each(?1)", &[Numbers]),
    (
        "SELECT round(P_stats_var(value), 9), round(P_stddev_pop(value), 9) FROM json_each(?1)",
        &[Numbers],
    ),
    (
        "SELECT P_stats_p25(value), P_stats_p90(value), P_percentile_99(value) FROM json_each(?1)",
        &[Numbers],
    ),
    ("SELECT P_stats_perc(value, ?2) FROM json_each(?1)", &[Numbers, Within(-2, 102)]),
    ("SELECT key % 3, P_median(value) FROM json_each(?1) GROUP BY 1", &[Numbers]),
    ("SELECT value FROM P_stats_seq(?1, ?2)", &[Within(-5, 5), Within(0, 20)]),
    (
        "SELECT value FROM P_stats_seq(?1, ?2, ?3) LIMIT 50",
        &[Within(-5, 5), Within(0, 20), Within(1, 5)],
    ),
    ("SELECT P_median(value), P_variance(value) FROM json_each('[]')", &[]),
];

/// No bytes that are not UTF-8, and no letters that another case makes longer: the native extension reads and writes
/// beyond their end.
const TEXT: Queries = &[
    (
        "SELECT P_text_substring(?1, ?2), P_text_substring(?1, ?2, ?3)",
        &[Text, Within(-3, 12), Within(-2, 12)],
    ),
    (
        "SELECT P_text_slice(?1, ?2), P_text_slice(?1, ?2, ?3)",
        &[Text, Within(-9, 12), Within(-9, 12)],
    ),
    ("SELECT P_text_left(?1, ?2), P_text_right(?1, ?2), P_left(?1, ?2)", &[Text, Within(-5, 12)]),
    ("SELECT P_text_index(?1, ?2), P_text_last_index(?1, ?2), P_strpos(?1, ?2)", &[Word, Of("ab")]),
    (
        "SELECT P_text_contains(?1, ?2), P_text_has_prefix(?1, ?2), P_text_has_suffix(?1, ?2)",
        &[Word, Of("ab")],
    ),
    (
        "SELECT P_text_count(?1, ?2), P_text_split(?1, ?2, ?3)",
        &[Word, OneOf(&["a", "b", "ab", ""]), Within(-3, 4)],
    ),
    (
        "SELECT P_text_join(?1, ?2, ?3), P_text_concat(?2, ?1), P_concat_ws(?1, ?2, ?3)",
        &[Word, Word, Number],
    ),
    ("SELECT P_text_repeat(?1, ?2)", &[Word, Within(-1, 9)]),
    (
        "SELECT P_text_trim(?1), P_text_ltrim(?1, ?2), P_text_rtrim(?1, ?2)",
        &[Of(" ab "), Of("ab ")],
    ),
    (
        "SELECT P_text_lpad(?1, ?2), P_text_rpad(?1, ?2, ?3)",
        &[Word, Within(0, 20), OneOf(&["x", "ab", "é"])],
    ),
    (
        "SELECT P_text_replace(?1, ?2, ?3), P_text_replace(?1, ?2, ?3, ?4)",
        &[Word, OneOf(&["a", "ab"]), Of("x"), Within(0, 3)],
    ),
    ("SELECT P_text_translate(?1, ?2, ?3), P_text_reverse(?1)", &[Text, Of("abcé"), Of("xy∂")]),
    (
        "SELECT P_text_upper(?1), P_text_lower(?1), P_text_title(?1), P_text_casefold(?1)",
        &[Of("abcXYZé 1")],
    ),
    ("SELECT P_text_length(?1), P_text_size(?1), P_text_bitsize(?1), P_octet_length(?1)", &[Text]),
    ("SELECT P_text_like(?1, ?2)", &[Pattern("aabAB%_é"), Word]),
    (
        "SELECT ?1 < ?2 COLLATE P_text_nocase, ?1 = ?2 COLLATE P_text_nocase",
        &[Of("aAéÉ"), Of("aAéÉ")],
    ),
];

const MOMENT: Input = Within(-2_000_000_000, 4_000_000_000);

const TIME: Queries = &[
    ("SELECT P_time_fmt_iso(P_time_unix(?1)), P_time_to_unix(P_time_unix(?1))", &[MOMENT]),
    (
        "SELECT P_time_fmt_datetime(P_time_unix(?1, ?2)), P_time_to_nano(P_time_unix(?1, ?2))",
        &[MOMENT, Within(0, 999_999_999)],
    ),
    (
        "SELECT P_time_fmt_date(P_time_unix(?1), ?2), P_time_fmt_time(P_time_unix(?1), ?2)",
        &[MOMENT, Within(-40_000, 40_000)],
    ),
    (
        "SELECT P_time_get_year(P_time_unix(?1)), P_time_get_yearday(P_time_unix(?1)), P_time_get_isoweek(P_time_unix(?1)), \
         P_time_get_weekday(P_time_unix(?1)), P_time_get_isoyear(P_time_unix(?1))",
        &[MOMENT],
    ),
    (
        "SELECT P_time_get(P_time_unix(?1), ?2)",
        &[MOMENT, OneOf(&["year", "month", "decade", "isodow", "epoch", "dow", "hour", "nope"])],
    ),
    (
        "SELECT P_time_fmt_iso(P_time_trunc(P_time_unix(?1), ?2))",
        &[MOMENT, OneOf(&["year", "quarter", "month", "week", "day", "hour", "nope"])],
    ),
    (
        "SELECT P_time_fmt_iso(P_time_date(?1, ?2, ?3))",
        &[Within(1, 3000), Within(-3, 15), Within(-3, 40)],
    ),
    (
        "SELECT P_time_sub(P_time_unix(?1), P_time_unix(?2)), P_time_compare(P_time_unix(?1), P_time_unix(?2))",
        &[MOMENT, MOMENT],
    ),
    ("SELECT P_time_fmt_iso(P_time_add(P_time_unix(?1), ?2))", &[MOMENT, Integer]),
    (
        "SELECT P_time_fmt_iso(P_time_add_date(P_time_unix(?1), ?2, ?3))",
        &[MOMENT, Within(-30, 30), Within(-30, 30)],
    ),
    (
        "SELECT P_time_fmt_iso(P_time_parse(?1))",
        &[OneOf(&[
            "2011-11-18",
            "2011-11-18 15:56:35",
            "2011-11-18T15:56:35.666777888Z",
            "2011-11-18T15:56:35+03:00",
            "15:56:35",
            "x",
            "",
        ])],
    ),
    (
        "SELECT P_time_to_micro(P_time_micro(?1)), P_time_to_milli(P_time_milli(?1)), P_time_get_nano(P_time_nano(?1))",
        &[MOMENT],
    ),
];

const UNICODE: Queries = &[
    ("SELECT P_lower(?1), P_upper(?1)", &[Text]),
    ("SELECT P_nlower(?1), P_nupper(?1), P_casefold(?1)", &[Of("aÄßéÉΣσςЖжĲ")]),
    ("SELECT P_unaccent(?1)", &[Of("aÄßéÉΣçñøŁ")]),
    ("SELECT P_like(?1, ?2), P_nlike(?1, ?2)", &[Pattern("aAäÄ%_"), Of("aAäÄ")]),
    ("SELECT P_like(?1, ?2, 'x'), P_nlike(?1, ?2, 'x')", &[Pattern("aAäx%_"), Of("aAä%_")]),
    ("SELECT P_lower(?1), P_casefold(?1), P_unaccent(?1)", &[Text]),
    ("SELECT P_unicode_version()", &[]),
];

const UUID: Queries = &[
    ("SELECT P_uuid_str(?1), hex(P_uuid_blob(?1))", &[Any]),
    ("SELECT P_uuid_str(?1 || ?1)", &[Of("0123456789abcdefABCDEF-{}")]),
    ("SELECT P_uuid_str(substr(hex(?1) || '0123456789abcdef0123456789abcdef', 1, 32))", &[Blob]),
    (
        "SELECT hex(P_uuid_blob('{' || substr(hex(?1) || '0123456789abcdef0123456789abcdef', 1, 32) || '}'))",
        &[Blob],
    ),
    (
        "SELECT P_uuid7_timestamp_ms(P_uuid_str(substr(hex(?1) || '0123456789ab7def8123456789abcdef', 1, 32)))",
        &[Blob],
    ),
    ("SELECT length(P_uuid4()), substr(P_gen_random_uuid(), 15, 1), P_uuid4() = P_uuid4()", &[]),
];

const VSV: Queries = &[
    ("CREATE VIRTUAL TABLE one USING P_vsv(data='a,b,c\n1,2.5,x\n\"q\"\"\",,\n', header=1)", &[]),
    ("SELECT a, b, c, typeof(b) FROM one WHERE a <> ?1", &[OneOf(&["1", "q\"", "z"])]),
    ("SELECT count(*) FROM one WHERE rowid > ?1", &[Within(0, 3)]),
    (
        "CREATE VIRTUAL TABLE two USING P_vsv(data='1;2\n3;4\n5;6', fsep=';', columns=2, affinity=integer)",
        &[],
    ),
    ("SELECT c0 + ?1, c1, typeof(c0) FROM two ORDER BY c0 DESC", &[Within(-9, 9)]),
    ("SELECT * FROM two WHERE c1 > ?1", &[Within(0, 9)]),
    ("CREATE VIRTUAL TABLE three USING P_vsv(data='a\tb\n', fsep='\\t', nulls=1, skip=0)", &[]),
    ("SELECT * FROM three", &[]),
    ("SELECT one.a, two.c0 FROM one, two WHERE two.c0 = ?1", &[Within(0, 6)]),
];
