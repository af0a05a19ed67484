//! Which crate may depend on which: the directions of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command as Process;

use serde_json::Value as Json;

use crate::command::{Outcome, root};

/// The crates of the workspace that a crate may use, in tests too, and those that must not come along,
/// directly or through others, in what it ships.
struct Rule {
    name: &'static str,
    may_use: &'static [&'static str],
    free_of: &'static [&'static [&'static str]],
}

/// Names, or beginnings of names, of crates that run WebAssembly.
const EXECUTORS: &[&str] = &["wasmtime", "wasmi", "cranelift", "wasmer"];

/// Names, or beginnings of names, of crates that are database engines.
const ENGINES: &[&str] = &["libsqlite3-sys", "rusqlite", "sqlite3", "turso", "limbo", "libsql"];

const RULES: &[Rule] = &[
    Rule { name: "commensal-abi", may_use: &[], free_of: &[EXECUTORS, ENGINES] },
    Rule { name: "commensal-core", may_use: &["commensal-abi"], free_of: &[EXECUTORS, ENGINES] },
    Rule { name: "commensal-runtime-wasmtime", may_use: &["commensal-core"], free_of: &[ENGINES] },
    Rule { name: "commensal-runtime-wasmi", may_use: &["commensal-core"], free_of: &[ENGINES] },
    // It links no SQLite either: the facade or the host program brings one.
    Rule {
        name: "commensal-adaptor-sqlite",
        may_use: &["commensal-core"],
        free_of: &[EXECUTORS, ENGINES],
    },
    Rule { name: "commensal-adaptor-turso", may_use: &["commensal-core"], free_of: &[EXECUTORS] },
    Rule {
        name: "commensal",
        may_use: &[
            "commensal-core",
            "commensal-adaptor-sqlite",
            "commensal-adaptor-turso",
            "commensal-runtime-wasmi",
            "commensal-runtime-wasmtime",
        ],
        free_of: &[],
    },
    // It runs on the SQLite of the program that loads it. Its tests use the facade.
    Rule {
        name: "commensal-extension",
        may_use: &[
            "commensal",
            "commensal-adaptor-sqlite",
            "commensal-conformance",
            "commensal-core",
            "commensal-runtime-wasmi",
            "commensal-runtime-wasmtime",
        ],
        free_of: &[ENGINES],
    },
    Rule { name: "commensal-conformance", may_use: &["commensal"], free_of: &[] },
    Rule {
        name: "commensal-shell",
        may_use: &["commensal", "commensal-conformance", "commensal-shim"],
        free_of: &[],
    },
    Rule { name: "commensal-shim", may_use: &["commensal"], free_of: &[] },
    Rule {
        name: "commensal-fuzzing",
        may_use: &["commensal", "commensal-runtime-wasmi", "commensal-runtime-wasmtime"],
        free_of: &[],
    },
    Rule { name: "commensal-sdk-macros", may_use: &[], free_of: &[EXECUTORS, ENGINES] },
    Rule {
        name: "commensal-sdk",
        may_use: &["commensal-abi", "commensal-sdk-macros"],
        free_of: &[EXECUTORS, ENGINES],
    },
    // It compiles the sources of guests natively, too.
    Rule {
        name: "commensal-bench",
        may_use: &["commensal", "commensal-sdk", "commensal-shim"],
        free_of: &[],
    },
    Rule { name: "xtask", may_use: &[], free_of: &[EXECUTORS, ENGINES] },
];

/// Which crates may name an executor or an engine in their manifest, by the beginning of their names.
const MAY_NAME: &[(&str, &[&str], &[&str])] = &[
    ("a WebAssembly executor", EXECUTORS, &["commensal-runtime-", "commensal-bench"]),
    // The shim's tests also load the same extension natively.
    ("a database engine", ENGINES, &["commensal-adaptor-", "commensal-bench", "commensal-shim"]),
];

/// The facade joins an engine's library with its adaptor.
const FACADE: &str = "commensal";

/// The workspace, as `cargo metadata` describes it.
#[derive(Default)]
pub(super) struct Workspace {
    /// Its crates.
    pub(super) packages: Vec<Package>,
    /// Their folders, relative to the root.
    pub(super) folders: Vec<String>,
}

