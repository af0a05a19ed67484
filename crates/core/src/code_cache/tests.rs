//! A code cache under attack, and what compiles beside it.

use std::fs::{self, FileTimes, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;
use crate::error::Error;

const CODE: &[u8] = &[0x90; 1000];

struct Fixture {
    folder: TempDir,
    cache: CodeCache,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::in_directory(folder.path().join("caches/commensal")).unwrap();
        Self { folder, cache }
    }

    /// One with an entry of [`CODE`] under the key 1.
    fn filled() -> Self {
        let fixture = Self::new();
        fixture.cache.store(&key(1), CODE).unwrap();
        fixture
    }

    fn has(&self, number: u8) -> bool {
        let code = self.cache.load(&key(number));
        code.is_some_and(|code| {
            assert_eq!(code.bytes(), CODE);
            true
        })
    }

    fn entry(&self, number: u8) -> PathBuf {
        self.cache.directory().join(key(number).name())
    }

    /// Sets how many minutes ago a file was used.
    fn set_age(&self, path: &PathBuf, minutes: u64) {
        let then = SystemTime::now() - Duration::from_secs(60 * minutes);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
    }

    /// Checks that the entry 1 cannot be used as it is now, and that storing repairs that.
    #[track_caller]
    fn check_is_replaced(&self) {
        assert!(!self.has(1), "it was used");
        self.cache.store(&key(1), CODE).unwrap();
        assert!(self.has(1), "it was not replaced");
    }

    /// Checks that the cache cannot be used, for this reason.
    #[track_caller]
    fn check_is_off(&self, reason: &str) {
        let check = |error: Error| assert!(error.message().contains(reason), "{error}");
        check(self.cache.usage().unwrap_err());
        check(self.cache.clear().unwrap_err());
        check(self.cache.store(&key(2), CODE).unwrap_err());
        assert!(!self.has(1) && !self.has(2));
    }
}

