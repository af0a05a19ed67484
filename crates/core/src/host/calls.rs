//! What the engine's functions, by their names, give a guest that calls them in SQL.
//!
//! A guest without a clock must not get one from SQL. Whether a call of `julianday(x)` reads the clock depends on
//! the value of `x`, so the name alone decides.

use super::authorize::{PRAGMAS, PRAGMAS_WITHOUT_ARGUMENT};
use crate::limits::{Capabilities, Capability};

/// Functions that read the clock, always or for the argument `now`.
const CLOCK: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "julianday",
    "strftime",
    "time",
    "timediff",
    "unixepoch",
];

/// Functions that draw random numbers.
const RANDOM: &[&str] = &["random", "randomblob", "uuid"];

/// Functions whose time grows with the product of two arguments' lengths, and the argument count from which it
/// does. They belong to SQLite, its shell and Turso.
const SEARCHES: &[(&str, usize)] = &[
    ("decimal_exp", 1),
    ("decimal_mul", 2),
    ("decimal_pow2", 1),
    ("geopoly_overlap", 2),
    ("geopoly_within", 2),
    ("instr", 2),
    ("json_patch", 2),
    ("jsonb_patch", 2),
    ("ltrim", 2),
    ("numeric_mul", 2),
    ("numeric_div", 2),
    ("replace", 3),
    ("rtrim", 2),
    ("trim", 2),
    ("unhex", 2),
];

/// The same with a pattern as one of the two. SQLite itself limits the pattern's length.
const MATCHES: &[&str] = &["glob", "like", "regexp", "regexpi"];

/// Functions that take any number of arguments and go through the first for each, or put them all together.
const PARTS: &[&str] = &[
    "concat",
    "concat_ws",
    "json_array",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_remove",
    "json_replace",
    "json_set",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
];

/// Functions that can write a thousand bytes for each of their argument's.
const INDENTS: &[&str] = &["json_pretty"];

/// What the time of a statement's functions may grow with, or what they make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Search {
    /// The length of each argument.
    #[default]
    None,
    /// The product of the lengths of a text and a pattern.
    Pattern,
    /// The sum of the lengths of any number of arguments.
    Parts,
    /// The product of the lengths of two arguments.
    Product,
    /// A thousand times the length of an argument.
    Indents,
}

impl Search {
    /// How many times longer a text may be if it is searched by a pattern and not by another argument.
    const PATTERN_FACTOR: usize = 16;
    /// The same for one of many arguments.
    const PARTS_FACTOR: usize = 4;
    /// How many times shorter an argument is that is indented.
    const INDENTS_DIVISOR: usize = 4;

    /// What the time of a call of this function grows with.
    pub fn of(name: &str, arguments: usize) -> Self {
        let is_search =
            |&(known, from): &(&str, usize)| arguments >= from && known.eq_ignore_ascii_case(name);
        if SEARCHES.iter().any(is_search) {
            Self::Product
        } else if is_among(name, INDENTS) {
            Self::Indents
        } else if is_among(name, PARTS) {
            Self::Parts
        } else if is_among(name, MATCHES) {
            Self::Pattern
        } else {
            Self::None
        }
    }

    /// Largest value in such a statement, in bytes. Other statements may have `value`, searches `search`.
    pub(super) fn bytes_max(self, value: usize, search: usize) -> usize {
        match self {
            Self::None => value,
            Self::Pattern => value.min(search.saturating_mul(Self::PATTERN_FACTOR)),
            Self::Parts => value.min(search.saturating_mul(Self::PARTS_FACTOR)),
            Self::Product => value.min(search),
            Self::Indents => value.min(search / Self::INDENTS_DIVISOR),
        }
    }
}

/// Whether `name` is among `names`, in any letter case.
fn is_among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The capabilities that a guest needs to call this engine function in SQL.
pub fn needed_for(name: &str) -> Capabilities {
    let mut needs = Capabilities::NONE;
    if is_among(name, CLOCK) {
        needs = needs.with(Capability::Clock);
    }
    if is_among(name, RANDOM) {
        needs = needs.with(Capability::Random);
    }
    needs
}

/// The pragmas that guests may query as tables, `pragma_…`.
pub fn pragmas() -> impl Iterator<Item = &'static str> {
    PRAGMAS.iter().chain(PRAGMAS_WITHOUT_ARGUMENT).copied()
}

/// Checks that these rights include the needed capabilities.
///
/// # Errors
/// The first capability that is missing, and how to get it.
pub fn check_rights(needs: Capabilities, rights: Capabilities) -> Result<(), String> {
    let Some(lacks) = needs.without(rights).iter().next() else { return Ok(()) };
    let what = match lacks {
        Capability::SqlWrite => "a statement that writes",
        Capability::Clock => "a statement with functions of date and time",
        Capability::Random => "a statement with random numbers",
        Capability::SqlRead | Capability::Log => "this statement",
    };
    let name = lacks.name();
    Err(format!(
        "{what} needs the capability \"{name}\": the definition has to ask for it (WITH (allow = \
         'sql_read,{name}')) and the host has to grant it, and where a guest's statement called the \
         guest, to that one too"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_needed() {
        assert_eq!(needed_for("JulianDay"), Capabilities::NONE.with(Capability::Clock));
        assert_eq!(needed_for("randomblob"), Capabilities::NONE.with(Capability::Random));
        assert!(needed_for("abs").is_empty());
    }

    #[test]
    fn the_longest_search_decides_how_long_values_may_be() {
        assert_eq!(Search::of("TRIM", 1), Search::None);
        assert_eq!(Search::of("TRIM", 2), Search::Product);
        assert_eq!(Search::of("Like", 3), Search::Pattern);
        assert!(Search::Product > Search::Pattern && Search::Pattern > Search::None);
        let bytes = |search: Search| search.bytes_max(1000, 10);
        let all = [Search::None, Search::Pattern, Search::Parts, Search::Product, Search::Indents];
        assert!(all.is_sorted());
        assert_eq!(all.map(bytes), [1000, 160, 40, 10, 2]);
    }

    #[test]
    fn what_is_lacking_is_named() {
        let write = Capabilities::NONE.with(Capability::SqlWrite);
        assert!(check_rights(write, Capabilities::NONE).unwrap_err().contains("sql_write"));
        assert_eq!(check_rights(write, Capabilities::ALL), Ok(()));
    }
}
