//! The code cache where files have no owners that could be checked: it is never used.

use std::path::Path;

use super::listing::{Listing, problem};
use crate::error::Result;

/// Why it is not used.
const REASON: &str = "there is no code cache on this platform, because Commensal cannot check there to whom files \
                      belong";

/// There is none.
pub(super) enum Directory {}

impl Directory {
    pub(super) fn open(_path: &Path) -> Result<Option<Self>> {
        Err(problem(REASON))
    }

    pub(super) fn create(_path: &Path) -> Result<Self> {
        Err(problem(REASON))
    }

    pub(super) fn read(&self, _name: &str, _bytes_max: u64) -> Option<Vec<u8>> {
        match *self {}
    }

    pub(super) fn write(&self, _name: &str, _parts: &[&[u8]]) -> Result<()> {
        match *self {}
    }

    pub(super) fn list(&self) -> Result<Listing> {
        match *self {}
    }

    pub(super) fn remove(&self, _name: &str) -> Result<()> {
        match *self {}
    }
}

pub(super) fn random(_into: &mut [u8]) -> Result<()> {
    Err(problem(REASON))
}

pub(super) fn check_platform() -> Result<()> {
    Err(problem(REASON))
}

pub(super) fn check_process() -> Result<()> {
    Err(problem(REASON))
}