fn key(number: u8) -> CodeKey {
    CodeKey::new(EntryKind::Code, &[&[number; 32], b"identity"])
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

#[test]
fn what_was_stored_is_found_again() {
    let fixture = Fixture::new();
    let cache = &fixture.cache;
    assert_eq!(cache.usage(), Ok(CodeCacheUsage::default()), "there is no directory yet");
    assert!(!fixture.has(1) && !cache.directory().exists());
    cache.store(&key(1), CODE).unwrap();
    assert!(fixture.has(1) && !fixture.has(2));
    assert_eq!(mode(cache.directory()), 0o700);
    for file in ["secret".into(), key(1).name()] {
        assert_eq!(mode(&cache.directory().join(file)), 0o600);
    }
    let usage = cache.usage().unwrap();
    assert_eq!((usage.entries, usage.bytes), (1, 1040));
    fs::write(cache.directory().join("notes"), "mine").unwrap();
    assert_eq!(cache.clear(), Ok(CodeCacheUsage { others: 1, ..usage }));
    assert_eq!(cache.usage(), Ok(CodeCacheUsage { others: 1, ..Default::default() }));
    assert!(!fixture.has(1));
    cache.store(&key(1), b"").unwrap();
    assert_eq!(cache.load(&key(1)).unwrap().bytes(), b"");
}

#[test]
fn parts_of_a_key_do_not_run_together() {
    let keys = [
        CodeKey::new(EntryKind::Code, &[b"ab", b"c"]),
        CodeKey::new(EntryKind::Code, &[b"a", b"bc"]),
        CodeKey::new(EntryKind::Code, &[b"abc"]),
        CodeKey::new(EntryKind::Code, &[b"ab", b"c", b""]),
        CodeKey::new(EntryKind::Facts, &[b"ab", b"c"]),
    ];
    let names: std::collections::HashSet<_> = keys.iter().map(|key| key.hash).collect();
    assert_eq!(names.len(), keys.len());
}

#[test]
fn damaged_entries_are_replaced() {
    let ways: [fn(&mut Vec<u8>); 10] = [
        |bytes| bytes[0] ^= 1,
        |bytes| bytes[20] ^= 1,
        |bytes| bytes[500] ^= 0x80,
        |bytes| bytes.truncate(1039),
        |bytes| bytes.truncate(40),
        |bytes| bytes.truncate(7),
        |bytes| bytes.clear(),
        |bytes| bytes.push(0),
        |bytes| bytes.fill(0),
        |bytes| *bytes = b"\x7fELF".repeat(300),
    ];
    for damage in ways {
        let fixture = Fixture::filled();
        let mut bytes = fs::read(fixture.entry(1)).unwrap();
        damage(&mut bytes);
        fs::write(fixture.entry(1), bytes).unwrap();
        fixture.check_is_replaced();
    }
}

#[test]
fn an_entry_of_another_key_or_directory_is_not_used() {
    let fixture = Fixture::filled();
    fs::copy(fixture.entry(1), fixture.entry(2)).unwrap();
    assert!(!fixture.has(2), "another module's code");
    let other = Fixture::filled();
    fs::copy(other.entry(1), fixture.entry(1)).unwrap();
    fixture.check_is_replaced();
    // With its secret, it is that directory's content, and this user has put it there.
    fs::copy(other.entry(1), fixture.entry(1)).unwrap();
    fs::copy(other.cache.directory().join(SECRET), fixture.cache.directory().join(SECRET)).unwrap();
    assert!(fixture.has(1));
}

#[test]
fn a_secret_that_others_may_know_is_replaced_and_with_it_every_entry() {
    let fixture = Fixture::filled();
    let secret = fixture.cache.directory().join(SECRET);
    let before = fs::read(&secret).unwrap();
    let ways: [fn(&Path); 8] = [
        |secret| fs::write(secret, [0; 32]).unwrap(),
        |secret| fs::write(secret, [7; 31]).unwrap(),
        |secret| fs::write(secret, [7; 33]).unwrap(),
        |secret| fs::set_permissions(secret, Permissions::from_mode(0o644)).unwrap(),
        |secret| fs::hard_link(secret, secret.with_extension("copy")).unwrap(),
        |secret| fs::remove_file(secret).unwrap(),
        |secret| {
            fs::rename(secret, secret.with_extension("elsewhere")).unwrap();
            symlink(secret.with_extension("elsewhere"), secret).unwrap();
        },
        |secret| {
            fs::remove_file(secret).unwrap();
            fs::create_dir(secret).unwrap();
        },
    ];
    for spoil in ways {
        spoil(&secret);
        fixture.check_is_replaced();
        let metadata = secret.symlink_metadata().unwrap();
        assert!(metadata.is_file() && metadata.len() == 32 && mode(&secret) == 0o600);
        assert_ne!(fs::read(&secret).unwrap(), before);
    }
}

#[test]
fn only_files_of_the_user_are_read() {
    let ways: [fn(&Path, &Path); 8] = [
        |path, copy| symlink(copy, path).unwrap(),
        |path, copy| fs::hard_link(copy, path).unwrap(),
        |path, _| fs::create_dir(path).unwrap(),
        |path, _| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path, _| symlink("/dev/zero", path).unwrap(),
        |path, _| symlink(path, path).unwrap(),
        |path, copy| {
            assert!(fs::copy(copy, path).is_ok());
            fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
        },
        |path, copy| {
            assert!(fs::copy(copy, path).is_ok());
            if is_root() {
                chown(path, Some(12345), None).unwrap();
            } else {
                // Only root can give files away.
                fs::set_permissions(path, Permissions::from_mode(0o606)).unwrap();
            }
        },
    ];
    for replace in ways {
        let fixture = Fixture::filled();
        let copy = fixture.folder.path().join("copy");
        fs::rename(fixture.entry(1), &copy).unwrap();
        replace(&fixture.entry(1), &copy);
        fixture.check_is_replaced();
        // What it was a link to is as it was.
        assert_eq!(fs::read(&copy).unwrap().len(), 1040);
    }
}

#[test]
fn a_directory_that_others_can_reach_is_not_used() {
    for mode in [0o755, 0o710, 0o701, 0o770, 0o1777] {
        let fixture = Fixture::filled();
        fs::set_permissions(fixture.cache.directory(), Permissions::from_mode(mode)).unwrap();
        fixture.check_is_off(&format!("has the mode {mode:04o}"));
        fs::set_permissions(fixture.cache.directory(), Permissions::from_mode(0o700)).unwrap();
        assert!(fixture.has(1));
    }
}

#[test]
fn a_directory_of_somebody_else_is_not_used() {
    let mut fixture = Fixture::filled();
    if is_root() {
        chown(fixture.cache.directory(), Some(12345), None).unwrap();
        fixture.check_is_off("belongs to another user");
        // Nor is one made within the directory of another user.
        let home = fixture.folder.path().join("home");
        fs::create_dir(&home).unwrap();
        chown(&home, Some(12345), None).unwrap();
        let cache = CodeCache::in_directory(home.join(".cache/commensal")).unwrap();
        let error = cache.store(&key(1), CODE).unwrap_err();
        assert!(error.message().contains("belongs to another user"), "{error}");
        assert_eq!(fs::read_dir(home).unwrap().count(), 0);
    } else {
        fixture.cache = CodeCache::in_directory("/usr").unwrap();
        fixture.check_is_off("belongs to another user");
        let cache = CodeCache::in_directory("/commensal-cache").unwrap();
        let error = cache.store(&key(1), CODE).unwrap_err();
        assert!(error.message().contains("belongs to another user"), "{error}");
    }
}

#[test]
fn a_link_in_the_place_of_the_directory_is_not_followed() {
    let fixture = Fixture::filled();
    let real = fixture.folder.path().join("real");
    fs::rename(fixture.cache.directory(), &real).unwrap();
    symlink(&real, fixture.cache.directory()).unwrap();
    fixture.check_is_off("symbolic link");
    // Nor with a slash at its end.
    let path = format!("{}/", fixture.cache.directory().display());
    assert!(CodeCache::in_directory(path).unwrap().load(&key(1)).is_none());
    // A link above it may be one: many people have their caches elsewhere.
    symlink(fixture.folder.path(), fixture.folder.path().join("link")).unwrap();
    let cache = CodeCache::in_directory(fixture.folder.path().join("link/real")).unwrap();
    assert!(cache.load(&key(1)).is_some());
}

#[test]
fn what_is_no_directory_is_not_used() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.folder.path().join("caches")).unwrap();
    fs::write(fixture.cache.directory(), "a file").unwrap();
    fixture.check_is_off("is no directory");
    let beneath = CodeCache::in_directory(fixture.cache.directory().join("commensal")).unwrap();
    assert!(beneath.store(&key(1), CODE).is_err());
    assert!(beneath.load(&key(1)).is_none());
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let fixture = Fixture::new();
    let cache = fixture.cache.clone().bytes_max(3 * 1040 + 39);
    for number in 1..=3 {
        cache.store(&key(number), CODE).unwrap();
        fixture.set_age(&fixture.entry(number), 100 - u64::from(number));
    }
    // A use makes it young.
    assert!(fixture.has(1));
    cache.store(&key(4), CODE).unwrap();
    assert_eq!([1, 2, 3, 4].map(|number| fixture.has(number)), [true, false, true, true]);
    // Files of others do not count and stay.
    fs::write(cache.directory().join("notes"), [0; 5000]).unwrap();
    cache.store(&key(5), CODE).unwrap();
    assert_eq!(cache.usage().unwrap(), CodeCacheUsage { entries: 3, bytes: 3120, others: 1 });
    // What is larger than all of it displaces nothing.
    assert!(cache.store(&key(6), &[0; 4000]).is_err());
    assert_eq!(cache.usage().unwrap().entries, 3);
}

