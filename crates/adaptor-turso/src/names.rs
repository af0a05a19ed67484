//! Names that the engine itself has.

use std::collections::HashSet;
use std::sync::LazyLock;

use turso_core::Func;
use turso_core::dialect::sqlite::resolve_builtin_function;

/// Scalar functions that the engine has, and SQLite as this project embeds it does not. A definition takes
/// precedence, so that a file means the same with both engines.
const YIELDING: &[&str] = &[
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "btrim",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "cos",
    "cosh",
    "degrees",
    "exp",
    "floor",
    "gcd",
    "get_byte",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "lpad",
    "mod",
    "pi",
    "pow",
    "power",
    "radians",
    "repeat",
    "reverse",
    "rpad",
    "set_byte",
    "sin",
    "sinh",
    "sqrt",
    "string_reverse",
    "strpos",
    "tan",
    "tanh",
    "trunc",
];

/// Whether a definition takes precedence over the engine's own function of this name.
pub(crate) fn yields(name: &str) -> bool {
    YIELDING.iter().any(|yielding| yielding.eq_ignore_ascii_case(name))
}

/// Names that the engine lists, in ASCII lower case. Some others it knows only when asked.
static LISTED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    Func::builtin_function_list().into_iter().map(|f| f.name.to_ascii_lowercase()).collect()
});

/// Whether the engine has a function of this name, with any number of arguments, that hides definitions of
/// its name.
pub(crate) fn is_builtin(name: &str) -> bool {
    /// Built-ins with more arguments also have a form with fewer, or report a wrong number.
    const ARGUMENTS_MAX: usize = 5;
    let is_known = |count| !matches!(resolve_builtin_function(name, count), Ok(None));
    !yields(name)
        && (LISTED.contains(&name.to_ascii_lowercase()) || (0..=ARGUMENTS_MAX).any(is_known))
}

/// Whether a name is that of a pragma as a table.
pub(crate) fn is_pragma(name: &str) -> bool {
    const PREFIX: &str = "pragma_";
    name.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
}

/// Whether the engine has a collation of this name.
pub(crate) fn is_collation(name: &str) -> bool {
    ["binary", "nocase", "rtrim"].iter().any(|own| own.eq_ignore_ascii_case(name))
}
