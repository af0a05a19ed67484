//! What a connection knows of its indexes outside of `main`, and of attached files. What is done about them is in
//! `elsewhere.rs` and `attached.rs`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use commensal_core::Error;
use commensal_core::define::Dependent;
use commensal_core::dependents::Uses;
use commensal_core::registry::Registry;

/// Indexes outside of `main`.
#[derive(Default)]
pub(crate) struct Pending {
    /// What may have been computed by earlier versions.
    pub(crate) pending: RefCell<Vec<Dependent>>,
    /// What changed while a file could not be read, so that it was not looked at.
    pub(crate) unseen: RefCell<Vec<Uses>>,
    /// Up while that is looked at.
    pub(crate) settling: Cell<bool>,
}

/// What is known of the attached files, where Commensal sees every statement of the connection.
#[derive(Default)]
pub(crate) struct Attached {
    pub(crate) any: Cell<bool>,
    pub(crate) known: RefCell<Known>,
}

/// A problem, and with which definitions and which versions of the schemas it was looked for.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) registry: Option<Arc<Registry>>,
    pub(crate) versions: Vec<(String, i64)>,
    pub(crate) problem: Option<Error>,
}

impl Attached {
    /// A file was attached.
    pub(crate) fn note(&self) {
        self.any.set(true);
    }

    /// A file with this problem could not be detached.
    pub(crate) fn keep(&self, problem: Error) {
        self.known.replace(Known { problem: Some(problem), ..Known::default() });
    }
}
