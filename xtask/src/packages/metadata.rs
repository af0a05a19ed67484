//! Compares what packages say of themselves, each in the form of its registry, with `bindings/packages.toml`.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::{Table, Value as Toml};

use super::{FILE, Form, Metadata, Packages};
use crate::command::Outcome;

/// What a file says. None: its form does not say it, or it is made when the package is built.
#[derive(Default)]
struct Said {
    name: Option<String>,
    version: Option<String>,
    licence: Option<String>,
    author: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    needs: Option<String>,
    /// Dependencies that it has on its own packages for platforms: names, versions.
    platforms: Option<BTreeSet<(String, String)>>,
}

/// Returns what is wrong with the metadata of all packages, and with the version of the workspace. `read` gives the
/// text of a file by its path from the root.
pub(crate) fn check(packages: &Packages, read: impl Fn(&str) -> Outcome<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = |file: &str, checked: Outcome<Vec<String>>| match checked {
        Ok(found) => problems.extend(found.iter().map(|problem| format!("{file}: {problem}"))),
        Err(error) => problems.push(format!("{file}: {error}")),
    };
    let workspace = read("Cargo.toml").and_then(|text| check_workspace(packages, &text));
    report("Cargo.toml", workspace);
    for metadata in packages.packages.iter().flat_map(|package| &package.metadata) {
        let checked = read(&metadata.file)
            .and_then(|text| said(metadata.form, &text))
            .map(|said| check_one(packages, metadata, said));
        report(&metadata.file, checked);
    }
    problems
}

/// Returns the archives of other versions that a document names.
pub(crate) fn check_document(packages: &Packages, path: &str, text: &str) -> Vec<String> {
    let version = &packages.project.version;
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for after in ["commensal-", "Commensal."].iter().flat_map(|name| line.split(name).skip(1)) {
            let end = after.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(after.len());
            let named = after[..end].trim_end_matches('.');
            if named.contains('.') && named != version {
                problems.push(format!("{path}:{number}: it names version {named}, not {version}"));
            }
        }
    }
    problems
}

fn check_workspace(packages: &Packages, text: &str) -> Outcome<Vec<String>> {
    let manifest: Table = text.parse()?;
    let workspace = manifest["workspace"].as_table().ok_or("there is no workspace")?;
    let package = &workspace["package"];
    let project = &packages.project;
    let mut problems = Vec::new();
    compare(&mut problems, "version", &project.version, &string(package, "version"));
    compare(&mut problems, "license", &project.licence, &string(package, "license"));
    let author = package.get("authors").and_then(|authors| authors.get(0)).and_then(Toml::as_str);
    compare(&mut problems, "author", &project.author, &author.map(Into::into));
    if let Some(dependencies) = workspace["dependencies"].as_table() {
        for (name, dependency) in dependencies {
            if dependency.get("path").is_some() {
                let version = string(dependency, "version");
                compare(&mut problems, &format!("version of {name}"), &project.version, &version);
            }
        }
    }
    Ok(problems)
}

fn check_one(packages: &Packages, metadata: &Metadata, said: Said) -> Vec<String> {
    let project = &packages.project;
    let mut problems = Vec::new();
    let description = metadata.description.as_ref().unwrap_or(&project.description);
    for (what, wanted, found) in [
        ("name", &metadata.name, &said.name),
        ("version", &project.version, &said.version),
        ("licence", &project.licence, &said.licence),
        ("author", &project.author, &said.author),
        ("description", description, &said.description),
        ("needs", &metadata.needs, &said.needs),
    ] {
        if found.is_some() {
            compare(&mut problems, what, wanted, found);
        }
    }
    if said.homepage != project.homepage && !matches!(metadata.form, Form::Gomod) {
        let (wanted, found) = (&project.homepage, &said.homepage);
        problems.push(format!("its homepage is {found:?}, in {FILE} it is {wanted:?}"));
    }
    if let Some(found) = said.platforms {
        let package = |platform| packages.expand(&format!("{}-{{npm}}", metadata.name), platform);
        let wanted = packages.platforms.iter().map(|p| (package(p), project.version.clone()));
        let wanted: BTreeSet<_> = wanted.collect();
        for (name, version) in wanted.symmetric_difference(&found) {
            problems.push(format!("{FILE} and it differ in the dependency {name} {version}"));
        }
    }
    problems
}

