//! Circles of imports: files of one crate that need each other, directly or through other files.
//!
//! A file in a circle cannot be read, moved or tested without the whole circle. An arrow leads from a file to
//! the file whose name it uses, even if a third file re-exports that name (`pub use`). A re-export is no
//! arrow unless the file also uses the name. Neither is `mod`: a folder's `mod.rs` may depend on its files, or
//! they on it, but not both.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{self, Source};

/// Arrows that may close a circle: from, to, and why no move can avoid it.
const HONEST: &[(&str, &str, &str)] = &[
    (
        "crates/runtime-wasmtime/src/ticker.rs",
        "crates/runtime-wasmtime/src/engine.rs",
        "the ticker advances the engines' epochs without a lock, so they are statics; they hold linkers, \
         and these the state of stores, which asks the ticker for the time",
    ),
    (
        "crates/sdk/src/memory.rs",
        "crates/sdk/src/export.rs",
        "the only place where addresses become references takes the host's calls",
    ),
    (
        "crates/sdk/src/memory.rs",
        "crates/sdk/src/fault.rs",
        "the host's first call is that for memory",
    ),
];

/// The path of a module from the crate's root.
type Module = Vec<String>;

/// Arrows between files, with the names that cause them.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// Returns what is wrong. The sources come with their paths from the root.
pub(super) fn check(files: &[(String, String)]) -> Vec<String> {
    check_but(files, HONEST)
}

fn check_but(files: &[(String, String)], honest: &[(&str, &str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut arrows: Arrows =
        crates(files).into_iter().flat_map(|(source, files)| arrows(source, &files)).collect();
    for (from, to, _) in honest {
        let arrow = ((*from).to_owned(), (*to).to_owned());
        let names = arrows.remove(&arrow);
        let closes = names.is_some() && reached(&arrows, to).contains(*from);
        if !closes {
            problems.push(format!(
                "xtask/src/tidy/circles.rs: {from} → {to} closes no circle any longer"
            ));
        }
    }
    problems.extend(circles(&arrows).iter().map(|circle| shown(&arrows, circle)));
    problems
}

/// The sources of each crate, by the folder they are in. Programs beside a library are left out.
fn crates(files: &[(String, String)]) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let mut crates = BTreeMap::<_, Vec<_>>::new();
    for (path, text) in files {
        let Some((_, file)) = path.split_once("/src/") else { continue };
        if file.ends_with(".rs") && !file.starts_with("bin/") && !path.contains("/tests/") {
            let source = &path[..path.len() - file.len()];
            crates.entry(source).or_default().push((file, text.as_str()));
        }
    }
    for files in crates.values_mut() {
        if files.iter().any(|(file, _)| *file == "lib.rs") {
            files.retain(|(file, _)| *file != "main.rs");
        }
    }
    crates
}

/// The files of one crate, by their modules.
struct Crate {
    files: BTreeMap<Module, Source>,
}

impl Crate {
    /// The module that a path in a file names; `None` if it is outside of the crate.
    fn absolute(&self, here: &[String], path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        if first == "crate" {
            return Some(rest.to_vec());
        }
        if first == "self" || first == "super" {
            let supers = path.iter().take_while(|name| *name == "super").count();
            let base = here.get(..here.len().checked_sub(supers)?)?;
            let rest = path.iter().skip_while(|name| *name == "super" || *name == "self");
            return Some(base.iter().chain(rest).cloned().collect());
        }
        let child: Module = here.iter().chain([first]).cloned().collect();
        if self.files.contains_key(&child) {
            return Some(child.into_iter().chain(rest.iter().cloned()).collect());
        }
        let imports = &self.files.get(here)?.imports;
        let import = imports.iter().find(|import| import.name.as_ref() == Some(first))?;
        if import.path.first() == Some(first) {
            return None;
        }
        let start = self.absolute(here, &import.path)?;
        Some(start.into_iter().chain(rest.iter().cloned()).collect())
    }

    /// The file that defines what this path names, and its name there.
    fn file_of(&self, path: &[String], steps: usize) -> Option<(&Module, String)> {
        let is_file = |len: &usize| self.files.contains_key(&path[..*len]);
        let len = (0..=path.len()).rev().find(is_file)?;
        let (module, rest) = path.split_at(len);
        let (here, source) = self.files.get_key_value(module)?;
        let Some((name, rest)) = rest.split_first() else { return Some((here, "*".to_owned())) };
        let handed_on = source.imports.iter().find(|import| import.name.as_ref() == Some(name));
        if let Some(import) = handed_on.filter(|_| steps < 9) {
            let start = self.absolute(here, &import.path)?;
            let path: Module = start.into_iter().chain(rest.iter().cloned()).collect();
            return self.file_of(&path, steps + 1);
        }
        Some((here, name.clone()))
    }
}

fn arrows(source: &str, files: &[(&str, &str)]) -> Arrows {
    let names: BTreeMap<Module, &str> =
        files.iter().map(|(file, _)| (module(file), *file)).collect();
    let read = |(file, text): &(&str, &str)| (module(file), imports::read(text));
    let all = Crate { files: files.iter().map(read).collect() };
    let mut arrows = Arrows::new();
    for (here, file) in &all.files {
        // If a module is imported by its name, the paths in the code show what is used.
        let imports = file.imports.iter().filter_map(|import| {
            let path = all.absolute(here, &import.path)?;
            let is_module = import.name.is_some() && all.files.contains_key(&path);
            let is_used = import.name.as_ref().is_none_or(|name| file.names.contains(name));
            (!is_module && (!import.public || is_used)).then_some(path)
        });
        let paths = file.paths.iter().filter_map(|path| all.absolute(here, path));
        for path in imports.chain(paths) {
            if let Some((to, name)) = all.file_of(&path, 0)
                && to != here
            {
                let arrow = [here, to].map(|module| format!("{source}{}", names[module]));
                arrows.entry(arrow.into()).or_default().insert(name);
            }
        }
    }
    arrows
}

/// The module of a file.
fn module(file: &str) -> Module {
    let mut names: Module =
        file.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
    names.pop_if(|last| last == "mod");
    if names == ["lib"] || names == ["main"] {
        names.clear();
    }
    names
}

/// The sets of files that form circles.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let files: BTreeSet<&str> = arrows.keys().map(|(from, _)| from.as_str()).collect();
    let reached: BTreeMap<&str, _> =
        files.iter().map(|&file| (file, reached(arrows, file))).collect();
    let circle = |file: &&str| {
        let back = |other: &&str| reached.get(other).is_some_and(|files| files.contains(*file));
        reached[file].iter().copied().filter(back).map(ToOwned::to_owned).collect()
    };
    files.iter().map(circle).filter(|circle: &BTreeSet<String>| !circle.is_empty()).collect()
}

