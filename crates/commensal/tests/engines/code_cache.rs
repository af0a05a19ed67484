//! A Database with a code cache. What it withstands is tested in the core and in the shell.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use commensal::{CodeCache, Database};

use crate::support::{connect, constant, create, integer, options};

/// The number of the only entry's file, which changes when the entry is written.
fn entry(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let entries: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "code")).collect();
    assert_eq!(entries.len(), 1);
    entries[0].metadata().unwrap().ino()
}

#[test]
fn code_is_kept_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::in_directory(folder.path().join("cache")).unwrap();
    let open = |cache: &CodeCache| {
        Database::open(folder.path().join("t.db"), options().code_cache(cache.clone())).unwrap()
    };
    // No other test of this process has a module with this number, whose code would be in memory.
    let number = 5_550_001;
    create(&connect(&open(&cache)), "f", &constant(number), "").unwrap();
    let first = entry(cache.directory());
    for _ in 0..2 {
        assert_eq!(integer(&connect(&open(&cache)), "SELECT f()"), Ok(number));
        assert_eq!(entry(cache.directory()), first, "it was compiled again");
    }
    assert_eq!(cache.clear().unwrap().entries, 1);
    assert_eq!(integer(&connect(&open(&cache)), "SELECT f()"), Ok(number));
    assert_eq!(cache.usage().unwrap().entries, 1);

    // What does not fit is not kept, and works.
    let small = CodeCache::in_directory(folder.path().join("small")).unwrap().bytes_max(100);
    assert_eq!(integer(&connect(&open(&small)), "SELECT f()"), Ok(number));
    let usage = small.usage().unwrap();
    assert!(usage.entries == 0 && usage.bytes <= 100, "{usage:?}");
}

#[test]
fn a_cache_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    fs::write(&path, "a file").unwrap();
    let cache = CodeCache::in_directory(&path).unwrap();
    let database = Database::open_in_memory(options().code_cache(cache.clone())).unwrap();
    let connection = connect(&database);
    create(&connection, "f", &constant(5_550_002), "").unwrap();
    assert_eq!(integer(&connection, "SELECT f()"), Ok(5_550_002));
    assert!(cache.usage().unwrap_err().message().contains("is no directory"));
    assert!(CodeCache::in_directory("cache").is_err(), "a relative path");
}
