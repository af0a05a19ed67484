//! The programs that a build starts, and where it looks for them.
//!
//! `commensal cc` works in folders of sources that come from anywhere. Nothing in such a folder may run.
//! So no program is looked up relative to it: only folders with an absolute path count, here and for what
//! the programs start themselves. A Python package is looked up from a folder of our own, because Python
//! prefers modules in the folder where it is started.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables with folders in which a compiler looks for programs.
const FOLDERS: [&str; 2] = ["PATH", "COMPILER_PATH"];

/// Prints the folder in which the package `ziglang` keeps Zig.
const FIND_ZIG: &str =
    "import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), 'zig'))";

/// A program that was found, with its own arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

impl Program {
    /// Finds the program of a command. `-m ziglang` of a Python becomes the Zig of that package.
    /// `folder` is one of our own.
    ///
    /// # Errors
    /// The text says why there is none.
    pub(crate) fn find(words: &[String], folder: &Path) -> Result<Self, String> {
        let (program, arguments) = words.split_first().ok_or("no program is named")?;
        let path = locate(program)?;
        let Some(at) = arguments.windows(2).position(|pair| pair == ["-m", "ziglang"]) else {
            return Ok(Self { path, arguments: arguments.to_vec() });
        };
        let python = Self { path, arguments: arguments[..at].to_vec() };
        Ok(Self { path: python.zig(folder)?, arguments: arguments[at + 2..].to_vec() })
    }

    /// The Zig of a Python package.
    fn zig(&self, folder: &Path) -> Result<PathBuf, String> {
        let folder = folder.join("python");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let output = self.command(&folder).args(["-c", FIND_ZIG]).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(stderr.lines().last().unwrap_or("failed").trim().to_owned());
        }
        let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        match path.is_absolute() {
            true => Ok(path),
            false => Err(format!("{} is not an absolute path", path.display())),
        }
    }

    /// A command that starts it in a folder.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).current_dir(folder);
        // The program may turn out to be Python.
        command.env("PYTHONSAFEPATH", "1");
        for name in FOLDERS {
            if let Some(value) = env::var_os(name) {
                command.env(name, env::join_paths(folders(&value)).unwrap_or_default());
            }
        }
        command
    }
}

/// The folders of a list whose path is absolute.
fn folders(list: &OsStr) -> impl Iterator<Item = PathBuf> {
    env::split_paths(list).filter(|folder| folder.is_absolute())
}

/// The absolute path of a program. A name with a folder in it is used as it is, because the user wrote it.
fn locate(name: &str) -> Result<PathBuf, String> {
    if Path::new(name).components().count() > 1 {
        return std::path::absolute(name).map_err(|error| error.to_string());
    }
    let list = env::var_os("PATH").unwrap_or_default();
    find_in(&list, name).ok_or_else(|| "is not there".to_owned())
}

/// Finds a program with this name in the folders of a list.
fn find_in(list: &OsStr, name: &str) -> Option<PathBuf> {
    let mut file = OsString::from(name);
    if !name.ends_with(env::consts::EXE_SUFFIX) {
        file.push(env::consts::EXE_SUFFIX);
    }
    folders(list).map(|folder| folder.join(&file)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn folders_that_depend_on_where_we_are_do_not_count() {
        let list = OsStr::new(":.:bin:/nowhere:../bin:/bin:");
        assert_eq!(folders(list).collect::<Vec<_>>(), ["/nowhere", "/bin"].map(PathBuf::from));
        assert_eq!(find_in(list, "sh"), Some("/bin/sh".into()));
        assert_eq!(find_in(OsStr::new(":.:bin"), "sh"), None);
        assert_eq!(find_in(list, "no-such-program"), None);
    }

    #[test]
    fn what_is_named_with_a_folder_is_the_users() {
        let found = Program::find(&["./cc".to_owned(), "-v".to_owned()], Path::new("/")).unwrap();
        assert!(found.path.is_absolute() && found.path.ends_with("cc"), "{found:?}");
        assert_eq!(found.arguments, ["-v"]);
        assert!(Program::find(&[], Path::new("/")).is_err());
    }
}
