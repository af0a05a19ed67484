//! The extensions, and the queries to compare for each.

use crate::inputs::Input::{
    self, Any, Blob, Integer, Number, Numbers, Of, OneOf, Pattern, Real, Text, Units, Utf8, Within,
    Word,
};
use crate::{Case, QUESTIONS};

/// An extension that runs no SQL and has no tables.
pub(crate) const fn case(
    source: &'static str,
    queries: &'static [(&'static str, &'static [Input])],
) -> Case {
    Case {
        source,
        entry: None,
        options: &[],
        queries,
        questions: QUESTIONS,
        tables: &[],
        runs_sql: false,
    }
}

const FORMATS_INTEGER: Input = OneOf(&[
    "%lld",
    "%10lld",
    "%-10lld|",
    "%+lld",
    "% lld",
    "%010lld",
    "%,lld",
    "%.5lld",
    "%llu",
    "%llx",
    "%llX",
    "%#llx",
    "%#llo",
    "%llr",
    "%-8llr|",
    "%15,lld",
    "a%lldb%%",
    "%020,lld",
    "%+08lld",
    "%#12llX|",
    "%-#12llx|",
    "%30.20lld",
]);
const FORMATS_INT: Input = OneOf(&[
    "%d %d",
    "%5d|%-5d|",
    "%u %x",
    "%c%c",
    "%5c|%-5c|",
    "%.3c%c",
    "%o %#o",
    "%d%%%i",
    "%ld %lu",
    "%r %d",
    "%#x %X",
    "%p %d",
    "%y %d",
    "%d %",
    "%lc%c",
]);
const FORMATS_REAL: Input = OneOf(&[
    "%f",
    "%g",
    "%e",
    "%G",
    "%E",
    "%.0f",
    "%.1f",
    "%.10f",
    "%.20f",
    "%.0g",
    "%.3g",
    "%.17g",
    "%.15g",
    "%!g",
    "%!.15g",
    "%!.17g",
    "%!.20g",
    "%!.20e",
    "%!f",
    "%!.3f",
    "%!.30f",
    "%!.26g",
    "%#g",
    "%#f",
    "%#.0f",
    "%,f",
    "%,.2f",
    "%12.3f",
    "%-12.3f|",
    "%012.3f",
    "%+f",
    "% g",
    "%+012g",
    "%.30f",
    "%5.0e",
    "%#.3g",
    "%,.3g",
    "%020.5e",
    "%-020.5f|",
    "%.40g",
]);
const FORMATS_TEXT: Input = OneOf(&[
    "%s", "%q", "%Q", "%w", "'%q'", "%10s|", "%-10s|", "%.3s|", "%!.3s|", "%!10s|", "%10.2s|",
    "%.2q|", "%!.2Q|", "%12Q|", "%-12w|", "%#q", "%#Q", "%!12.4q|",
]);

