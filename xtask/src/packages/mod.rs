//! What `bindings/packages.toml` says: the packages, their archives, and the platforms.
//!
//! This file knows its form and what its placeholders stand for, not how a package is built.

pub(crate) mod metadata;

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::command::{Outcome, root};

/// The file, from the root.
pub(crate) const FILE: &str = "bindings/packages.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packages {
    pub(crate) project: Project,
    #[serde(rename = "platform")]
    pub(crate) platforms: Vec<Platform>,
    #[serde(rename = "package")]
    pub(crate) packages: Vec<Package>,
}

/// What all packages say of themselves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Project {
    pub(crate) version: String,
    pub(crate) licence: String,
    pub(crate) author: String,
    pub(crate) description: String,
    /// Without one, no package may name one.
    pub(crate) homepage: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Platform {
    pub(crate) name: String,
    /// As Rust names it, like `processor`.
    pub(crate) system: String,
    pub(crate) processor: String,
    /// The file name of the loadable extension.
    pub(crate) library: String,
    /// The file name of the shell.
    pub(crate) shell: String,
    /// What registries call it.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The command that makes the archives. The library and a folder are its last arguments.
    #[serde(default)]
    pub(crate) make: Vec<String>,
    #[serde(default)]
    pub(crate) metadata: Vec<Metadata>,
    #[serde(rename = "archive")]
    pub(crate) archives: Vec<Archive>,
}

/// A file in which a package describes itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Its path from the root.
    pub(crate) file: String,
    pub(crate) form: Form,
    pub(crate) name: String,
    /// If it is not the project's.
    pub(crate) description: Option<String>,
    /// The oldest version of the language, as the form writes it.
    pub(crate) needs: String,
}

/// The forms of metadata.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// `pyproject.toml`.
    Pyproject,
    /// `package.json`.
    Npm,
    /// `go.mod`, which has only a name and Go's version.
    Gomod,
    /// Maven's `pom.xml`.
    Pom,
    /// A project of .NET, of which the package's metadata is made.
    Csproj,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    /// Its name, with placeholders.
    pub(crate) file: String,
    /// The folder within it, if `cargo xtask dist` writes the archive itself.
    pub(crate) root: Option<String>,
    /// Files to put there: their names in the archive, and their paths from the repository's root.
    #[serde(default)]
    pub(crate) copy: BTreeMap<String, String>,
    /// The names of all entries. Without any, they are those of `copy`, or the file is no archive.
    #[serde(default)]
    pub(crate) contents: Vec<String>,
}

impl Packages {
    pub(crate) fn read() -> Outcome<Self> {
        let text = fs::read_to_string(root().join(FILE)).map_err(|e| format!("{FILE}: {e}"))?;
        toml::from_str(&text).map_err(|e| format!("{FILE}: {e}").into())
    }

    /// The platform that this runs on.
    pub(crate) fn here(&self) -> Outcome<&Platform> {
        use std::env::consts::{ARCH, OS};
        let here = self.platforms.iter().find(|p| p.system == OS && p.processor == ARCH);
        here.ok_or_else(|| format!("{FILE} has no platform {OS} {ARCH}").into())
    }

    /// Replaces the placeholders by the version and the platform's names. One that is not known stays.
    pub(crate) fn expand(&self, text: &str, platform: &Platform) -> String {
        let Platform { name, library, shell, others, .. } = platform;
        let own = [
            ("version", &self.project.version),
            ("name", name),
            ("library", library),
            ("shell", shell),
        ];
        let others = others.iter().map(|(key, value)| (key.as_str(), value));
        own.into_iter()
            .chain(others)
            .fold(text.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
    }
}

/// Whether a name is one that the pattern describes, in which `*` stands for any text.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == name;
    };
    name.strip_prefix(before).is_some_and(|rest| {
        rest.char_indices().any(|(at, _)| matches(after, &rest[at..])) || matches(after, "")
    })
}

/// Compares names with patterns: returns what is missing, and what is there and should not be.
pub(crate) fn compare(patterns: &[String], names: &[String]) -> Vec<String> {
    let missing = patterns
        .iter()
        .filter(|pattern| !names.iter().any(|name| matches(pattern, name)))
        .map(|pattern| format!("it has no {pattern}"));
    let others = names
        .iter()
        .filter(|name| !patterns.iter().any(|pattern| matches(pattern, name)))
        .map(|name| format!("{FILE} does not list its {name}"));
    missing.chain(others).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let check = |pattern, name, expected| {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        };
        check("a.whl", "a.whl", true);
        check("a.whl", "a.whl.old", false);
        check("a-*-b", "a-2_17-b", true);
        check("a-*-b", "a--b", true);
        check("a-*-b", "a-b", false);
        check("*.go", "driver.go", true);
        check("*.go", "driver.rs", false);
        check("*", "", true);
    }

    #[test]
    fn what_is_missing_and_what_is_not_listed_is_said() {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let problems = compare(&owned(&["a/*.go", "b"]), &owned(&["a/x.go", "a/y.go", "c"]));
        assert_eq!(problems, ["it has no b", "bindings/packages.toml does not list its c"]);
    }

    #[test]
    fn placeholders_of_all_archives_are_known() {
        let packages = Packages::read().unwrap();
        for platform in &packages.platforms {
            for archive in packages.packages.iter().flat_map(|package| &package.archives) {
                let copied = archive.copy.iter().flat_map(|(to, from)| [to, from]);
                for text in [&archive.file].into_iter().chain(copied).chain(&archive.contents) {
                    let expanded = packages.expand(text, platform);
                    assert!(!expanded.contains('{'), "{}: {expanded}", platform.name);
                }
            }
        }
    }
}
