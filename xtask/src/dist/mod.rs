//! `cargo xtask dist`: builds the archives of all packages for the platform that this runs on.
//!
//! `bindings/packages.toml` says which there are, and what is in them. How a package is made is in its own script.

mod archive;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use sha2::{Digest, Sha256};

use crate::command::{Command, Outcome, root};
use crate::packages::{self, Archive, Package, Packages, Platform, metadata};

pub(crate) const COMMAND: Command = Command {
    name: "dist",
    help: "[--profile NAME] [--library FILE --shell FILE] [--only PACKAGE,…] FOLDER\
           \n    Builds the archives of all packages for this platform, and SHA256SUMS, into the folder. The\
           \n    library and the shell are built with the profile quick, or another one, unless they are given.",
    run,
};

/// What the command line asks for.
struct Options {
    profile: String,
    library: Option<PathBuf>,
    shell: Option<PathBuf>,
    only: Vec<String>,
    folder: PathBuf,
}

impl Options {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let (mut profile, mut library, mut shell, mut folder) = (None, None, None, None);
        let mut only = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--profile" => profile = Some(value()?.clone()),
                "--library" => library = Some(std::path::absolute(value()?)?),
                "--shell" => shell = Some(std::path::absolute(value()?)?),
                "--only" => only.extend(value()?.split(',').map(str::to_owned)),
                option if option.starts_with('-') => {
                    return Err(format!("unknown option {option}").into());
                }
                path if folder.is_none() => folder = Some(std::path::absolute(path)?),
                path => return Err(format!("there is a second folder, {path}").into()),
            }
        }
        if profile.is_some() && (library.is_some() || shell.is_some()) {
            return Err(
                "--profile is for what is built, and --library and --shell are built already"
                    .into(),
            );
        }
        let profile = profile.unwrap_or_else(|| "quick".to_owned());
        Ok(Self { profile, library, shell, only, folder: folder.ok_or("name a folder")? })
    }
}

fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let packages = Packages::read()?;
    let problems = metadata::check(&packages, |path| Ok(fs::read_to_string(root().join(path))?));
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    let platform = packages.here()?;
    let chosen = choose(&packages, &options.only)?;

    let folder = &options.folder;
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(format!("{} is not empty", folder.display()).into());
    }
    fs::create_dir_all(folder)?;
    let scratch = tempfile::tempdir()?;
    let built = Built::make(&options, platform, &chosen, scratch.path())?;
    for package in chosen {
        let made = scratch.path().join(&package.name);
        fs::create_dir(&made)?;
        make(&packages, package, &built, &made)
            .and_then(|()| finish(&packages, package, platform, &made, folder))
            .map_err(|error| format!("{}: {error}", package.name))?;
    }
    sums(folder)
}

/// The packages that are to be built: those with these names, or all.
fn choose<'a>(packages: &'a Packages, names: &[String]) -> Outcome<Vec<&'a Package>> {
    let all = &packages.packages;
    if let Some(unknown) =
        names.iter().find(|name| all.iter().all(|package| package.name != **name))
    {
        let known: Vec<_> = all.iter().map(|package| package.name.as_str()).collect();
        return Err(format!("there is no package {unknown}, only {}", known.join(", ")).into());
    }
    Ok(all.iter().filter(|package| names.is_empty() || names.contains(&package.name)).collect())
}

/// The library and the shell, without symbols: nobody debugs what is installed, and they are half of it.
struct Built<'a> {
    platform: &'a Platform,
    /// The folder that has both, under the platform's names.
    folder: PathBuf,
}

impl<'a> Built<'a> {
    /// Builds what these packages need, unless it is given.
    fn make(
        options: &Options,
        platform: &'a Platform,
        packages: &[&Package],
        scratch: &Path,
    ) -> Outcome<Self> {
        let folder = scratch.join("built");
        fs::create_dir(&folder)?;
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let target = root().join(target).join(match options.profile.as_str() {
            "dev" => "debug",
            profile => profile,
        });
        for (given, package, name) in [
            (&options.library, "commensal-extension", &platform.library),
            (&options.shell, "commensal-shell", &platform.shell),
        ] {
            let library = name == &platform.library;
            let file = match given {
                _ if !packages.iter().any(|package| needs(package, library)) => continue,
                Some(file) => file.clone(),
                None => {
                    cargo_build(package, &options.profile)?;
                    target.join(name)
                }
            };
            strip(&file, &folder.join(name), platform, library)?;
        }
        Ok(Self { platform, folder })
    }

    fn library(&self) -> PathBuf {
        self.folder.join(&self.platform.library)
    }
}

/// Whether a package needs the library, or else the shell.
fn needs(package: &Package, library: bool) -> bool {
    let placeholder = if library { "{library}" } else { "{shell}" };
    let mut copied = package.archives.iter().flat_map(|archive| archive.copy.values());
    library && !package.make.is_empty() || copied.any(|file| file == placeholder)
}

fn cargo_build(package: &str, profile: &str) -> Outcome {
    let mut cargo = Process::new("cargo");
    cargo.args(["build", "--locked", "--profile", profile, "--package", package]);
    done(cargo.current_dir(root()))
}

fn strip(from: &Path, to: &Path, platform: &Platform, library: bool) -> Outcome {
    if platform.system == "windows" {
        fs::copy(from, to).map_err(|e| format!("{}: {e}", from.display()))?;
        return Ok(());
    }
    let mut strip = Process::new("strip");
    match (platform.system.as_str(), library) {
        ("macos", true) => strip.arg("-x"),
        (_, true) => strip.arg("--strip-unneeded"),
        (_, false) => &mut strip,
    };
    done(strip.arg("-o").arg(to).arg(from))
}

