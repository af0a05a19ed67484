//! The built-in functions that the host lets definitions replace.
//!
//! A file cannot take the name of a built-in function by itself, because every statement of the program may call it.
//! A host that wants `like` or `lower` of an extension says so by name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Functions that statements of Commensal's own or of R-trees call, and one that loads machine code.
const NEVER: &[&str] = &[
    "count",
    "length",
    "load_extension",
    "octet_length",
    "randomblob",
    "substr",
    "typeof",
    "zeroblob",
];

/// Names of functions, in ASCII lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaceable(BTreeSet<String>);

impl Replaceable {
    /// Whether definitions may replace the function of this name, in any letter case.
    pub fn has(&self, name: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&name.to_ascii_lowercase())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of these are among the others.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The names, in ASCII lower case.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Names with commas between them.
impl fmt::Display for Replaceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(","))
    }
}

/// A function that cannot be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReplaceable(String);

impl fmt::Display for NotReplaceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the function {} cannot be replaced, because Commensal itself relies on it",
            self.0
        )
    }
}

impl std::error::Error for NotReplaceable {}

impl FromStr for Replaceable {
    type Err = NotReplaceable;

    /// Reads names with commas between them.
    fn from_str(names: &str) -> Result<Self, NotReplaceable> {
        let names = names.split(',').map(|name| name.trim().to_ascii_lowercase());
        let names: BTreeSet<_> = names.filter(|name| !name.is_empty()).collect();
        match names.iter().find(|name| NEVER.contains(&name.as_str())) {
            Some(name) => Err(NotReplaceable(name.clone())),
            None => Ok(Self(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_letter_case() {
        let names: Replaceable = "Like, lower,".parse().unwrap();
        assert!(names.has("like") && names.has("LOWER") && !names.has("upper"));
        assert_eq!(names.to_string(), "like,lower");
        assert!(
            Replaceable::default().is_within(&names) && !names.is_within(&Replaceable::default())
        );
    }

    #[test]
    fn some_functions_stay() {
        let error = "lower,TypeOf".parse::<Replaceable>().unwrap_err();
        assert!(error.to_string().contains("typeof"), "{error}");
    }
}