/// A crate of the workspace.
pub(super) struct Package {
    name: String,
    /// The crates that its manifest names, including optional, build and development dependencies.
    names: BTreeSet<String>,
    /// The crates that it is linked with, directly or through others, with all features and without
    /// development dependencies.
    reaches: BTreeSet<String>,
}

impl Workspace {
    /// Asks Cargo for it.
    pub(super) fn read() -> Outcome<Self> {
        let output = Process::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
            .current_dir(root())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Self::parse(&serde_json::from_slice(&output.stdout)?)
            .ok_or_else(|| "cargo metadata has another form than expected".into())
    }

    fn parse(metadata: &Json) -> Option<Self> {
        let mut names = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            names.insert(package["id"].as_str()?, package["name"].as_str()?);
        }
        let mut edges = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array()? {
            let linked = node["deps"].as_array()?.iter().filter(|dep| is_linked(dep));
            let linked: Vec<&str> = linked.filter_map(|dep| dep["pkg"].as_str()).collect();
            edges.insert(node["id"].as_str()?, linked);
        }
        let root = metadata["workspace_root"].as_str()?;
        let members = metadata["workspace_members"].as_array()?;
        let mut workspace = Self::default();
        for package in metadata["packages"].as_array()? {
            if !members.contains(&package["id"]) {
                continue;
            }
            let dependencies = package["dependencies"].as_array()?.iter();
            workspace.packages.push(Package {
                name: package["name"].as_str()?.to_owned(),
                names: dependencies.filter_map(|d| d["name"].as_str()).map(str::to_owned).collect(),
                reaches: reaches(package["id"].as_str()?, &edges, &names),
            });
            let manifest = package["manifest_path"].as_str()?;
            let folder = manifest.strip_prefix(root)?.strip_suffix("Cargo.toml")?;
            workspace.folders.push(folder.trim_matches(['/', '\\']).replace('\\', "/"));
        }
        Some(workspace)
    }
}

/// Whether a dependency is more than a development dependency.
fn is_linked(dep: &Json) -> bool {
    let kinds = dep["dep_kinds"].as_array();
    kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"] != "dev"))
}

/// The names of all packages that `id` reaches.
fn reaches(
    id: &str,
    edges: &BTreeMap<&str, Vec<&str>>,
    names: &BTreeMap<&str, &str>,
) -> BTreeSet<String> {
    let (mut seen, mut rest) = (BTreeSet::new(), vec![id]);
    while let Some(id) = rest.pop() {
        for &next in edges.get(id).into_iter().flatten() {
            if seen.insert(next) {
                rest.push(next);
            }
        }
    }
    seen.iter().filter_map(|id| names.get(id)).map(|&name| name.to_owned()).collect()
}

/// Returns what is wrong with the dependencies of the workspace.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let ours: BTreeSet<&str> = workspace.packages.iter().map(|p| p.name.as_str()).collect();
    workspace.packages.iter().flat_map(|package| check_package(package, &ours)).collect()
}

fn check_package(package: &Package, ours: &BTreeSet<&str>) -> Vec<String> {
    let name = &package.name;
    let Some(rule) = RULES.iter().find(|rule| rule.name == *name) else {
        return vec![format!(
            "{name} has no rule in xtask/src/tidy/dependencies.rs: what may it use?"
        )];
    };
    let mut problems = Vec::new();
    for used in &package.names {
        let used = used.as_str();
        if ours.contains(used) && !rule.may_use.contains(&used) {
            problems
                .push(format!("{name} must not use {used}: see the directions in ARCHITECTURE.md"));
        }
        for (what, list, users) in MAY_NAME {
            let may = users.iter().any(|user| name.starts_with(user))
                || (name == FACADE && *list == ENGINES);
            if is_in(used, list) && !may {
                problems.push(format!("{name} must not name {what}, {used}, in its manifest"));
            }
        }
    }
    for list in rule.free_of {
        for reached in package.reaches.iter().filter(|reached| is_in(reached, list)) {
            problems.push(format!(
                "{name} must not bring {reached} along; cargo tree -i says how it does"
            ));
        }
    }
    problems
}

