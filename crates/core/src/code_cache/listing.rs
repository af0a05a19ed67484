//! The files in a code cache's directory, told apart by their names.

use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorKind};

/// The name of the secret.
pub(super) const SECRET: &str = "secret";

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// The code of a module.
    Code,
    /// What is known of a module that was accepted.
    Facts,
}

impl EntryKind {
    const ALL: [Self; 2] = [Self::Code, Self::Facts];

    /// How the names of entries end, after 64 hexadecimal digits.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Code => ".code",
            Self::Facts => ".facts",
        }
    }
}

/// How the names of files that are being written begin.
pub(super) const UNFINISHED_PREFIX: &str = ".unfinished-";

/// How long writing a file can take. What is older was left by a process that ended.
const WRITING: Duration = Duration::from_secs(60 * 60);

/// What a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Entry(EntryKind),
    Secret,
    Unfinished,
    /// Not the cache's.
    Other,
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        let is_key = |key: &str| {
            key.len() == 64 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if name == SECRET {
            Self::Secret
        } else if name.starts_with(UNFINISHED_PREFIX) {
            Self::Unfinished
        } else {
            let mut kinds = EntryKind::ALL.into_iter();
            let kind = kinds.find(|kind| name.strip_suffix(kind.suffix()).is_some_and(is_key));
            kind.map_or(Self::Other, Self::Entry)
        }
    }
}

pub(super) struct File {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bytes: u64,
    /// When it was last used.
    pub(super) used: SystemTime,
}

impl File {
    /// Whether it takes part of the room for code.
    pub(super) fn counts(&self) -> bool {
        matches!(self.kind, Kind::Entry(_) | Kind::Unfinished)
    }

    /// Whether nobody will finish it.
    pub(super) fn is_abandoned(&self) -> bool {
        let age = SystemTime::now().duration_since(self.used).unwrap_or_default();
        self.kind == Kind::Unfinished && age > WRITING
    }
}

pub(super) struct Listing {
    pub(super) files: Vec<File>,
    /// Whether these are all.
    pub(super) is_complete: bool,
}

/// Why the cache cannot be used.
#[cold]
pub(super) fn problem(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Io, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_files_apart() {
        let key = "0123456789abcdef".repeat(4);
        for (name, kind) in [
            (format!("{key}.code"), Kind::Entry(EntryKind::Code)),
            (format!("{key}.facts"), Kind::Entry(EntryKind::Facts)),
            (format!("{}.code", key.to_uppercase()), Kind::Other),
            (format!("{key}0.code"), Kind::Other),
            (format!("{key}.code.bak"), Kind::Other),
            (key, Kind::Other),
            (".code".to_owned(), Kind::Other),
            ("secret".to_owned(), Kind::Secret),
            (".unfinished-1".to_owned(), Kind::Unfinished),
            ("notes.txt".to_owned(), Kind::Other),
        ] {
            assert_eq!(Kind::of(&name), kind, "{name}");
        }
    }
}