pub(crate) fn api() -> Case {
    case(
        "api.c",
        &[
            ("SELECT format_integer(?1, ?2)", &[FORMATS_INTEGER, Integer]),
            ("SELECT format_int(?1, ?2, ?3)", &[FORMATS_INT, Within(1, 0x2fff), Within(1, 127)]),
            ("SELECT format_wide(?1, ?2)", &[Integer, Within(0, 1 << 31)]),
            ("SELECT format_real(?1, ?2)", &[FORMATS_REAL, Real]),
            ("SELECT format_real(?1, ?2)", &[FORMATS_REAL, Within(-1000, 1000)]),
            (
                "SELECT format_star(?1, ?2, ?3, ?4)",
                &[
                    OneOf(&["%*.*f|", "%0*.*g|", "%-*.*e|", "%!*.*g|"]),
                    Within(-20, 20),
                    Within(-5, 25),
                    Real,
                ],
            ),
            ("SELECT format_text(?1, ?2)", &[FORMATS_TEXT, Text]),
            ("SELECT format_text(?1, ?2)", &[FORMATS_TEXT, Of("a'\"\\\u{1}\u{1f}é")]),
            ("SELECT format_text(?1, NULL)", &[FORMATS_TEXT]),
            (
                "SELECT format_cut(?1, ?2, ?3, ?4)",
                &[OneOf(&["%f%s", "%.3g %q", "%e|%s", "x%!g%10s"]), Within(0, 40), Real, Text],
            ),
            ("SELECT build()", &[]),
            ("SELECT build_of(?1, ?2)", &[Within(0, 9), OneOf(&["", "", "a", "é'"])]),
            ("SELECT build(?1, ?2, ?3)", &[Text, Text, Integer]),
            ("SELECT c_glob(?1, ?2)", &[Pattern("aabAB*?[]^-"), Word]),
            ("SELECT c_glob(?1, ?2)", &[Pattern("é∂*?[a-é]"), Of("aeé∂")]),
            ("SELECT c_like(?1, ?2)", &[Pattern("aabAB%_é"), Word]),
            (
                "SELECT c_like(?1, ?2, ?3)",
                &[Pattern("aabAB%_x"), Of("abAB%_x"), OneOf(&["x", "%", "a"])],
            ),
            ("SELECT c_like(?1, ?2), c_glob(?1, ?2)", &[Any, Any]),
            ("SELECT c_compare(?1, ?2, ?3)", &[Word, Word, Within(-2, 9)]),
            ("SELECT c_compare(?1, ?2, ?3)", &[Any, Any, Within(-2, 9)]),
            ("SELECT as_integer(?1), as_int(?1), as_real(?1)", &[Any]),
            ("SELECT as_integer(?1), as_int(?1), as_real(?1)", &[Of(" +-0123456789.e")]),
            ("SELECT as_integer(?1), as_real(?1)", &[Of("0123456789")]),
            ("SELECT as_integer(?1), as_real(?1)", &[Number]),
            ("SELECT as_text(?1), as_blob(?1)", &[Any]),
            ("SELECT as_text(?1)", &[Real]),
            ("SELECT as_c_text(?1)", &[Text]),
            ("SELECT as_number(?1)", &[Of(" +-0123456789.e")]),
            ("SELECT as_number(?1)", &[Number]),
            ("SELECT as_utf16(?1), as_utf16be(?1)", &[Text]),
            ("SELECT from_utf16(as_utf16(?1))", &[Text]),
            ("SELECT as_utf16(?1), as_utf16be(?1), wide_bytes(?1)", &[Any]),
            ("SELECT from_utf16(?1)", &[Units]),
            ("SELECT from_utf16be(?1)", &[Units]),
            ("SELECT from_utf16_as(?1, ?2)", &[Within(0, 4), Units]),
            ("SELECT from_utf16_as(9, ?1)", &[Units]),
            ("SELECT hex(as_utf16(?1)), hex(as_utf16be(?1)), wide_bytes(?1)", &[Utf8]),
            ("SELECT named_16('a'), marked_16('b')", &[]),
            ("SELECT both(?1, ?2, ?3)", &[Any, Any, Any]),
            ("SELECT both(?1, ?1, ?2, ?3, ?3)", &[Text, Text, Text]),
            ("SELECT echo(?1), echo_copy(?1)", &[Any]),
            ("SELECT own(?1)", &[Any]),
            ("SELECT zeros(?1), zeros64(?1)", &[Within(-2, 300)]),
            ("SELECT fails('e' || ?1)", &[Text]),
            ("SELECT fails('ee' || ?1, ?2)", &[Of("abc"), OneOf(&["-1", "1", "2"])]),
            ("SELECT fails_with(?1)", &[Within(0, 30)]),
            ("SELECT fails_with(?1)", &[OneOf(&["1555", "2067", "400"])]),
            ("SELECT fails_16('e' || ?1)", &[Text]),
            ("SELECT fails_both('e' || ?1)", &[Text]),
            ("SELECT too_big()", &[]),
            ("SELECT nothing(), pointer(), no_pointer(pointer()), no_pointer(?1)", &[Any]),
            ("SELECT numbered(?1), numbered_twice(?1), numbered_not(?1), pointed(?1)", &[Any]),
            ("SELECT pointed(numbered(?1)), pointed(numbered_twice(?1))", &[Any]),
            ("SELECT pointed(numbered(?1), 'number'), pointed(numbered(?1), ?2)", &[Any, Text]),
            ("SELECT sum(pointed(numbered(value))) FROM json_each(?1)", &[Numbers]),
            ("SELECT zeros_fail('e' || ?1)", &[Text]),
            ("SELECT user(), user(1), user(1, 2)", &[]),
            ("SELECT user(1, 2, 3)", &[]),
            ("SELECT kept(?1, ?2), kept(?3, ?2), kept(?1, ?3)", &[Any, Any, Any]),
            ("SELECT memory()", &[]),
            ("SELECT plain_sum(value) FROM json_each(?1)", &[Numbers]),
            ("SELECT plain_sum(value) FROM json_each('[]')", &[]),
            (
                "SELECT plain_sum(CASE WHEN key = ?2 THEN x'00' ELSE value END) FROM json_each(?1)",
                &[Numbers, Within(0, 40)],
            ),
            (
                "SELECT value % 3, plain_sum(value), moving(value, key) FROM json_each(?1) GROUP BY 1",
                &[Numbers],
            ),
            (
                "SELECT moving(value, key) OVER (ORDER BY key ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) \
             FROM json_each(?1)",
                &[Numbers],
            ),
            ("SELECT ?1 < ?2 COLLATE backwards, ?1 = ?2 COLLATE backwards", &[Word, Word]),
            ("SELECT ?1 < ?2 COLLATE units, ?1 = ?2 COLLATE units", &[Of("a𝄞é∂"), Of("a𝄞é∂")]),
        ],
    )
}

