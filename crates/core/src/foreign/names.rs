//! Names that differ from one another, whatever names a guest chooses.

use std::collections::HashMap;

/// The names that are in use.
pub(super) struct Names {
    ignore_case: bool,
    /// Each name with the number to try for its next namesake, so that many namesakes cost no more than other
    /// names.
    taken: HashMap<String, usize>,
}

impl Names {
    /// Names that differ. `ignore_case` says whether a difference in letter case is not enough.
    pub(super) fn new(ignore_case: bool) -> Self {
        Self { ignore_case, taken: HashMap::new() }
    }

    /// An unused name: this one, or this one followed by an underscore, or by an underscore and a number.
    pub(super) fn take(&mut self, name: &str) -> String {
        let mut namesakes = self.taken.get(&self.key(name)).copied().unwrap_or_default();
        let own = loop {
            let own = match namesakes {
                0 => name.to_owned(),
                1 => format!("{name}_"),
                n => format!("{name}_{n}"),
            };
            namesakes += 1;
            if !self.taken.contains_key(&self.key(&own)) {
                break own;
            }
        };
        self.taken.insert(self.key(&own), 1);
        self.taken.insert(self.key(name), namesakes);
        own
    }

    fn key(&self, name: &str) -> String {
        if self.ignore_case { name.to_ascii_lowercase() } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ() {
        let mut names = Names::new(true);
        let taken = ["a", "A", "a", "a_3", "a", "a_", "b"].map(|name| names.take(name));
        assert_eq!(taken, ["a", "A_", "a_2", "a_3", "a_4", "a__", "b"]);
        let mut names = Names::new(false);
        assert_eq!(["a", "A", "a"].map(|name| names.take(name)), ["a", "A", "a_"]);
    }
}
