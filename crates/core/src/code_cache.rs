//! Compiled code on disk, so that a process need not compile what an earlier one has compiled.
//!
//! Compiled code is machine code: whoever can change it can do whatever the process can. So it never comes from
//! a database file. It lies in a directory that belongs to the user of the process and that nobody else can
//! reach, and each entry is authenticated with a secret of that directory before anything reads it
//! (`seal.rs`). The checks of the directory keep other users out; the secret rejects what got there by another
//! way, such as an archive, another machine, or a file system that has no owners.
//!
//! An entry's name is its key: the hash of the module and of everything else that the code depends on
//! (`CodeKey`). So entries never change and nothing has to be locked. Whoever writes one replaces it in one
//! step. An entry that cannot be used counts as missing, and so does a cache that cannot be used:
//! [`CodeCache::usage`] says why.
//!
//! Nothing stays open between two uses, because programs that become daemons close all their files, and a kept
//! number would then mean another file.

#[cfg_attr(not(unix), path = "code_cache/unsupported.rs")]
mod directory;
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no directory to list"))]
mod listing;
mod place;
mod seal;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::directory::{Directory, random};
pub(crate) use self::listing::EntryKind;
use self::listing::{Kind, SECRET, problem};
use crate::error::Result;

/// Default of [`CodeCache::bytes_max`]: 256 MiB.
pub const CODE_CACHE_BYTES_MAX_DEFAULT: u64 = 256 << 20;

/// Most entries. Each is looked at when one is written.
const ENTRIES_MAX: usize = 4096;

/// Changes when something else than the runtime and Commensal's version decides what the code of a module is,
/// such as a new way to join segments.
const GENERATION: u32 = 1;

/// A directory with compiled code. See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCache {
    path: PathBuf,
    bytes_max: u64,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeCacheUsage {
    /// Modules with their code, each for one version, one set of settings and one processor.
    pub entries: usize,
    /// Bytes of them, and of what is known of them.
    pub bytes: u64,
    /// Files that are not the cache's. They are left alone.
    pub others: usize,
}

impl CodeCache {
    /// The cache of the user who runs the process: `commensal/code` in `$XDG_CACHE_HOME`, or otherwise in
    /// `~/.cache` (on macOS `~/Library/Caches`). It is made when code is first kept.
    ///
    /// # Errors
    /// There is no such directory, the process runs with rights that are not its user's, or the platform has no
    /// owners of files.
    pub fn of_user() -> Result<Self> {
        Self::in_directory(place::of_user()?)
    }

    /// A cache in this directory, which it has for itself. The path is absolute. A missing directory is made
    /// when code is first kept. It has to belong to the user of the process, and only that user may have
    /// access. If that is not so when the cache is used, it counts as empty and keeps nothing.
    ///
    /// # Errors
    /// The path is relative or ends with `..`, or the platform has no owners of files.
    pub fn in_directory(path: impl AsRef<Path>) -> Result<Self> {
        let path = place::checked(path.as_ref())?;
        Ok(Self { path, bytes_max: CODE_CACHE_BYTES_MAX_DEFAULT })
    }

    /// Largest size in bytes, 256 MiB by default. What was not used for longest goes first.
    #[must_use]
    pub fn bytes_max(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.path
    }

    /// Largest size in bytes.
    pub fn limit(&self) -> u64 {
        self.bytes_max
    }

    /// What it holds.
    ///
    /// # Errors
    /// It cannot be used, and why.
    pub fn usage(&self) -> Result<CodeCacheUsage> {
        let mut usage = CodeCacheUsage::default();
        let Some(directory) = Directory::open(&self.path)? else { return Ok(usage) };
        for file in directory.list()?.files {
            match file.kind {
                Kind::Entry(kind) => {
                    usage.entries += usize::from(kind == EntryKind::Code);
                    usage.bytes += file.bytes;
                }
                Kind::Other => usage.others += 1,
                Kind::Secret | Kind::Unfinished => {}
            }
        }
        Ok(usage)
    }

