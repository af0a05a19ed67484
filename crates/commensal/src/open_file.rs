//! The files that this process has open, and the engine of each.
//!
//! Engines keep each other out of a file with locks of the operating system, which work between processes.
//! Within one process, nothing would keep two engines from overwriting each other's data.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commensal_core::database::Engine;
use commensal_core::{Error, ErrorKind, Result};

/// The files, with the name of each one's engine and the number of its users.
static OPEN: Mutex<Option<HashMap<PathBuf, (&'static str, usize)>>> = Mutex::new(None);

fn open_files() -> MutexGuard<'static, Option<HashMap<PathBuf, (&'static str, usize)>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is open until the last reference to this is dropped.
pub(crate) struct OpenFile(PathBuf);

impl OpenFile {
    /// Registers a file before it is opened.
    ///
    /// # Errors
    /// The file is open with another engine.
    pub(crate) fn register(path: &Path, engine: &dyn Engine) -> Result<Arc<Self>> {
        let path = canonical(path);
        let mut files = open_files();
        let (other, count) =
            files.get_or_insert_default().entry(path.clone()).or_insert((engine.name(), 0));
        if *other != engine.name() {
            return Err(Error::new(
                ErrorKind::InUse,
                format!(
                    "cannot open \"{}\" with {engine}: this process has it open with {other}, and \
                     the two do not see each other's locks",
                    path.display()
                ),
            ));
        }
        *count += 1;
        Ok(Arc::new(Self(path)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let mut files = open_files();
        let files = files.get_or_insert_default();
        if let Some((_, count)) = files.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                files.remove(&self.0);
            }
        }
    }
}

/// The path without symbolic links. The file itself need not exist yet.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        match (folder, path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}
