//! What lies beside a database file, and who else has it open: what SQLite looks at and the engine does not.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as Io, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commensal_core::{Error, ErrorKind, Result};
use turso_core::{IO, OpenFlags};

use crate::error;

/// The file that a path leads to. The journal and the log lie beside that one, not beside a symbolic link to it.
///
/// # Errors
/// A folder is missing, or the path is a link to nothing.
pub(crate) fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    if cfg!(windows) {
        return Ok(path.to_owned());
    }
    match path.canonicalize() {
        Err(e) if e.kind() == Io::NotFound && path.symlink_metadata().is_err() => {
            let name = path.file_name().unwrap_or_default();
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        resolved => resolved,
    }
}

/// The file beside this one whose name has this suffix.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Checks what is beside the file.
///
/// # Errors
/// The file or a log is a pipe or the like, at which the engine would wait, or a log is a link, and the engine would empty
/// what it leads to. Or there is a rollback journal of SQLite's: what it covers is not committed and has to be undone
/// before anybody reads the file.
pub(crate) fn check(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-log", "-shm"] {
        let file = beside(path, suffix);
        if file.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            let message = format!("\"{}\" is no file", file.display());
            return Err(Error::new(ErrorKind::Io, message));
        }
    }
    let journal = beside(path, "-journal");
    match journal.metadata() {
        Ok(metadata) if metadata.len() > 0 => Err(Error::new(
            ErrorKind::Engine,
            format!(
                "\"{}\" is there: SQLite is writing the file, or was stopped while it did; open the \
                 file with SQLite once, which completes or undoes that",
                journal.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// Where the [header](https://www.sqlite.org/fileformat2.html#the_database_header) has the versions that say whether
/// there is a log, the change counter, and the change counter for which the version of SQLite is valid.
const VERSIONS: usize = 18;
const COUNTER: usize = 24;
const VALID_FOR: usize = 92;
const HEADER: usize = 100;

/// Announces changes to SQLite. A process of it that has a file without a log open and is idle holds no lock, and keeps
/// its pages as long as the change counter stays, which the engine does not count.
///
/// # Errors
/// Another process is using the file.
pub(crate) fn announce(io: &Arc<dyn IO>, path: &Path) -> Result<()> {
    let Some(text) = path.to_str().filter(|_| path.exists()) else { return Ok(()) };
    // Locked until it is dropped, so that no other process is within a transaction.
    let _locked = io.open_file(text, OpenFlags::None, false).map_err(error::of_engine)?;
    let count = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let Some(mut header) = header(&mut file)? else { return Ok(()) };
        if header[VERSIONS..VERSIONS + 2] != [1, 1] {
            return Ok(());
        }
        let counter = header[COUNTER..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let counter = counter.wrapping_add(1).to_be_bytes();
        header[COUNTER..COUNTER + 4].copy_from_slice(&counter);
        // If they differed, the size in the header is right all the same: `schema_file.rs` has looked.
        header[VALID_FOR..VALID_FOR + 4].copy_from_slice(&counter);
        file.seek(SeekFrom::Start(COUNTER as u64))?;
        file.write_all(&header[COUNTER..])
    };
    match count() {
        // The engine finds out by itself that it may only read.
        Err(e) if matches!(e.kind(), Io::PermissionDenied | Io::ReadOnlyFilesystem) => Ok(()),
        Err(e) => Err(Error::new(ErrorKind::Io, e.to_string())),
        Ok(()) => Ok(()),
    }
}

/// The header; `None` if the file is shorter.
fn header(file: &mut File) -> std::io::Result<Option<[u8; HEADER]>> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(e) if e.kind() == Io::UnexpectedEof => Ok(None),
        read => read.map(|()| Some(header)),
    }
}