pub(crate) fn base64() -> Case {
    case(
        "ext/misc/base64.c",
        &[
            ("SELECT base64(?1)", &[Blob]),
            ("SELECT base64(base64(?1))", &[Blob]),
            ("SELECT base64(?1)", &[Of("ABCabc019+/= \n*")]),
            ("SELECT base64(?1)", &[Any]),
            ("SELECT base64(CAST(printf('%.*c', ?1, 'x') AS BLOB))", &[Within(0, 500)]),
        ],
    )
}

pub(crate) fn base85() -> Case {
    case(
        "ext/misc/base85.c",
        &[
            ("SELECT base85(?1)", &[Blob]),
            ("SELECT base85(base85(?1))", &[Blob]),
            ("SELECT base85(?1)", &[Of("ABCabc019+/= \n*#&")]),
            ("SELECT base85(?1), is_base85(?1)", &[Any]),
            ("SELECT base85(CAST(printf('%.*c', ?1, 'x') AS BLOB))", &[Within(0, 500)]),
        ],
    )
}

/// A text that could be a decimal number. It has no exponent, because that could take all memory.
const DECIMAL: Input = Of("0123456789.-+ x");

pub(crate) fn decimal() -> Case {
    case(
        "ext/misc/decimal.c",
        &[
            ("SELECT decimal(?1)", &[DECIMAL]),
            ("SELECT decimal(?1)", &[Blob]),
            (
                "SELECT decimal(?1), decimal_add(?1, ?1)",
                &[OneOf(&["1e3", "-2.5e-7", "1.25E+10", "1e", "e5"])],
            ),
            ("SELECT decimal(?1)", &[Number]),
            ("SELECT decimal_exp(?1)", &[Number]),
            (
                "SELECT decimal_add(?1, ?2), decimal_sub(?1, ?2), decimal_mul(?1, ?2)",
                &[DECIMAL, DECIMAL],
            ),
            (
                "SELECT decimal_add(?1, ?2), decimal_sub(?1, ?2), decimal_mul(?1, ?2)",
                &[DECIMAL, Number],
            ),
            ("SELECT decimal_cmp(?1, ?2)", &[DECIMAL, DECIMAL]),
            ("SELECT decimal_cmp(?1, ?2)", &[DECIMAL, Number]),
            ("SELECT ('1' || ?1) < ('2' || ?2) COLLATE decimal", &[DECIMAL, DECIMAL]),
            ("SELECT decimal_sum(value) FROM json_each(?1)", &[Numbers]),
            (
                "SELECT decimal_sum(value) OVER (ORDER BY key ROWS 3 PRECEDING) FROM json_each(?1)",
                &[Numbers],
            ),
        ],
    )
}

pub(crate) fn ieee754() -> Case {
    case(
        "ext/misc/ieee754.c",
        &[
            ("SELECT ieee754(?1)", &[Real]),
            ("SELECT ieee754(?1)", &[Any]),
            ("SELECT ieee754(?1, ?2)", &[Integer, Within(-1100, 1100)]),
            ("SELECT ieee754_mantissa(?1), ieee754_exponent(?1)", &[Real]),
            ("SELECT ieee754_to_blob(?1), ieee754_from_blob(ieee754_to_blob(?1))", &[Number]),
            ("SELECT ieee754_from_blob(?1)", &[Blob]),
        ],
    )
}

pub(crate) fn noop() -> Case {
    case("ext/misc/noop.c", &[("SELECT noop(?1)", &[Any])])
}

pub(crate) fn percentile() -> Case {
    case(
        "ext/misc/percentile.c",
        &[
            ("SELECT percentile(value, ?2) FROM json_each(?1)", &[Numbers, Within(-5, 105)]),
            ("SELECT percentile(value, ?2) FROM json_each(?1)", &[Numbers, Any]),
            ("SELECT percentile(?2, 50) FROM json_each(?1)", &[Numbers, Any]),
            ("SELECT percentile(value, 50) FROM json_each('[]')", &[]),
            ("SELECT median(value) FROM json_each(?1)", &[Numbers]),
            (
                "SELECT percentile_cont(value, ?2 / 100.0), percentile_disc(value, ?2 / 100.0) FROM json_each(?1)",
                &[Numbers, Within(0, 100)],
            ),
            (
                "SELECT median(value) OVER (ORDER BY key ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) \
             FROM json_each(?1)",
                &[Numbers],
            ),
        ],
    )
}

