//! A module of the catalog: the facts known without its bytes, and its code once that was needed.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use super::{Compiler, Facts, Waiting, compile};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::live::LiveAccount;
use crate::manifest::{ByExport, Manifest};
use crate::module::ModuleInfo;
use crate::runtime::{CompiledModule, Metering};

/// A module as the catalog describes it, with its code once that was needed.
pub struct ModuleEntry {
    /// SHA-256 of the binary module.
    pub sha256: [u8; 32],
    /// Bytes of the binary module, according to the catalog.
    pub bytes: u64,
    manifest_text: String,
    manifest: Result<Option<Manifest>, String>,
    /// Whether the manifest is missing because it was not read.
    unread: bool,
    /// Made once, because many functions of a file can share a module with a long manifest.
    by_export: OnceLock<ByExport>,
    kept: Mutex<[Option<Kept>; 2]>,
}

/// Compiled code, with the account that its bytes are taken from.
struct Kept {
    code: Arc<dyn CompiledModule>,
    _account: LiveAccount,
}

impl ModuleEntry {
    /// A module whose row in the catalog is missing or was not read, for this reason.
    pub(crate) fn new_unread(sha256: [u8; 32], problem: String) -> Self {
        Self {
            sha256,
            bytes: 0,
            manifest_text: String::new(),
            manifest: Err(problem),
            unread: true,
            by_export: OnceLock::new(),
            kept: Mutex::default(),
        }
    }

    /// The reason why its row in the catalog was not read, if so.
    pub(crate) fn unread(&self) -> Option<&str> {
        self.manifest.as_ref().err().filter(|_| self.unread).map(String::as_str)
    }

    pub(crate) fn new(sha256: [u8; 32], bytes: u64, manifest_text: &str, limits: &Limits) -> Self {
        let manifest = if manifest_text.is_empty() {
            Ok(None)
        } else {
            Manifest::parse(manifest_text.as_bytes(), limits).map(Some).map_err(|e| e.to_string())
        };
        Self {
            sha256,
            bytes,
            manifest_text: manifest_text.to_owned(),
            manifest,
            unread: false,
            by_export: OnceLock::new(),
            kept: Mutex::default(),
        }
    }

    /// The hash in hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The canonical text of the manifest in the catalog; empty if it has none.
    pub fn manifest_text(&self) -> &str {
        &self.manifest_text
    }

    /// The manifest; `None` if the module has none.
    ///
    /// # Errors
    /// The text in the catalog is no manifest.
    pub fn manifest(&self) -> Result<Option<&Manifest>, &str> {
        self.manifest.as_ref().map(Option::as_ref).map_err(String::as_str)
    }

    /// The objects of its manifest, indexed by export.
    pub(crate) fn by_export(&self, manifest: &Manifest) -> &ByExport {
        self.by_export.get_or_init(|| ByExport::new(manifest))
    }

    /// Whether its code is compiled.
    pub fn is_compiled(&self) -> bool {
        self.slots().iter().any(Option::is_some)
    }

    /// The compiled code, if it exists and the current thread can use it.
    pub fn compiled(&self, metering: Metering) -> Option<Arc<dyn CompiledModule>> {
        let kept = self.slots();
        let code = kept[metering as usize].as_ref().map(|kept| &kept.code);
        code.filter(|code| code.is_here()).cloned()
    }

    /// Keeps compiled code of the module.
    pub(crate) fn keep(
        &self,
        metering: Metering,
        code: &Arc<dyn CompiledModule>,
        account: LiveAccount,
    ) {
        let kept = Kept { code: Arc::clone(code), _account: account };
        let before = self.slots()[metering as usize].replace(kept);
        drop(before);
    }

    /// Drops code that nobody uses. Returns whether there was any.
    pub(crate) fn drop_unused_code(&self) -> bool {
        let mut slots = self.slots();
        let mut unused = slots
            .iter_mut()
            .filter(|slot| slot.as_ref().is_some_and(|kept| Arc::strong_count(&kept.code) == 1));
        let dropped = unused.next().and_then(Option::take);
        drop(slots);
        dropped.is_some()
    }

    /// Compiles the module from the catalog's bytes. First checks their hash and structure, and that the
    /// catalog's manifest is the module's own.
    ///
    /// # Errors
    /// A failed check, an error of the runtime, or the statement has to end.
    pub fn compile(
        &self,
        wasm: &[u8],
        metering: Metering,
        compiler: &Compiler,
        waiting: Waiting<'_>,
    ) -> Result<Arc<dyn CompiledModule>> {
        if <[u8; 32]>::from(Sha256::digest(wasm)) != self.sha256 {
            return Err(Error::new(
                ErrorKind::Catalog,
                format!(
                    "the stored module has another hash than {}: the file was changed",
                    self.sha256_hex()
                ),
            ));
        }
        let facts = match compiler.known(&self.sha256, waiting.limits) {
            Some(facts) => facts,
            None => Facts::of(&ModuleInfo::read(wasm, waiting.limits)?),
        };
        if !facts.has_manifest(&self.manifest_text) {
            return Err(Error::new(
                ErrorKind::Catalog,
                "the manifest in the catalog is not the module's own: the file was changed",
            ));
        }
        compile(compiler, &facts, metering, wasm, waiting)
    }

    fn slots(&self) -> MutexGuard<'_, [Option<Kept>; 2]> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