/// Fills a folder with what the package's own script makes, and with the files that are only copied.
fn make(packages: &Packages, package: &Package, built: &Built<'_>, folder: &Path) -> Outcome {
    let only = package.archives.first().filter(|archive| archive.root.is_some());
    let into = match only {
        Some(archive) => root_of(packages, archive, built.platform, folder),
        None => folder.to_owned(),
    };
    fs::create_dir_all(&into)?;
    if let Some((program, arguments)) = package.make.split_first() {
        let program = match root().join(program) {
            script if script.is_file() => script,
            _ => program.into(),
        };
        let mut script = Process::new(program);
        done(script.args(arguments).arg(built.library()).arg(&into).current_dir(root()))?;
    }
    for (to, from) in only.iter().flat_map(|archive| &archive.copy) {
        let name = packages.expand(from, built.platform);
        // What was built, or a file of the repository.
        let from = match built.folder.join(&name) {
            file if file.is_file() => file,
            _ => root().join(&name),
        };
        let to = into.join(packages.expand(to, built.platform));
        fs::copy(&from, to).map_err(|e| format!("{}: {e}", from.display()))?;
    }
    Ok(())
}

fn root_of(packages: &Packages, archive: &Archive, platform: &Platform, folder: &Path) -> PathBuf {
    folder.join(packages.expand(archive.root.as_deref().unwrap_or_default(), platform))
}

/// Checks what was made, and moves it into the folder for all.
fn finish(
    packages: &Packages,
    package: &Package,
    platform: &Platform,
    made: &Path,
    folder: &Path,
) -> Outcome {
    for archive in &package.archives {
        if let Some(name) = &archive.root {
            let name = packages.expand(name, platform);
            let file = packages.expand(&archive.file, platform);
            // Beside the folder that goes into it, not within.
            archive::write(made, &made.with_extension("tar.gz"))?;
            fs::remove_dir_all(made.join(name))?;
            fs::rename(made.with_extension("tar.gz"), made.join(file))?;
        }
    }
    let expand = |text: &String| packages.expand(text, platform);
    let names = names(made)?;
    let files: Vec<_> = package.archives.iter().map(|archive| expand(&archive.file)).collect();
    let mut problems = packages::compare(&files, &names);
    for (archive, file) in package.archives.iter().zip(&files) {
        for name in names.iter().filter(|name| packages::matches(file, name)) {
            let found = archive::list(&made.join(name))?;
            let root = archive.root.as_ref().map(expand).unwrap_or_default();
            let copied = archive.copy.keys().map(|to| format!("{root}/{}", expand(to)));
            let wanted: Vec<_> = archive.contents.iter().map(expand).chain(copied).collect();
            let differing = packages::compare(&wanted, &found);
            problems.extend(differing.into_iter().map(|problem| format!("{name}: {problem}")));
            copy(&made.join(name), &folder.join(name))?;
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// Other file systems may be between the two, so that renaming would not do.
fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to)?;
    println!("{:>9} {}", size(fs::metadata(to)?.len()), file_name(to));
    Ok(())
}

/// Writes the hashes of all files in a folder, in the form that `sha256sum -c` reads.
fn sums(folder: &Path) -> Outcome {
    let mut text = String::new();
    for name in names(folder)? {
        let hash = Sha256::digest(fs::read(folder.join(&name))?);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{hash}  {name}\n"));
    }
    fs::write(folder.join("SHA256SUMS"), text)?;
    println!("          {}", folder.join("SHA256SUMS").display());
    Ok(())
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(file_name(&entry?.path()));
    }
    names.sort();
    Ok(names)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}

fn size(bytes: u64) -> String {
    let kilobytes = bytes.div_ceil(1000);
    if kilobytes < 1000 {
        format!("{kilobytes} kB")
    } else {
        format!("{}.{} MB", kilobytes / 1000, kilobytes % 1000 / 100)
    }
}

fn done(process: &mut Process) -> Outcome {
    let program = process.get_program().to_owned();
    let status = process.status().map_err(|e| format!("{}: {e}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{process:?}: {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<Options> {
        Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        let options = parse("--only go,java --library /l.so --shell /s /out --only node").unwrap();
        assert_eq!(options.only, ["go", "java", "node"]);
        assert_eq!(options.library, Some("/l.so".into()));
        assert_eq!((options.profile.as_str(), options.folder), ("quick", "/out".into()));
    }

    #[test]
    fn wrong_options_are_errors() {
        let check = |line, problem: &str| {
            let error = parse(line).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(problem), "{line}: {error}");
        };
        check("--profile quick", "name a folder");
        check("a b", "second folder");
        check("--what a", "unknown option --what");
        check("a --only", "--only needs a value");
        check("--profile dev --library x a", "built already");
    }

    #[test]
    fn packages_are_chosen_by_name() {
        let packages = Packages::read().unwrap();
        let chosen = choose(&packages, &["go".to_owned()]).unwrap();
        assert_eq!(chosen.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["go"]);
        assert_eq!(choose(&packages, &[]).unwrap().len(), packages.packages.len());
        let error = choose(&packages, &["cobol".to_owned()]).err().unwrap().to_string();
        assert!(error.starts_with("there is no package cobol, only python, node"), "{error}");
    }

    #[test]
    fn only_what_packages_need_is_built() {
        let check = |name: &str, library, shell| {
            let packages = Packages::read().unwrap();
            let package = choose(&packages, &[name.to_owned()]).unwrap()[0];
            assert_eq!((needs(package, true), needs(package, false)), (library, shell), "{name}");
        };
        check("shell", false, true);
        check("extension", true, false);
        check("java", true, false);
    }

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size(1), "1 kB");
        assert_eq!(size(999_000), "999 kB");
        assert_eq!(size(12_345_678), "12.3 MB");
    }
}