pub(crate) fn regexp() -> Case {
    case(
        "ext/misc/regexp.c",
        &[
            ("SELECT ?2 REGEXP ?1", &[Pattern("abAB.*+?|()[]^$-"), Word]),
            ("SELECT ?2 REGEXP ?1", &[Pattern("ab.*|()"), Word]),
            ("SELECT regexpi(?1, ?2)", &[Pattern("abAB.*|()"), Word]),
            ("SELECT ?2 REGEXP ?1", &[Pattern("a\\dwsbDWSn{}12,"), Of("ab12 \n_")]),
            ("SELECT ?2 REGEXP ?1", &[Any, Any]),
            (
                "SELECT ?1 REGEXP 'a.*b', ?1 REGEXP 'b+$', ?1 REGEXP '^(a|b)*A', ?1 REGEXP 'é|∂'",
                &[Text],
            ),
        ],
    )
}

pub(crate) fn rot13() -> Case {
    case(
        "ext/misc/rot13.c",
        &[
            ("SELECT rot13(?1)", &[Any]),
            ("SELECT rot13(?1)", &[Text]),
            (
                "SELECT ?1 < ?2 COLLATE rot13, ?1 = ?2 COLLATE rot13",
                &[Of("aznmAZ1"), Of("aznmAZ1")],
            ),
        ],
    )
}

pub(crate) fn sha1() -> Case {
    case(
        "ext/misc/sha1.c",
        &[("SELECT sha1(?1)", &[Any]), ("SELECT sha1(printf('%.*c', ?1, 'x'))", &[Within(0, 300)])],
    )
}

pub(crate) fn shathree() -> Case {
    case(
        "ext/misc/shathree.c",
        &[
            ("SELECT sha3(?1)", &[Any]),
            ("SELECT sha3(?1, ?2)", &[Any, OneOf(&["224", "256", "384", "512"])]),
            ("SELECT sha3(?1, ?2)", &[Any, Any]),
            ("SELECT sha3(printf('%.*c', ?1, 'x'))", &[Within(0, 400)]),
            ("SELECT sha3_agg(value) FROM json_each(?1)", &[Numbers]),
        ],
    )
}

pub(crate) fn totype() -> Case {
    case(
        "ext/misc/totype.c",
        &[
            ("SELECT tointeger(?1), toreal(?1)", &[Any]),
            ("SELECT tointeger(?1), toreal(?1)", &[Of(" +-0123456789.e")]),
            ("SELECT tointeger(?1), toreal(?1)", &[Number]),
            ("SELECT tointeger(?1), toreal(?1)", &[Blob]),
        ],
    )
}

pub(crate) fn uint() -> Case {
    case(
        "ext/misc/uint.c",
        &[
            ("SELECT ?1 < ?2 COLLATE uint, ?1 = ?2 COLLATE uint", &[Of("ab0123"), Of("ab0123")]),
            (
                "SELECT value FROM json_each(?1) ORDER BY ('x' || CAST(value AS INTEGER)) COLLATE uint, key",
                &[Numbers],
            ),
        ],
    )
}

pub(crate) fn uuid() -> Case {
    case(
        "ext/misc/uuid.c",
        &[
            ("SELECT uuid_str(?1), uuid_blob(?1)", &[Any]),
            ("SELECT uuid_str(?1 || ?1)", &[Of("0123456789abcdefABCDEF-{}")]),
            ("SELECT uuid_str(hex(?1) || hex(?1)), uuid_blob('{' || hex(?1) || '}')", &[Blob]),
            (
                "SELECT uuid_str(uuid_blob(substr(hex(?1) || '0123456789abcdef0123456789abcdef', 1, 32)))",
                &[Blob],
            ),
            ("SELECT length(uuid()), uuid() = uuid(), substr(uuid(), 15, 1)", &[]),
        ],
    )
}

pub(crate) fn zorder() -> Case {
    case(
        "ext/misc/zorder.c",
        &[
            ("SELECT zorder(?1, ?2)", &[Integer, Integer]),
            (
                "SELECT zorder(?1, ?2, ?3)",
                &[Within(0, 1 << 20), Within(0, 1 << 20), Within(0, 1 << 20)],
            ),
            ("SELECT unzorder(?1, ?2, ?3)", &[Integer, Within(1, 24), Within(0, 23)]),
            ("SELECT zorder(?1), zorder(?1, ?2, ?1, ?2)", &[Any, Any]),
        ],
    )
}
