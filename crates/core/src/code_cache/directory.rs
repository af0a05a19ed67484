//! A directory that belongs to the user of the process, and that nobody else can reach.
//!
//! It is opened as it is, never through a symbolic link in its place, and checked once it is open. All files are
//! then reached from there by name, so nothing that happens to the path meanwhile matters. Files are opened the
//! same way: no symbolic links, no pipes, nothing of another owner.

use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Resource, getegid, geteuid, getgid, getrlimit, getuid};

use super::listing::{self, Kind, Listing, UNFINISHED_PREFIX, problem};
use crate::error::Result;

/// Most files that are looked at.
const FILES_MAX: usize = 16_384;

/// Most bytes of any file that is read.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Rights of the group and of others.
const FOREIGN_RIGHTS: u32 = 0o077;

/// An open directory that was checked.
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// Opens it. `None` if there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>> {
        check_process()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(at(path, "is no directory, or a symbolic link to one"));
            }
            Err(error) => return Err(at(path, &format!("cannot be opened: {error}"))),
        };
        let opened = File::from(opened);
        let metadata = opened.metadata().map_err(|error| at(path, &error.to_string()))?;
        if metadata.uid() != geteuid().as_raw() {
            return Err(at(path, "belongs to another user"));
        }
        let mode = metadata.mode() & 0o7777;
        if mode & FOREIGN_RIGHTS != 0 {
            let what = format!(
                "has the mode {mode:04o}, so others have access: make it 0700 if you know what is in it, or \
                 remove it"
            );
            return Err(at(path, &what));
        }
        Ok(Some(Self(opened.into())))
    }

    /// Opens it, and makes it first if there is none.
    pub(super) fn create(path: &Path) -> Result<Self> {
        if let Some(directory) = Self::open(path)? {
            return Ok(directory);
        }
        // With other people's rights, such as after `sudo`, a directory of this user in the home of another
        // would keep that one from having any.
        for above in path.ancestors().skip(1) {
            if let Ok(metadata) = above.metadata() {
                if metadata.uid() != geteuid().as_raw() {
                    let above = above.display();
                    return Err(at(
                        path,
                        &format!("is not made, because {above} belongs to another user"),
                    ));
                }
                break;
            }
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| at(path, &format!("cannot be made: {error}")))?;
        Self::open(path)?.ok_or_else(|| at(path, "was removed"))
    }

    /// The bytes of a file of the user's, which counts as used now. `None` if it is anything else, is longer than
    /// `bytes_max`, or cannot be read.
    pub(super) fn read(&self, name: &str, bytes_max: u64) -> Option<Vec<u8>> {
        // A pipe is opened without waiting for its other end, and then refused.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.0, name, flags, Mode::empty()).ok()?);
        let metadata = file.metadata().ok()?;
        let is_users = metadata.uid() == geteuid().as_raw()
            && metadata.mode() & FOREIGN_RIGHTS == 0
            && metadata.nlink() == 1;
        if !metadata.is_file() || !is_users || metadata.len() > bytes_max.min(FILE_BYTES_MAX) {
            return None;
        }
        let mut bytes = Vec::new();
        let length = usize::try_from(metadata.len()).ok()?;
        bytes.try_reserve_exact(length).ok()?;
        // It can grow meanwhile.
        (&file).take(metadata.len()).read_to_end(&mut bytes).ok()?;
        // On a file system that cannot be written, its entries stay as old as they are.
        let _ = file.set_modified(SystemTime::now());
        Some(bytes)
    }

    /// Replaces a file in one step by one with these bytes.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) -> Result<()> {
        let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
        // Beyond this limit a signal ends the process.
        if getrlimit(Resource::Fsize).current.is_some_and(|limit| bytes > limit) {
            return Err(problem("the limit of the process on the size of files is too low"));
        }
        let mut number = [0; 8];
        random(&mut number)?;
        let unfinished = format!("{UNFINISHED_PREFIX}{:016x}", u64::from_le_bytes(number));
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            problem(format!("a file of the code cache cannot be {what}: {error}"))
        };
        let file = openat(&self.0, &unfinished, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(file.map_err(|error| failed("made", &error))?);
        let written = parts.iter().try_for_each(|part| file.write_all(part));
        drop(file);
        // Not synchronised: what a crash leaves is not authentic, and is replaced.
        let written = written.map_err(|error| failed("written", &error)).and_then(|()| {
            let rename = || renameat(&self.0, &unfinished, &self.0, name);
            let renamed = match rename() {
                // Nothing of ours is a directory.
                Err(Errno::ISDIR) => self.remove(name).map(|()| rename()),
                renamed => Ok(renamed),
            };
            renamed?.map_err(|error| failed("put in place", &error))
        });
        if written.is_err() {
            let _ = unlinkat(&self.0, &unfinished, AtFlags::empty());
        }
        written
    }

    /// Its files, at most so many that it takes no time worth mentioning.
    pub(super) fn list(&self) -> Result<Listing> {
        let failed = |error: Errno| problem(format!("the code cache cannot be listed: {error}"));
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.0).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if [".", ".."].contains(&name) {
                continue;
            }
            if files.len() == FILES_MAX {
                return Ok(Listing { files, is_complete: false });
            }
            let stat = match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Another process has removed it.
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(error)),
            };
            let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
            let bytes = if is_file { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
            let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
            let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
            let used = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
            files.push(listing::File { name: name.to_owned(), kind: Kind::of(name), bytes, used });
        }
        Ok(Listing { files, is_complete: true })
    }

    /// Removes a file, a link or an empty directory. That there is none is no error.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let removed = match unlinkat(&self.0, name, AtFlags::empty()) {
            // Linux says the first, the standard the second.
            Err(Errno::ISDIR | Errno::PERM) => unlinkat(&self.0, name, AtFlags::REMOVEDIR),
            removed => removed,
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => {
                Err(problem(format!("{name} of the code cache cannot be removed: {error}")))
            }
        }
    }
}

/// Fills `into` with random bytes.
pub(super) fn random(into: &mut [u8]) -> Result<()> {
    getrandom::fill(into).map_err(|error| problem(format!("there are no random numbers: {error}")))
}

pub(super) fn check_platform() -> Result<()> {
    Ok(())
}

/// Checks that the process has the rights of the user who started it. Otherwise the environment, which says where
/// the cache is, belongs to somebody else.
pub(super) fn check_process() -> Result<()> {
    if getuid() == geteuid() && getgid() == getegid() {
        return Ok(());
    }
    Err(problem("there is no code cache for a program that runs with another user's rights"))
}

fn at(path: &Path, what: &str) -> crate::error::Error {
    problem(format!("the directory of the code cache, {}, {what}", path.display()))
}
