//! Which of a manifest's objects a definition takes, and under which names: the options `prefix` and `without`.
//!
//! They come from a statement or from the catalog, so they are checked here in both cases.

use std::collections::HashSet;

use super::{Manifest, Type};

/// Longest prefix, in bytes.
const PREFIX_BYTES_MAX: usize = 64;

/// `prefix = '…'` and `without = '…'` of a definition. The default takes everything under its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// What the names begin with in SQL: letters, digits and `_`.
    prefix: Option<String>,
    /// Names in the manifest that are left out.
    without: Option<Vec<String>>,
}

impl Selection {
    /// Sets the prefix.
    ///
    /// # Errors
    /// It is not one to 64 ASCII letters, digits and `_`, or it begins with a digit.
    pub fn set_prefix(&mut self, prefix: &str) -> Result<(), String> {
        let is_name = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && prefix.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        if !is_name || prefix.len() > PREFIX_BYTES_MAX {
            return Err(format!(
                "prefix has to be at most {PREFIX_BYTES_MAX} letters, digits and _, and cannot begin with a \
                 digit"
            ));
        }
        self.prefix = Some(prefix.to_owned());
        Ok(())
    }

    /// Sets the names that are left out, which commas separate.
    ///
    /// # Errors
    /// One of them is empty.
    pub fn set_without(&mut self, names: &str) -> Result<(), String> {
        let names: Vec<_> = names.split(',').map(|name| name.trim().to_owned()).collect();
        if names.iter().any(|name| name.is_empty() || name.contains('\0')) {
            return Err(
                "without has to be names with commas between them, such as 'lower,like'".to_owned()
            );
        }
        self.without = Some(names);
        Ok(())
    }

    /// The prefix, if there is one.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The names that are left out, with commas between them, if there are any.
    pub fn without(&self) -> Option<String> {
        self.without.as_ref().map(|names| names.join(","))
    }

    /// Whether everything is taken under its own name.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The name in the manifest of what has this name in SQL.
    pub fn own_name<'a>(&self, name: &'a str) -> &'a str {
        let Some(prefix) = &self.prefix else { return name };
        match name.split_at_checked(prefix.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(prefix) && !rest.is_empty() => rest,
            _ => name,
        }
    }

    /// The names to leave out that the manifest does not have.
    pub fn unknown(&self, manifest: &Manifest) -> Vec<&str> {
        let known: HashSet<_> = manifest.names().map(str::to_ascii_lowercase).collect();
        let names = self.without.iter().flatten();
        names
            .filter(|name| !known.contains(&name.to_ascii_lowercase()))
            .map(String::as_str)
            .collect()
    }

    /// What is taken of a manifest, under its names in SQL.
    pub fn of(&self, manifest: &Manifest) -> Manifest {
        let mut taken = manifest.clone();
        if self.is_all() {
            return taken;
        }
        let without: HashSet<_> =
            self.without.iter().flatten().map(|name| name.to_ascii_lowercase()).collect();
        let stays = |name: &str| !without.contains(&name.to_ascii_lowercase());
        taken.functions.retain(|function| stays(&function.name));
        taken.aggregates.retain(|aggregate| stays(&aggregate.name));
        taken.tables.retain(|table| stays(&table.name));
        taken.collations.retain(|collation| stays(&collation.name));
        taken.types.retain(|ty| stays(&ty.name));
        for Type { operators, .. } in &mut taken.types {
            operators.retain(|operator| stays(&operator.function));
        }
        if let Some(prefix) = &self.prefix {
            taken.names_mut(|name| name.insert_str(0, prefix));
        }
        taken
    }
}

impl Manifest {
    /// The names of all that is declared.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.iter().map(|function| &function.name);
        let aggregates = self.aggregates.iter().map(|aggregate| &aggregate.name);
        let tables = self.tables.iter().map(|table| &table.name);
        let collations = self.collations.iter().map(|collation| &collation.name);
        let types = self.types.iter().map(|ty| &ty.name);
        functions.chain(aggregates).chain(tables).chain(collations).chain(types).map(String::as_str)
    }

    /// Changes each name, also where an operator names a function.
    fn names_mut(&mut self, change: impl Fn(&mut String)) {
        self.functions.iter_mut().for_each(|function| change(&mut function.name));
        self.aggregates.iter_mut().for_each(|aggregate| change(&mut aggregate.name));
        self.tables.iter_mut().for_each(|table| change(&mut table.name));
        self.collations.iter_mut().for_each(|collation| change(&mut collation.name));
        for ty in &mut self.types {
            change(&mut ty.name);
            ty.operators.iter_mut().for_each(|operator| change(&mut operator.function));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_names() {
        for (prefix, is_good) in [
            ("a_", true),
            ("_", true),
            ("A1", true),
            ("", false),
            ("1a", false),
            ("a b", false),
            ("ä", false),
        ] {
            assert_eq!(Selection::default().set_prefix(prefix).is_ok(), is_good, "{prefix}");
        }
        assert!(Selection::default().set_prefix(&"a".repeat(64)).is_ok());
        assert!(Selection::default().set_prefix(&"a".repeat(65)).is_err());
    }

    #[test]
    fn names_are_separated_by_commas() {
        let mut selection = Selection::default();
        selection.set_without(" lower , LIKE").unwrap();
        assert_eq!(selection.without().as_deref(), Some("lower,LIKE"));
        for bad in ["", ",", "a,", "a,,b", "a\0"] {
            assert!(selection.set_without(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn own_names_lose_the_prefix() {
        let mut selection = Selection::default();
        assert_eq!(selection.own_name("t_lower"), "t_lower");
        selection.set_prefix("t_").unwrap();
        for (name, own) in
            [("t_lower", "lower"), ("T_lower", "lower"), ("match", "match"), ("t_", "t_")]
        {
            assert_eq!(selection.own_name(name), own);
        }
    }
}
