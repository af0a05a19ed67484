//! What is registered with SQLite under names of one kind, and which names the application took.
//!
//! SQLite tells in only one way that something registered is gone: it destroys it. That happens when we
//! delete it, when the connection ends, when SQLite did not accept it, or when the application registers
//! something under the name. The name is then the application's.
//!
//! Whoever borrows one of these must call neither SQLite nor a guest meanwhile.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use commensal_core::Result;
use commensal_core::manifest::FunctionKey;

/// What something is registered under.
pub(crate) trait Key: Clone + Eq + Hash {
    /// The name, in ASCII lower case.
    fn name(&self) -> &str;
}

impl Key for String {
    fn name(&self) -> &str {
        self
    }
}

impl Key for FunctionKey {
    fn name(&self) -> &str {
        &self.0
    }
}

/// See the module's description.
pub(crate) struct Registered<K, V> {
    by_key: HashMap<K, V>,
    taken: HashSet<String>,
    /// Something differs from the catalog. SQLite can be told once the connection is idle.
    untidy: bool,
}

impl<K, V> Default for Registered<K, V> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), taken: HashSet::new(), untidy: false }
    }
}

impl<K: Key, V: Clone> Registered<K, V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(crate) fn contains<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_key.contains_key(key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.by_key.values()
    }

    /// The names.
    pub(crate) fn names(&self) -> HashSet<String> {
        self.by_key.keys().map(|key| key.name().to_owned()).collect()
    }

    /// Whether the application took this name.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// Notes what is about to be registered.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.by_key.insert(key, value);
    }

    /// Forgets what is about to be deleted.
    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.by_key.remove(key);
    }

    /// Forgets what SQLite did not accept. SQLite may have destroyed it, which looked as if the application
    /// had taken the name.
    pub(crate) fn refused(&mut self, key: &K) {
        self.by_key.remove(key);
        self.taken.remove(key.name());
    }

    /// Notes that SQLite destroyed something. `is` tells whether that is what is registered now.
    pub(crate) fn destroyed(&mut self, key: &K, is: impl FnOnce(&V) -> bool) {
        if self.by_key.get(key).is_some_and(is) {
            self.by_key.remove(key);
            self.taken.insert(key.name().to_owned());
            self.untidy = true;
        }
    }

    /// Finds out whether something no longer matches the catalog.
    pub(crate) fn look_over(&mut self, is_true: impl Fn(&K, &V) -> bool) {
        self.untidy |= self.by_key.iter().any(|(key, value)| !is_true(key, value));
    }

    /// Notes that something could not be registered yet.
    pub(crate) fn leave_untidy(&mut self) {
        self.untidy = true;
    }

    /// What no longer matches the catalog.
    pub(crate) fn stale(&self, is_true: impl Fn(&K, &V) -> bool) -> Vec<K> {
        let stale = self.by_key.iter().filter(|(key, value)| !is_true(key, value));
        stale.map(|(key, _)| key.clone()).collect()
    }

    pub(crate) fn is_untidy(&self) -> bool {
        self.untidy
    }

    /// Notes that everything is as the catalog says.
    pub(crate) fn tidied(&mut self) {
        self.untidy = false;
    }

    /// Tells our names from others, without borrowing this.
    pub(crate) fn foreign(&self) -> Foreign {
        self.foreign_but(self.names())
    }

    /// The same if these names are ours.
    pub(crate) fn foreign_but(&self, ours: HashSet<String>) -> Foreign {
        Foreign { ours, taken: self.taken.clone(), all: OnceCell::new() }
    }
}

/// Tells which names of one kind are not ours.
pub(crate) struct Foreign {
    ours: HashSet<String>,
    taken: HashSet<String>,
    /// All names that SQLite knows, asked for at the first name that is not registered yet.
    all: OnceCell<Result<HashSet<String>>>,
}

impl Foreign {
    pub(crate) fn has(&self, name: &str, all: impl FnOnce() -> Result<HashSet<String>>) -> bool {
        self.taken.contains(name)
            || !self.ours.contains(name)
                && self.all.get_or_init(all).as_ref().is_ok_and(|all| all.contains(name))
    }

    /// Fails if SQLite could not list its names.
    pub(crate) fn finish(self) -> Result<()> {
        self.all.into_inner().map_or(Ok(()), |all| all.map(drop))
    }
}
