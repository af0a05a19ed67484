//! Collations: orders of text.

use core::cmp::Ordering;

/// An order of text, for ORDER BY, comparisons, columns and indexes: `… COLLATE name`.
///
/// Put [`collation`](macro@crate::collation) on the implementation.
///
/// The order must be total and must never change, because indexes are built by it. Otherwise queries may
/// miss rows. A comparison cannot return an error: a panic ends the statement, and rolls back the
/// transaction if the statement writes.
///
/// ```
/// use std::cmp::Ordering;
///
/// use commensal_sdk::Collation;
///
/// /// By length, then by bytes.
/// struct ByLength;
///
/// #[commensal_sdk::collation(name = "by_length")]
/// impl Collation for ByLength {
///     fn compare(a: &str, b: &str) -> Ordering {
///         a.len().cmp(&b.len()).then_with(|| a.cmp(b))
///     }
/// }
///
/// assert_eq!(ByLength::compare("zz", "aaa"), Ordering::Less);
/// ```
///
/// ```sql
/// CREATE TABLE words(word TEXT COLLATE by_length);
/// SELECT word FROM words ORDER BY word;
/// ```
pub trait Collation {
    /// Compares `a` with `b`.
    fn compare(a: &str, b: &str) -> Ordering;
}