/// The files that a file needs. It is among them if it is in a circle.
fn reached<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(from) = next.pop() {
        for (_, to) in arrows.keys().filter(|(file, _)| file == from) {
            if reached.insert(to.as_str()) {
                next.push(to);
            }
        }
    }
    reached
}

fn shown(arrows: &Arrows, circle: &BTreeSet<String>) -> String {
    let within =
        arrows.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
    let lines = within.map(|((from, to), names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("\n    {from} → {to}: {}", names.join(", "))
    });
    format!("{} files import each other in a circle:{}", circle.len(), lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        check_honest(files, &[])
    }

    fn check_honest(files: &[(&str, &str)], honest: &[(&str, &str, &str)]) -> Vec<String> {
        let file = |&(path, text): &(&str, &str)| (format!("crates/x/src/{path}"), text.to_owned());
        check_but(&files.iter().map(file).collect::<Vec<_>>(), honest)
    }

    #[test]
    fn a_circle_is_found_however_it_is_written() {
        for (a, b) in [
            ("use crate::b::B;", "use crate::a::A;"),
            ("use super::b; fn f() { b::g() }", "fn f() { crate::a::f() }"),
            ("use crate::{b::*};", "use super::a::{self, A};"),
            ("fn f(b: crate::b::B) {}", "use crate as root; fn f() { root::a::f() }"),
            ("use crate::C;", "use crate::a::A;"),
        ] {
            let problems =
                check(&[("lib.rs", "pub use b::C; mod a; mod b;"), ("a.rs", a), ("b.rs", b)]);
            assert_eq!(problems.len(), 1, "{a} {b}");
            assert!(problems[0].starts_with("2 files"), "{problems:?}");
            assert!(
                problems[0].contains("crates/x/src/a.rs → crates/x/src/b.rs: "),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn a_circle_goes_through_other_files_and_folders() {
        let problems = check(&[
            ("a/mod.rs", "mod b; use self::b::B;"),
            ("a/b.rs", "use crate::c; fn f() { c::f() }"),
            ("c.rs", "use crate::a::A;"),
            ("d.rs", "fn f() { crate::c::f() }"),
        ]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("3 files"), "{problems:?}");
        assert!(!problems[0].contains("src/d.rs"), "{problems:?}");
    }

    #[test]
    fn handing_on_is_no_import() {
        let face = "mod b; pub(crate) use b::{B, b};";
        assert_eq!(check(&[("a.rs", face), ("a/b.rs", "use super::A;")]), [""; 0]);
        let uses = "mod b; pub use b::B; fn f(b: B) {}";
        assert_eq!(check(&[("a.rs", uses), ("a/b.rs", "use super::A;")]).len(), 1);
        // What the folder re-exports belongs to the file that defines it.
        let files = [("a.rs", face), ("a/b.rs", ""), ("a/c.rs", "use super::B; fn f(b: B) {}")];
        assert_eq!(check(&files), [""; 0]);
    }

    #[test]
    fn a_library_and_tests_are_apart() {
        let files = [
            ("main.rs", "use x::a;"),
            ("lib.rs", "mod a; fn f() { a::f() }"),
            ("a.rs", "#[cfg(test)] mod tests { use crate::f; }"),
            ("bin/b.rs", "mod c;"),
        ];
        assert_eq!(check(&files), [""; 0]);
    }

    #[test]
    fn an_honest_arrow_has_to_close_a_circle() {
        let files = [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")];
        let honest = ("crates/x/src/a.rs", "crates/x/src/b.rs", "why");
        assert_eq!(check_honest(&files, &[honest]), [""; 0]);
        let problems = check_honest(&files[..1], &[honest]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("closes no circle any longer"), "{problems:?}");
    }
}