    /// Removes everything that is the cache's, and returns what it held. The directory stays.
    ///
    /// # Errors
    /// It cannot be used, or a file cannot be removed.
    pub fn clear(&self) -> Result<CodeCacheUsage> {
        let usage = self.usage()?;
        let Some(directory) = Directory::open(&self.path)? else { return Ok(usage) };
        loop {
            let listing = directory.list()?;
            let ours = listing.files.iter().filter(|file| file.kind != Kind::Other);
            let mut removed = 0;
            for file in ours {
                directory.remove(&file.name)?;
                removed += 1;
            }
            if listing.is_complete || removed == 0 {
                return Ok(usage);
            }
        }
    }

    /// What was kept under this key, if it is there.
    pub(crate) fn load(&self, key: &CodeKey) -> Option<TrustedCode> {
        let directory = Directory::open(&self.path).ok()??;
        let secret = seal::secret(directory.read(SECRET, seal::SECRET_BYTES as u64)?)?;
        let entry = directory.read(&key.name(), self.bytes_max)?;
        seal::is_sealed(&secret, key.hash, &entry).then_some(TrustedCode(entry))
    }

    /// Keeps code, or what is known of a module, if that is possible.
    ///
    /// # Errors
    /// It is not kept, and why.
    pub(crate) fn store(&self, key: &CodeKey, code: &[u8]) -> Result<()> {
        let directory = Directory::create(&self.path)?;
        let secret = self.secret(&directory)?;
        let header = seal::header(&secret, key.hash, code);
        self.make_room(&directory, (header.len() + code.len()) as u64)?;
        directory.write(&key.name(), &[&header, code])
    }

    /// The secret of the directory. A new one replaces one that cannot be used, and with it all entries. If two
    /// processes make one, the last one's stays, and what was sealed with the other is compiled again.
    fn secret(&self, directory: &Directory) -> Result<seal::Secret> {
        let bytes = seal::SECRET_BYTES as u64;
        let read = || seal::secret(directory.read(SECRET, bytes)?);
        if let Some(secret) = read() {
            return Ok(secret);
        }
        let mut new = [0; seal::SECRET_BYTES];
        random(&mut new)?;
        directory.write(SECRET, &[&new])?;
        read().ok_or_else(|| problem("the secret of the code cache cannot be read"))
    }

    /// Removes entries until `bytes` more fit, those first that were not used for longest.
    fn make_room(&self, directory: &Directory, bytes: u64) -> Result<()> {
        if bytes > self.bytes_max {
            return Err(problem("the code is larger than the code cache may be"));
        }
        let listing = directory.list()?;
        let mut files: Vec<_> = listing.files.iter().filter(|file| file.counts()).collect();
        files.sort_by_key(|file| file.used);
        let mut count = files.len();
        let mut sum: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            let fits = count < ENTRIES_MAX && sum.saturating_add(bytes) <= self.bytes_max;
            if fits && !file.is_abandoned() {
                continue;
            }
            if directory.remove(&file.name).is_ok() {
                count -= 1;
                sum -= file.bytes;
            }
        }
        if sum.saturating_add(bytes) > self.bytes_max {
            return Err(problem("the code cache is full, and its files cannot be removed"));
        }
        if listing.is_complete {
            Ok(())
        } else {
            Err(problem("the directory of the code cache has too many files"))
        }
    }
}

/// What this user's processes have kept, unchanged since: the code of a module, for a runtime. Only a [`CodeCache`] makes one, after
/// it has authenticated the bytes.
pub struct TrustedCode(Vec<u8>);

impl TrustedCode {
    /// What [`CompiledModule::serialize`](crate::runtime::CompiledModule::serialize) returned under the same
    /// [identity](crate::runtime::Runtime::code_identity).
    pub fn bytes(&self) -> &[u8] {
        seal::content(&self.0)
    }
}

/// What decides about an entry, as a hash.
pub(crate) struct CodeKey {
    hash: [u8; 32],
    kind: EntryKind,
}

impl CodeKey {
    /// The key of what depends on these parts and on Commensal itself.
    pub(crate) fn new(kind: EntryKind, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        let (generation, version) = (GENERATION.to_le_bytes(), env!("CARGO_PKG_VERSION"));
        let own = [&generation[..], version.as_bytes(), kind.suffix().as_bytes()];
        for part in own.iter().chain(parts) {
            // With its length, so that two parts are never read as one.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { hash: hash.finalize().into(), kind }
    }

    fn name(&self) -> String {
        let digits: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        digits + self.kind.suffix()
    }
}

#[cfg(all(test, unix))]
mod tests;