fn compare(problems: &mut Vec<String>, what: &str, wanted: &str, found: &Option<String>) {
    match found {
        Some(found) if found == wanted => {}
        Some(found) => {
            problems.push(format!("its {what} is {found:?}, in {FILE} it is {wanted:?}"))
        }
        None => problems.push(format!("it has no {what}, in {FILE} it is {wanted:?}")),
    }
}

/// Reads what a file says. A form that has a field gives at least an empty text for it.
fn said(form: Form, text: &str) -> Outcome<Said> {
    match form {
        Form::Pyproject => pyproject(text),
        Form::Npm => npm(text),
        Form::Gomod => Ok(gomod(text)),
        Form::Pom => Ok(pom(text)),
        Form::Csproj => Ok(csproj(text)),
    }
}

fn string(table: &Toml, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(Into::into)
}

fn pyproject(text: &str) -> Outcome<Said> {
    let manifest: Table = text.parse()?;
    let project = manifest.get("project").ok_or("there is no [project]")?;
    let value = |key| Some(string(project, key).unwrap_or_default());
    let dynamic = project.get("dynamic").and_then(Toml::as_array);
    let made = dynamic.is_some_and(|d| d.iter().any(|field| field.as_str() == Some("version")));
    let author = project.get("authors").and_then(|a| a.get(0)).and_then(|a| string(a, "name"));
    Ok(Said {
        name: value("name"),
        // setup.py takes the workspace's.
        version: if made { None } else { value("version") },
        licence: value("license"),
        author: Some(author.unwrap_or_default()),
        description: value("description"),
        homepage: project.get("urls").and_then(|urls| string(urls, "Homepage")),
        needs: value("requires-python"),
        platforms: None,
    })
}

fn npm(text: &str) -> Outcome<Said> {
    let manifest: Json = serde_json::from_str(text)?;
    let value = |path| Some(manifest.pointer(path).and_then(Json::as_str).unwrap_or("").to_owned());
    let platforms = manifest["optionalDependencies"].as_object();
    let platform = |(name, version): (&String, &Json)| {
        (name.clone(), version.as_str().unwrap_or_default().to_owned())
    };
    Ok(Said {
        name: value("/name"),
        version: value("/version"),
        licence: value("/license"),
        author: value("/author"),
        description: value("/description"),
        homepage: manifest["homepage"].as_str().map(Into::into),
        needs: value("/engines/node"),
        platforms: Some(platforms.map(|p| p.iter().map(platform).collect()).unwrap_or_default()),
    })
}

fn gomod(text: &str) -> Said {
    let value = |key| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        Some(line.unwrap_or_default().to_owned())
    };
    Said { name: value("module"), needs: value("go"), ..Said::default() }
}

fn pom(text: &str) -> Said {
    // What comes after this is about others.
    let own = text.split("<dependencies>").next().unwrap_or_default();
    let value = |tag| Some(element(own, tag).unwrap_or_default().to_owned());
    let licences = own.split("<license>").skip(1).filter_map(|licence| element(licence, "name"));
    Said {
        name: value("artifactId"),
        version: value("version"),
        licence: Some(licences.collect::<Vec<_>>().join(" OR ")),
        author: element(own, "developer")
            .map(|d| element(d, "name").unwrap_or_default().to_owned()),
        description: value("description"),
        homepage: element(own, "url").map(Into::into),
        needs: value("maven.compiler.release"),
        platforms: None,
    }
}

fn csproj(text: &str) -> Said {
    let value = |tag| Some(element(text, tag).unwrap_or_default().to_owned());
    Said {
        name: value("AssemblyName"),
        version: value("Version"),
        licence: value("PackageLicenseExpression"),
        author: value("Authors"),
        description: value("Description"),
        homepage: element(text, "PackageProjectUrl").map(Into::into),
        needs: value("TargetFramework"),
        platforms: None,
    }
}

