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
    "date_minus",
    "date_plus",
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
    ("snippet", 2),
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
}

/// What the time and the memory of one row of a statement grow with. An engine may compute all of it before it looks
/// whether to go on, and keep what it has computed until the row is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The longest search of all calls.
    search: Search,
    /// How many calls search.
    searches: usize,
    /// How many instructions of the program make a value, and how many copy one or read one from the file.
    values: usize,
    copies: usize,
}

impl Work {
    /// A statement that computes nothing.
    pub const NONE: Self = Self { search: Search::None, searches: 0, values: 0, copies: 0 };

    /// How many searches may have texts as long as one.
    const SEARCHES_FREE: usize = 4;
    /// How many values may be as long as one.
    const VALUES_FREE: usize = 16;

    /// Adds an instruction that makes a value without a function.
    pub fn add_value(&mut self) {
        self.values = self.values.saturating_add(1);
    }

    /// Adds instructions that copy so many values or read them from the file.
    pub fn add_copies(&mut self, count: usize) {
        self.copies = self.copies.saturating_add(count);
    }

    /// Adds a call of the function of this name with so many arguments.
    pub fn add_call(&mut self, name: &str, arguments: usize) {
        self.add_value();
        self.add_search(Search::of(name, arguments));
    }

    /// Adds something else that searches.
    pub fn add_search(&mut self, search: Search) {
        self.search = self.search.max(search);
        self.searches = self.searches.saturating_add(usize::from(search != Search::None));
    }

    /// Largest value in such a statement, in bytes, and whether that is because it searches. One value of a statement
    /// that computes little may have `value` bytes, one that is searched `search`.
    pub(super) fn bytes_max(self, value: usize, search: usize) -> (usize, bool) {
        let of = |bytes: usize, count: usize, free: usize| match count > free {
            true => bytes.saturating_mul(free) / count,
            false => bytes,
        };
        let value = of(value, self.values.max(self.copies), Self::VALUES_FREE);
        let searches = match self.search {
            // The time is that of two lengths.
            Search::Product => (self.searches / Self::SEARCHES_FREE).isqrt() * Self::SEARCHES_FREE,
            _ => self.searches,
        };
        let search = of(search, searches, Self::SEARCHES_FREE);
        let search = match self.search {
            Search::None => usize::MAX,
            Search::Pattern => search.saturating_mul(Search::PATTERN_FACTOR),
            Search::Parts => search.saturating_mul(Search::PARTS_FACTOR),
            Search::Product => search,
            Search::Indents => search / Search::INDENTS_DIVISOR,
        };
        (value.min(search), search < value)
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
        let bytes =
            |search| Work { search, searches: 1, values: 1, copies: 1 }.bytes_max(1000, 10).0;
        let all = [Search::None, Search::Pattern, Search::Parts, Search::Product, Search::Indents];
        assert!(all.is_sorted());
        assert_eq!(all.map(bytes), [1000, 160, 40, 10, 2]);
    }

    #[test]
    fn many_calls_share_what_one_may_have() {
        let of = |name: &str, count: usize| {
            let mut work = Work::NONE;
            (0..count).for_each(|_| work.add_call(name, 2));
            work.bytes_max(1_600_000, 1000).0
        };
        assert_eq!(
            [1, 16, 32, 1600].map(|n| of("hex", n)),
            [1_600_000, 1_600_000, 800_000, 16_000]
        );
        let mut copying = Work::NONE;
        copying.add_copies(160);
        assert_eq!(copying.bytes_max(1_600_000, 1000), (160_000, false));
        assert_eq!([1, 4, 8, 400].map(|n| of("like", n)), [16_000, 16_000, 8_000, 160]);
        assert_eq!([1, 4, 16, 400].map(|n| of("instr", n)), [1000, 1000, 500, 100]);
    }

    #[test]
    fn what_is_lacking_is_named() {
        let write = Capabilities::NONE.with(Capability::SqlWrite);
        assert!(check_rights(write, Capabilities::NONE).unwrap_err().contains("sql_write"));
        assert_eq!(check_rights(write, Capabilities::ALL), Ok(()));
    }
}
