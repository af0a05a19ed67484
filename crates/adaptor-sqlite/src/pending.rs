//! What a connection knows of its indexes outside of `main`. What is done about them is in `elsewhere.rs`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use commensal_core::define::Dependent;
use commensal_core::registry::ObjectEntry;

/// See the module's description.
#[derive(Default)]
pub(crate) struct Pending {
    /// What may have been computed by earlier versions.
    pub(crate) pending: RefCell<Vec<Dependent>>,
    /// Definitions that were dropped. They may come back in another version.
    pub(crate) dropped: RefCell<Vec<Arc<ObjectEntry>>>,
    /// Up while that is looked at.
    pub(crate) settling: Cell<bool>,
}
