//! What functions of an engine give a guest that calls them in SQL, by their names.
//!
//! A guest without a clock shall not get one from SQL. Whether a call of `julianday(x)` reads the clock
//! depends on the value of `x`; so the name alone decides.

use super::authorize::{PRAGMAS, PRAGMAS_WITHOUT_ARGUMENT};
use crate::limits::{Capabilities, Capability};

/// Functions that read the clock, or do when an argument says `now`.
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

/// Whether `name` is among `names`, in any case of letters.
fn is_among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// What a guest needs to call this function of an engine in SQL.
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

/// Checks that a guest with these rights has what it needs.
///
/// # Errors
/// The first capability that it lacks, and how it would get it.
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
    fn what_is_lacking_is_named() {
        let write = Capabilities::NONE.with(Capability::SqlWrite);
        assert!(check_rights(write, Capabilities::NONE).unwrap_err().contains("sql_write"));
        assert_eq!(check_rights(write, Capabilities::ALL), Ok(()));
    }
}
