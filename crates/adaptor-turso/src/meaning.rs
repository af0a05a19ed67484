//! The engine's aggregates without a meaning, and what they mean to a statement.

/// How many aggregates of definitions one statement can use.
pub(crate) const AGGREGATES_MAX: usize = 32;

/// Prefix of the name for a plain call.
pub(crate) const PLAIN: &str = "commensal aggregate ";

/// Prefix of the name for a call with FILTER, or with ORDER BY among its arguments.
const ADORNED: &str = "commensal adorned aggregate ";

/// The engine's name for an aggregate of a statement, by its number there.
pub(crate) fn name(number: usize, is_plain: bool) -> String {
    format!("{}{number}", if is_plain { PLAIN } else { ADORNED })
}

/// Whether the engine asks for the name of a call that it allows only for aggregates.
pub(crate) fn is_adorned(name: &str) -> bool {
    name.starts_with(ADORNED)
}

/// What one of the engine's aggregates means to a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The slot of the definition's function.
    pub(crate) slot: usize,
    /// Whether its arguments come as one; see `row.rs`.
    pub(crate) packed: bool,
}
