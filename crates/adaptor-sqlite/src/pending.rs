//! What a connection knows of its indexes outside of `main`, and of attached files. What is done about them is in
//! `elsewhere.rs` and `attached.rs`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use commensal_core::Error;
use commensal_core::define::Dependent;
use commensal_core::dependents::Uses;
use commensal_core::registry::Registry;

use crate::statement::Statement;

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
    pub(crate) watched: RefCell<Vec<Watched>>,
}

/// The statements that read the version of an attached schema.
pub(crate) struct Watched {
    pub(crate) schema: String,
    pub(crate) pragmas: [Statement; 2],
}

/// The version of a file's schema, and one that changes when another connection writes the file. `None` if it cannot be
/// read.
pub(crate) type Version = Option<[i64; 2]>;

/// A problem with its schema, and with which definitions and which versions of the schemas it was looked for.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) registry: Option<Arc<Registry>>,
    pub(crate) versions: Vec<(String, Version)>,
    pub(crate) problem: Option<(String, Error)>,
}

impl Attached {
    /// A file was attached.
    pub(crate) fn note(&self) {
        self.any.set(true);
    }

    /// A file with this problem could not be detached.
    pub(crate) fn keep(&self, schema: String, problem: Error) {
        self.known.replace(Known { problem: Some((schema, problem)), ..Known::default() });
    }

    /// All files have to be looked at again.
    pub(crate) fn forget(&self) {
        self.known.borrow_mut().registry = None;
    }

    /// Why statements fail.
    pub(crate) fn problem(&self) -> Option<Error> {
        self.known.borrow().problem.as_ref().map(|(_, error)| error.clone())
    }
}
