//! The objects that CREATE FUNCTION may mean by an export. They are looked up and not searched for, because a
//! file may have as many definitions as its manifest has objects.

use std::collections::{HashMap, HashSet};

use super::{Aggregate, AggregateMethod, Function, Manifest, Table, TableMethod};

/// Indices of a manifest's objects by export.
#[derive(Default)]
pub(crate) struct ByExport {
    functions: HashMap<String, Vec<usize>>,
    aggregates: HashMap<String, Vec<usize>>,
    tables: HashMap<String, Vec<usize>>,
}

impl ByExport {
    pub(crate) fn new(manifest: &Manifest) -> Self {
        let mut this = Self::default();
        // Of the functions that an export implements, only one for each argument count can be called.
        let mut seen = HashSet::new();
        for (index, function) in manifest.functions.iter().enumerate() {
            if seen.insert((&function.export, function.signature.argument_count())) {
                add(&mut this.functions, &function.export, index);
            }
        }
        let mut seen = HashSet::new();
        for (index, aggregate) in manifest.aggregates.iter().enumerate() {
            let step = aggregate.methods.get(&AggregateMethod::Step);
            for name in names(&aggregate.name, step) {
                if seen.insert((name, aggregate.signature.argument_count())) {
                    add(&mut this.aggregates, name, index);
                }
            }
        }
        for (index, table) in manifest.tables.iter().enumerate() {
            for name in names(&table.name, table.methods.get(&TableMethod::Open)) {
                // All of them would have the same name.
                if !this.tables.contains_key(name) {
                    add(&mut this.tables, name, index);
                }
            }
        }
        this
    }

    /// The functions that an export implements, one for each argument count.
    pub(crate) fn functions<'a>(
        &self,
        manifest: &'a Manifest,
        export: &str,
    ) -> impl Iterator<Item = &'a Function> {
        get(&self.functions, export).filter_map(|index| manifest.functions.get(index))
    }

    /// The aggregates with this name, or whose rows this export takes, one for each argument count.
    pub(crate) fn aggregates<'a>(
        &self,
        manifest: &'a Manifest,
        export: &str,
    ) -> impl Iterator<Item = &'a Aggregate> {
        get(&self.aggregates, export).filter_map(|index| manifest.aggregates.get(index))
    }

    /// The table with this name, or whose cursors this export opens.
    pub(crate) fn table<'a>(&self, manifest: &'a Manifest, export: &str) -> Option<&'a Table> {
        manifest.tables.get(get(&self.tables, export).next()?)
    }
}

/// An object's own name, and its export's name if that differs.
fn names<'a>(own: &'a String, export: Option<&'a String>) -> impl Iterator<Item = &'a String> {
    [own].into_iter().chain(export.filter(|&export| export != own))
}

fn add(indices: &mut HashMap<String, Vec<usize>>, name: &str, index: usize) {
    indices.entry(name.to_owned()).or_default().push(index);
}

fn get(indices: &HashMap<String, Vec<usize>>, name: &str) -> impl Iterator<Item = usize> {
    indices.get(name).into_iter().flatten().copied()
}
