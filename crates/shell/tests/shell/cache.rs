//! The user's cache of compiled code, between processes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Folder, command};

/// A database with a function `f` that adds this number, made without a cache.
fn database(folder: &Folder, name: &str, number: i64) {
    let source = format!(
        r#"CREATE FUNCTION f LANGUAGE wasm AS '(module (memory (export "memory") 1)
          (func (export "commensal_scratch") (param i32) (result i32) (i32.const 1024))
          (data (i32.const 512) "\01")
          (func (export "f") (param i32 i32) (result i32)
            (i64.store (i32.const 520) (i64.add (i64.load offset=8 (local.get 1)) (i64.const {number})))
            (i32.const 512)))'"#
    );
    assert_eq!(folder.succeed(&["--no-code-cache", name, &source]), "");
}

/// A folder with such a database, and caches in it.
fn folder() -> Folder {
    let folder = Folder::new();
    database(&folder, "a.db", 2);
    assert!(!folder.path("caches").exists());
    folder
}

fn with_cache(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = command(folder.0.path(), arguments);
    command.env("XDG_CACHE_HOME", folder.path("caches"));
    command
}

/// Runs a command that must succeed. Returns what it printed.
#[track_caller]
fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn check_works(folder: &Folder) {
    assert_eq!(run(with_cache(folder, &["a.db", "SELECT f(40)"])), "42\n");
}

fn directory(folder: &Folder) -> PathBuf {
    folder.path("caches/commensal/code")
}

/// The entries with code, each with its file's number, which changes when it is replaced.
fn entries(folder: &Folder) -> Vec<(PathBuf, u64)> {
    entries_of(folder, "code")
}

fn entries_of(folder: &Folder, kind: &str) -> Vec<(PathBuf, u64)> {
    let files = fs::read_dir(directory(folder)).unwrap().map(|file| file.unwrap().path());
    let entries = files.filter(|path| path.extension().is_some_and(|end| end == kind));
    let mut entries: Vec<_> =
        entries.map(|path| (path.clone(), path.metadata().unwrap().ino())).collect();
    entries.sort();
    entries
}

#[test]
fn the_next_process_finds_the_code() {
    let folder = folder();
    check_works(&folder);
    let first = entries(&folder);
    assert_eq!(first.len(), 1);
    check_works(&folder);
    assert_eq!(entries(&folder), first, "it was compiled again");
    // Other code of the same module.
    assert_eq!(run(with_cache(&folder, &["--fuel", "10000", "a.db", "SELECT f(40)"])), "42\n");
    assert_eq!(entries(&folder).len(), 2);

    let files = fs::read_dir(directory(&folder)).unwrap().map(|file| file.unwrap());
    let kept = files.filter(|file| file.file_name() != "secret");
    let bytes: u64 = kept.map(|file| file.metadata().unwrap().len()).sum();
    let shown = run(with_cache(&folder, &["cache"]));
    let path = directory(&folder);
    let expected = format!(
        "directory  {}\nmodules    2\nbytes      {bytes} of at most 268435456\n",
        path.display()
    );
    assert_eq!(shown, expected);
    let removed = run(with_cache(&folder, &["cache", "--clear"]));
    assert_eq!(removed, format!("removed    2 modules, {bytes} bytes\n"));
    assert_eq!(fs::read_dir(path).unwrap().count(), 0);
    check_works(&folder);
    assert_eq!(entries(&folder).len(), 1);
}

#[test]
fn it_can_be_left_out() {
    let folder = folder();
    let command = with_cache(&folder, &["--no-code-cache", "a.db", "SELECT f(40)"]);
    assert_eq!(run(command), "42\n");
    assert_eq!(run(with_cache(&folder, &["--no-wasm", "a.db", "SELECT 1"])), "1\n");
    assert!(!folder.path("caches").exists());
}

