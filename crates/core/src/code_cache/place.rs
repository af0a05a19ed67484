//! Where a user's code cache is. Reads the environment and no files.

use std::env;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::directory;
use super::listing::problem;
use crate::error::{Error, ErrorKind, Result};

/// The directory below the user's caches. The one above it may have another mode, and hold other things.
const NAME: &str = "commensal/code";

/// Where caches are below the home directory.
const CACHES: &str = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };

/// The directory of the user's cache.
pub(super) fn of_user() -> Result<PathBuf> {
    // The environment belongs to whoever started the process, and so must its rights.
    directory::check_process()?;
    beneath(env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")).ok_or_else(|| {
        problem(
            "the environment does not say where the code cache is: neither HOME nor XDG_CACHE_HOME is an \
             absolute path",
        )
    })
}

/// The directory for these variables. The XDG Base Directory Specification has relative paths ignored.
fn beneath(caches: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute =
        |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute(caches).or_else(|| Some(absolute(home)?.join(CACHES)))?;
    Some(caches.join(NAME))
}

/// The path without what has no meaning in it, so that its last part is a name that can be opened as such.
pub(super) fn checked(path: &Path) -> Result<PathBuf> {
    directory::check_platform()?;
    let is_name = matches!(path.components().next_back(), Some(Component::Normal(_)));
    if !path.is_absolute() || !is_name {
        let message = format!(
            "the path of the code cache has to be absolute and to end with a name, unlike {}",
            path.display()
        );
        return Err(Error::new(ErrorKind::Argument, message));
    }
    Ok(path.components().collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where() {
        for (caches, home, expected) in [
            (Some("/caches"), Some("/home/a"), Some("/caches/commensal/code")),
            (None, Some("/home/a"), Some(&*format!("/home/a/{CACHES}/commensal/code"))),
            (Some(""), Some("/home/a"), Some(&*format!("/home/a/{CACHES}/commensal/code"))),
            (Some("caches"), Some("/home/a"), Some(&*format!("/home/a/{CACHES}/commensal/code"))),
            (Some("caches"), Some("home"), None),
            (None, Some(""), None),
            (None, None, None),
        ] {
            let found = beneath(caches.map(Into::into), home.map(Into::into));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{caches:?} {home:?}");
        }
    }

    #[test]
    fn a_path_ends_with_a_name() {
        for (path, expected) in [
            ("/a/b", Some("/a/b")),
            // With a slash at its end, a symbolic link would be followed.
            ("/a/b/", Some("/a/b")),
            ("/a/./b/.", Some("/a/b")),
            ("a/b", None),
            ("/a/..", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(checked(Path::new(path)).ok().as_deref(), expected.map(Path::new), "{path}");
        }
    }
}