#[test]
fn what_a_process_left_unfinished_goes_after_an_hour() {
    let fixture = Fixture::filled();
    let file = |name: &str| fixture.cache.directory().join(name);
    fs::write(file(".unfinished-1"), [0; 10]).unwrap();
    fs::write(file(".unfinished-2"), [0; 10]).unwrap();
    fixture.set_age(&file(".unfinished-1"), 61);
    fixture.set_age(&file(".unfinished-2"), 59);
    fixture.cache.store(&key(2), CODE).unwrap();
    assert!(!file(".unfinished-1").exists() && file(".unfinished-2").exists());
    assert_eq!(fixture.cache.clear().unwrap().entries, 2);
    assert!(!file(".unfinished-2").exists());
}

#[test]
fn a_huge_directory_is_not_read_to_its_end() {
    let fixture = Fixture::filled();
    for number in 0..17_000 {
        let name = fixture.cache.directory().join(format!("other-{number}"));
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(name).unwrap();
    }
    assert!(fixture.has(1));
    let error = fixture.cache.store(&key(2), CODE).unwrap_err();
    assert!(error.message().contains("too many files"), "{error}");
    assert!(fixture.cache.usage().unwrap().others >= 16_000);
}

#[test]
fn many_write_at_once() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for number in 0..16_u8 {
            let fixture = &fixture;
            scope.spawn(move || {
                for round in 0..20_u8 {
                    let number = (number + round) % 8;
                    // The directory, or its secret, may have been removed by the one that clears.
                    let _ = fixture.cache.store(&key(number), CODE);
                    // Either whole or not there.
                    fixture.has(number);
                    if number == 7 {
                        let _ = fixture.cache.clear();
                    }
                }
            });
        }
    });
    fixture.cache.store(&key(1), CODE).unwrap();
    assert!(fixture.has(1));
    let left = fs::read_dir(fixture.cache.directory()).unwrap();
    let left = left.filter(|file| {
        file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(".unfinished")
    });
    assert_eq!(left.count(), 0);
}
