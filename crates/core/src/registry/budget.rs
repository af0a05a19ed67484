//! Limits the cost of reading one file's definitions, so that opening any file takes bounded time and memory.

use crate::limits::Limits;

/// The remaining budget.
pub(super) struct Budget {
    objects: usize,
    objects_max: usize,
    values: usize,
    values_max: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        let (objects_max, values_max) = (limits.catalog_objects_max, limits.catalog_values_max);
        Self { objects: objects_max, objects_max, values: values_max, values_max }
    }

    /// Takes a definition that declares this many objects in all. Returns the exceeded limit if they are too
    /// many. Such a definition takes nothing from those after it.
    pub(super) fn take_objects(&mut self, count: usize) -> Option<String> {
        match self.objects.checked_sub(count) {
            Some(left) => {
                self.objects = left;
                None
            }
            None => Some(format!(
                "the catalog's definitions declare more than catalog_objects_max = {}, which the host can \
                 raise",
                self.objects_max
            )),
        }
    }

    /// Takes the JSON values of a manifest. Returns the exceeded limit if they are too many.
    pub(super) fn take_values(&mut self, manifest: &str) -> Option<String> {
        // Each value is the first of its container or follows a comma; each key precedes a colon. Characters
        // within text count too, which only makes the bound stricter.
        let values = manifest.bytes().filter(|byte| b"{[,:".contains(byte)).count();
        match self.values.checked_sub(values) {
            Some(left) => {
                self.values = left;
                None
            }
            None => Some(format!(
                "the manifests in the catalog have more values than catalog_values_max = {}, which the \
                 host can raise",
                self.values_max
            )),
        }
    }
}
