//! The functions that a guest may import, by purpose.

pub(crate) mod auxiliary;
pub(super) mod own;
pub(super) mod sql;
pub(super) mod wasi;