fn is_in(name: &str, list: &[&str]) -> bool {
    list.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, names: &[&str], reaches: &[&str]) -> Package {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Package { name: name.to_owned(), names: set(names), reaches: set(reaches) }
    }

    /// The problems of one package, in a workspace with all crates that have a rule.
    fn problems(name: &str, names: &[&str], reaches: &[&str]) -> Vec<String> {
        let ours = RULES.iter().map(|rule| rule.name).collect();
        check_package(&package(name, names, reaches), &ours)
    }

    #[test]
    fn what_is_allowed_passes() {
        for (name, names, reaches) in [
            ("commensal-core", &["commensal-abi", "wasmparser"][..], &["commensal-abi"][..]),
            ("commensal-runtime-wasmtime", &["commensal-core", "wasmtime"], &["wasmtime"]),
            ("commensal-runtime-wasmi", &["commensal-core", "wasmi"], &["wasmi", "wasmi_core"]),
            (
                "commensal-adaptor-sqlite",
                &["commensal-core", "libsqlite3-sys"],
                &["commensal-core"],
            ),
            ("commensal", &["commensal-core", "rusqlite"], &["wasmtime", "rusqlite"]),
            ("commensal-shell", &["commensal", "clap"], &["wasmtime", "libsqlite3-sys"]),
        ] {
            assert_eq!(problems(name, names, reaches), [""; 0]);
        }
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let core = "commensal-core";
        for (name, names, reaches, expected) in [
            ("commensal-abi", &[core][..], &[][..], "commensal-abi must not use commensal-core"),
            (core, &["commensal-runtime-wasmtime"], &[], "must not use commensal-runtime-wasmtime"),
            (core, &["wasmtime"], &[], "must not name a WebAssembly executor, wasmtime"),
            (core, &["rusqlite"], &[], "must not name a database engine, rusqlite"),
            (core, &[], &["wasmi_core"], "must not bring wasmi_core along"),
            ("commensal-adaptor-sqlite", &[], &["libsqlite3-sys"], "must not bring libsqlite3-sys"),
            (
                "commensal-adaptor-sqlite",
                &["wasmtime"],
                &[],
                "must not name a WebAssembly executor",
            ),
            ("commensal-runtime-wasmtime", &["turso_core"], &[], "must not name a database engine"),
            ("commensal-shell", &[core], &[], "commensal-shell must not use commensal-core"),
            ("commensal-shell", &["wasmtime"], &[], "must not name a WebAssembly executor"),
            ("commensal", &["wasmtime"], &[], "must not name a WebAssembly executor"),
            ("commensal-sdk", &[core], &[], "must not use commensal-core"),
            ("commensal-new", &[], &[], "commensal-new has no rule"),
        ] {
            let problems = problems(name, names, reaches);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn development_dependencies_do_not_come_along() {
        let node = |id: &str, deps: &[(&str, Json)]| {
            let dep = |(id, kind): &(&str, Json)| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
            json!({"id": id, "deps": deps.iter().map(dep).collect::<Vec<_>>()})
        };
        let package = |id: &str| {
            json!({"id": id, "name": format!("{id}-name"), "manifest_path": format!("/r/c/{id}/Cargo.toml"),
                   "dependencies": [{"name": "optional"}, {"name": "tested", "kind": "dev"}]})
        };
        let metadata = json!({
            "workspace_root": "/r",
            "workspace_members": ["a"],
            "packages": [package("a"), package("b"), package("c"), package("d"), package("e")],
            "resolve": {"nodes": [
                node("a", &[("b", Json::Null), ("d", json!("dev"))]),
                node("b", &[("c", json!("build"))]),
                node("c", &[("b", Json::Null)]),
                node("d", &[("e", Json::Null)]),
            ]},
        });
        let workspace = Workspace::parse(&metadata).unwrap();
        assert_eq!(workspace.folders, ["c/a"]);
        let [package] = &workspace.packages[..] else { panic!("one member") };
        assert!(package.reaches.iter().eq(["b-name", "c-name"]), "{:?}", package.reaches);
        assert!(package.names.iter().eq(["optional", "tested"]), "{:?}", package.names);
    }
}