/// The text within the first element of this name. Our files have neither comments nor attributes that look like it.
fn element<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("<{tag}>"))?;
    let (within, _) = after.split_once(&format!("</{tag}>"))?;
    Some(within.trim())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::command::root;

    fn stored(path: &str) -> Outcome<String> {
        Ok(fs::read_to_string(root().join(path))?)
    }

    #[test]
    fn the_metadata_of_this_repository_agrees() {
        let packages = Packages::read().unwrap();
        assert_eq!(check(&packages, stored), [""; 0]);
    }

    #[test]
    fn archives_of_other_versions_are_found_in_documents() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(
                check_document(&Packages::read().unwrap(), "a.md", text),
                expected,
                "{text}"
            );
        };
        check("commensal-0.1.0.jar, commensal-0.1.0-linux-x86_64.jar, Commensal.0.1.0.nupkg.", &[]);
        check("commensal-core 0.2.0, commensal-2, Commensal. 1.0", &[]);
        check("x\ncommensal-0.2.0.jar", &["a.md:2: it names version 0.2.0, not 0.1.0"]);
        check("Commensal.0.1.nupkg", &["a.md:1: it names version 0.1, not 0.1.0"]);
    }

    /// A change of each thing that a file says is one problem that names the file and the thing.
    #[test]
    fn each_difference_is_found() {
        let check = |file: &str, from: &str, to: &str, problem: &str| {
            let packages = Packages::read().unwrap();
            let problems = check(&packages, |path| {
                let text = stored(path)?;
                assert!(path != file || text.contains(from), "{file} has no {from}");
                Ok(if path == file { text.replacen(from, to, 1) } else { text })
            });
            let [found] = &problems[..] else { panic!("{file}, {from}: {problems:?}") };
            assert!(found.starts_with(file) && found.contains(problem), "{found}");
        };
        let cargo = "Cargo.toml";
        check(cargo, "\nversion = \"0.1.0\"", "\nversion = \"0.1.1\"", "its version is \"0.1.1\"");
        check(cargo, "abi\", version = \"0.1.0\"", "abi\", version = \"0\"", "of commensal-abi");
        check(cargo, "MIT OR Apache-2.0", "MIT", "its license is \"MIT\"");
        let python = "bindings/python/pyproject.toml";
        check(python, "\"commensal\"", "\"communal\"", "its name");
        check(python, ">=3.10", ">=3.9", "its needs is \">=3.9\"");
        check(python, "description = ", "summary = ", "its description is \"\"");
        check(python, "dynamic = [\"version\"]", "version = \"1\"", "its version is \"1\"");
        let plugin = "bindings/python/plugins/datasette-commensal/pyproject.toml";
        check(plugin, "0.1.0", "0.1.1", "its version is \"0.1.1\"");
        let npm = "bindings/node/package.json";
        check(npm, ">=20", ">=18", "its needs is \">=18\"");
        check(npm, "\"commensal-linux-arm64\": \"0.1.0\",", "", "commensal-linux-arm64 0.1.0");
        check(
            npm,
            "\"license\"",
            "\"homepage\": \"x\", \"license\"",
            "its homepage is Some(\"x\")",
        );
        let go = "bindings/go/go.mod";
        check(go, "go 1.21", "go 1.22", "its needs is \"1.22\"");
        let java = "bindings/java/pom.xml";
        check(java, "<version>0.1.0", "<version>0.2.0", "its version is \"0.2.0\"");
        check(java, "<license><name>MIT</name></license>", "", "its licence is \"Apache-2.0\"");
        check(java, "release>11<", "release>17<", "its needs is \"17\"");
        let dotnet = "bindings/dotnet/Commensal.csproj";
        check(dotnet, "<Version>0.1.0", "<Version>0.2.0", "its version is \"0.2.0\"");
        check(dotnet, "netstandard2.0", "net8.0", "its needs is \"net8.0\"");
        check(dotnet, "MIT OR", "GPL OR", "its licence is \"GPL OR Apache-2.0\"");
    }
}
