//! What has to be known of a module to compile it, once it was checked. Checking a module takes longer than reading
//! its code from the disk, so the code cache keeps these facts, too.

use sha2::{Digest, Sha256};

use crate::manifest::Manifest;
use crate::module::ModuleInfo;

/// The facts about a module that was checked and accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// SHA-256 of the module.
    pub(crate) sha256: [u8; 32],
    /// SHA-256 of its manifest's canonical text.
    manifest: [u8; 32],
    pub(crate) optimized_work: u64,
    pub(crate) plain_work: u64,
}

impl Facts {
    /// Those of a module that was read and accepted.
    pub(crate) fn of(info: &ModuleInfo) -> Self {
        Self {
            sha256: info.sha256,
            manifest: Sha256::digest(manifest_text(info)).into(),
            optimized_work: info.optimized_work,
            plain_work: info.plain_work,
        }
    }

    /// Whether this is the text of its manifest.
    pub(crate) fn has_manifest(&self, text: &str) -> bool {
        self.manifest == <[u8; 32]>::from(Sha256::digest(text))
    }

    /// Everything but the module's hash.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let Self { sha256: _, manifest, optimized_work, plain_work } = self;
        [&manifest[..], &optimized_work.to_le_bytes(), &plain_work.to_le_bytes()].concat()
    }

    /// The facts in what [`Facts::to_bytes`] returned.
    pub(super) fn from_bytes(sha256: [u8; 32], bytes: &[u8]) -> Option<Self> {
        let (manifest, rest) = bytes.split_first_chunk::<32>()?;
        let (optimized_work, rest) = rest.split_first_chunk::<8>()?;
        let plain_work = <[u8; 8]>::try_from(rest).ok()?;
        Some(Self {
            sha256,
            manifest: *manifest,
            optimized_work: u64::from_le_bytes(*optimized_work),
            plain_work: u64::from_le_bytes(plain_work),
        })
    }
}

/// The canonical text of a module's manifest, as the catalog stores it; empty if it has none.
pub(crate) fn manifest_text(info: &ModuleInfo) -> String {
    info.manifest.as_ref().map(Manifest::to_json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_survive_as_bytes() {
        let manifest = Sha256::digest("text").into();
        let facts = Facts { sha256: [1; 32], manifest, optimized_work: 2, plain_work: 3 << 40 };
        assert!(facts.has_manifest("text") && !facts.has_manifest(""));
        let bytes = facts.to_bytes();
        assert_eq!(Facts::from_bytes([1; 32], &bytes), Some(facts));
        for wrong in [&bytes[1..], &[], &[&bytes[..], b"x"].concat()] {
            assert_eq!(Facts::from_bytes([1; 32], wrong), None);
        }
    }
}