#[test]
fn without_a_home_there_is_none() {
    let folder = folder();
    let without = |arguments: &[&str]| {
        let mut command = command(folder.0.path(), arguments);
        command.env_remove("XDG_CACHE_HOME").env_remove("HOME");
        command
    };
    assert_eq!(run(without(&["a.db", "SELECT f(40)"])), "42\n");
    let output = without(&["cache"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("neither HOME nor XDG_CACHE_HOME is an absolute path"), "{errors}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

/// Puts damaged content and that of another module into the place of an entry, and checks that it is not used but
/// replaced.
fn check_damage(kind: &str) {
    let folder = folder();
    database(&folder, "b.db", 3);
    check_works(&folder);
    let [(own, _)] = &entries_of(&folder, kind)[..] else { panic!("one module") };
    assert_eq!(run(with_cache(&folder, &["b.db", "SELECT f(40)"])), "43\n");
    let both = entries_of(&folder, kind);
    let (other, _) = both.iter().find(|(path, _)| path != own).unwrap();
    let good = fs::read(own).unwrap();
    let mut damaged: Vec<Vec<u8>> = (0..good.len())
        .step_by(good.len() / 8)
        .map(|place| {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            bytes
        })
        .collect();
    damaged.extend([good[..good.len() / 2].to_vec(), vec![], fs::read(other).unwrap()]);
    for bytes in damaged {
        fs::write(own, bytes).unwrap();
        let before = own.metadata().unwrap().ino();
        check_works(&folder);
        assert_ne!(own.metadata().unwrap().ino(), before, "it was not replaced");
        assert_eq!(fs::read(own).unwrap().len(), good.len());
    }
}

#[test]
fn code_that_was_changed_does_not_run() {
    check_damage("code");
}

#[test]
fn what_is_known_of_a_module_cannot_be_changed() {
    check_damage("facts");
}

#[test]
fn processes_share_it() {
    let folder = folder();
    for _ in 0..5 {
        let children: Vec<_> = (0..6)
            .map(|number| {
                let arguments: &[&str] =
                    if number == 5 { &["cache", "--clear"] } else { &["a.db", "SELECT f(40)"] };
                let mut command = with_cache(&folder, arguments);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for (number, child) in children.into_iter().enumerate() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert!(number == 5 || output.stdout == b"42\n", "{output:?}");
        }
    }
    check_works(&folder);
    let settled = entries(&folder);
    assert_eq!(settled.len(), 1);
    check_works(&folder);
    assert_eq!(entries(&folder), settled);
    let files = fs::read_dir(directory(&folder)).unwrap().count();
    assert_eq!(files, 3, "the code, the facts and the secret");
}

/// The command and the folder as somebody who is not root, because root may write everywhere.
fn as_nobody(folder: &Folder, arguments: &[&str]) -> Command {
    let is_root = tempfile::tempdir().unwrap().path().metadata().unwrap().uid() == 0;
    if !is_root {
        return with_cache(folder, arguments);
    }
    let program = folder.path("program");
    if !program.exists() {
        // Another process writes it. If this one did, a fork of another test could have it open for writing, and
        // then it could not be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_commensal")).arg(&program).status();
        assert!(copied.unwrap().success());
    }
    give_away(folder.0.path());
    let mut command = Command::new(program);
    command.current_dir(folder.0.path()).args(arguments).uid(12345).gid(12345);
    command.env("XDG_CACHE_HOME", folder.path("caches"));
    command
}

fn give_away(path: &Path) {
    chown(path, Some(12345), Some(12345)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|file| give_away(&file.unwrap().path()));
    }
}

#[test]
fn a_directory_that_cannot_be_written_does_no_harm() {
    let folder = folder();
    let query = ["a.db", "SELECT f(40)"];
    let allow = |mode| {
        let caches = folder.path("caches");
        fs::set_permissions(&caches, Permissions::from_mode(mode)).unwrap();
    };
    // It cannot be made.
    fs::create_dir(folder.path("caches")).unwrap();
    allow(0o500);
    assert_eq!(run(as_nobody(&folder, &query)), "42\n");
    assert!(!directory(&folder).exists());
    // It cannot be written.
    allow(0o700);
    fs::create_dir_all(directory(&folder)).unwrap();
    fs::set_permissions(directory(&folder), Permissions::from_mode(0o500)).unwrap();
    assert_eq!(run(as_nobody(&folder, &query)), "42\n");
    assert_eq!(fs::read_dir(directory(&folder)).unwrap().count(), 0);
    // It can be read only, and has the code.
    fs::set_permissions(directory(&folder), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(run(as_nobody(&folder, &query)), "42\n");
    let before = entries(&folder);
    assert_eq!(before.len(), 1);
    fs::set_permissions(directory(&folder), Permissions::from_mode(0o500)).unwrap();
    assert_eq!(run(as_nobody(&folder, &query)), "42\n");
    assert_eq!(entries(&folder), before);
    fs::set_permissions(directory(&folder), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_that_cannot_be_as_large_is_not_written() {
    let folder = folder();
    // Beyond its limit, a process gets a signal that ends it.
    let script = "ulimit -f 8; exec \"$0\" a.db 'SELECT f(40)'";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_commensal")]).current_dir(folder.0.path());
    shell.env("XDG_CACHE_HOME", folder.path("caches"));
    assert_eq!(run(shell), "42\n");
    assert_eq!(entries(&folder), []);
    check_works(&folder);
    let size = entries(&folder)[0].0.metadata().unwrap().len();
    assert!(size > 8 * 1024, "{size} bytes would have fitted");
}

/// In a namespace of its own, where the system permits that, a user can mount a disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_no_harm() {
    let folder = folder();
    fs::create_dir(folder.path("caches")).unwrap();
    let script = |size: &str| {
        let script = format!(
            "mount -t tmpfs -o size={size},mode=700 none caches && \"$0\" a.db 'SELECT f(40)' && \
             ls -A caches/commensal/code | sed 's/^[0-9a-f]*[.]/x./' | sort"
        );
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_commensal")]);
        command.current_dir(folder.0.path()).env("XDG_CACHE_HOME", folder.path("caches"));
        command
    };
    let permitted = Command::new("unshare").args(["-rm", "true"]).status();
    if permitted.is_ok_and(|status| status.success()) {
        assert_eq!(run(script("8k")), "42\nsecret\nx.facts\n");
        assert_eq!(run(script("8m")), "42\nsecret\nx.code\nx.facts\n");
    }
    check_works(&folder);
}
