//! The SQL objects that a module can become: an extension, or a function of one of its exports.

use super::info::ModuleInfo;
use super::problem::error;
use super::types::FunctionType;
use super::{check, suggest};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::Manifest;

impl ModuleInfo {
    /// The manifest, for CREATE EXTENSION.
    ///
    /// # Errors
    /// There is none, it declares nothing, or it declares something that this version cannot run.
    pub fn extension(&self) -> Result<&Manifest> {
        match (&self.manifest, self.extension_problems.first()) {
            (Some(manifest), None) => Ok(manifest),
            (_, Some(problem)) => Err(problem.clone()),
            (None, None) => Err(check::no_manifest()),
        }
    }

    /// Checks that CREATE FUNCTION can use this export: as a scalar function, or as an aggregate that the
    /// manifest declares under this name or with this export as its `step`.
    ///
    /// # Errors
    /// There is no such export (the message lists those that exist), it has another type (the message shows
    /// both), or the manifest declares it as something that this version does not run.
    pub fn guest_function(&self, export: &str) -> Result<()> {
        if let Some(manifest) = &self.manifest
            && (manifest.aggregates_of(export).any(|aggregate| aggregate.bind.is_none())
                || manifest.functions_of(export).any(|function| function.bind.is_none()))
        {
            // All its exports exist and have the right types.
            return Ok(());
        }
        if let Some(found) = self.manifest.as_ref().and_then(|m| check::declared_table(m, export)) {
            return found;
        }
        let Some(found) = self.export(export) else {
            return Err(Error::new(ErrorKind::NotFound, suggest::missing(self, export)));
        };
        check::has_type(&found.ty, export, &FunctionType::guest()).map_err(error)?;
        check::can_run(self.manifest.as_ref(), export)
    }
}
