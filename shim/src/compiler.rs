//! A C compiler for WebAssembly with a C library: clang with wasi-libc, or Zig.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::casts;
use crate::error::{Error, Result};
use crate::headers;
use crate::programs::Program;
use crate::write::write;

/// Options for compiling a guest. Assertions are off, because they would link all of stdio.
const COMPILE: &[&str] = &["-O2", "-DNDEBUG"];

/// Warnings about what works natively and not in WebAssembly, besides those that are on anyway. Options of the user
/// come later and can switch them off.
const WARN: &[&str] = &["-Wcast-function-type"];

const LINK: &[&str] = &[
    "-O2",
    "-mexec-model=reactor",
    "-Wl,--no-entry",
    "-Wl,--gc-sections",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=262144",
];

/// Places the stack first, so that an overflow traps and does not reach data. Zig does so by itself and
/// does not know the option.
const STACK_FIRST: &str = "-Wl,--stack-first";

/// What to install if no compiler was found.
const INSTALL: &str = "\
install clang with the linker and C library for WebAssembly (Debian, Ubuntu: apt-get install clang lld \
wasi-libc and libclang-rt-14-dev-wasm32 or newer), or Zig (https://ziglang.org, pip install ziglang), or \
set WASI_SDK_PATH to a WASI SDK (https://github.com/WebAssembly/wasi-sdk); --compiler names another";

/// A compiler that works, and the headers of the shim.
pub(crate) struct Compiler {
    program: Program,
    is_zig: bool,
    /// A folder of our own with the shim's headers and everything that is built. The compiler works there, so
    /// that it finds nothing else; only the extension's sources are compiled where they are.
    folder: PathBuf,
}

impl Compiler {
    /// Finds the compiler that the user named, or else the first one that can build a module.
    ///
    /// # Errors
    /// No compiler works. The error says why each does not, and what to install.
    pub(crate) fn find(named: Option<&str>, folder: &Path) -> Result<Self> {
        headers::write_headers(folder)?;
        let trial = write(folder, "trial.c", "#include <stdlib.h>\n#include <string.h>\n")?;
        let mut reasons = Vec::new();
        for words in candidates(named) {
            match Self::new(&words, folder).and_then(|it| it.try_out(&trial).map(|()| it)) {
                Ok(compiler) => return Ok(compiler),
                Err(reason) => reasons.push(format!("{}: {reason}", words.join(" "))),
            }
        }
        Err(Error::new(format!(
            "no C compiler for WebAssembly was found: {INSTALL}. Tried: {}",
            reasons.join("; ")
        )))
    }

    fn new(words: &[String], folder: &Path) -> Result<Self, String> {
        Ok(Self {
            program: Program::find(words, folder)?,
            is_zig: words.iter().any(|word| word.contains("zig")),
            folder: folder.to_owned(),
        })
    }

    fn try_out(&self, trial: &Path) -> Result<(), String> {
        let mut command = self.start_linking();
        command.args(COMPILE).arg(trial).arg("-o").arg(self.folder.join("trial.wasm"));
        let output = command.output().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "is not there".to_owned(),
            _ => error.to_string(),
        })?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(stderr.lines().next().unwrap_or("failed").trim().to_owned())
    }

    /// Starts the compiler in a folder.
    fn start(&self, folder: &Path) -> Command {
        let mut command = self.program.command(folder);
        if self.is_zig {
            // Zig may use a cache in its working folder, unless this names another one.
            command.env("ZIG_LOCAL_CACHE_DIR", self.folder.join("zig-cache"));
        }
        command.arg(self.target());
        command
    }

    /// The option that names the target.
    fn target(&self) -> &'static str {
        if self.is_zig { "--target=wasm32-wasi-musl" } else { "--target=wasm32-wasi" }
    }

    fn start_linking(&self) -> Command {
        let mut command = self.start(&self.folder);
        command.args(LINK);
        if !self.is_zig {
            command.arg(STACK_FIRST);
        }
        command
    }

    fn include(&self) -> PathBuf {
        self.folder.join("include")
    }

    /// Compiles a file of the extension, in the folder where relative paths start. The compiler itself
    /// prints what is wrong.
    pub(crate) fn compile(
        &self,
        directory: &Path,
        source: &Path,
        object: &Path,
        options: &[String],
    ) -> Result {
        let mut command = self.start(directory);
        command.args(COMPILE).args(WARN);
        self.add_headers(&mut command);
        command.args(options).arg("-c").arg(argument(source)).arg("-o").arg(object);
        let status = command.status().map_err(|error| Error::file(source, error))?;
        match status.success() {
            true => Ok(()),
            false => Err(Error::file(source, "cannot be compiled")),
        }
    }

    /// The places where a file of the extension casts an integer of 64 bits to a pointer: file and line.
    pub(crate) fn wide_casts(
        &self,
        directory: &Path,
        source: &Path,
        options: &[String],
    ) -> Result<Vec<String>> {
        let text = std::fs::read(directory.join(source)).map_err(|e| Error::file(source, e))?;
        let text = String::from_utf8_lossy(&text);
        let Some(copy) = casts::asserted(source, &text) else { return Ok(Vec::new()) };
        let copy = write(&self.folder, "casts.c", copy)?;
        let mut command = self.start(directory);
        command.args(COMPILE).args(["-w", "-fsyntax-only", "-ferror-limit=0", "-iquote"]);
        command.arg(directory.join(source).parent().unwrap_or(directory));
        self.add_headers(&mut command);
        command.args(options).arg(copy);
        let output = command.output().map_err(|error| Error::file(source, error))?;
        Ok(casts::places(&String::from_utf8_lossy(&output.stderr)))
    }

    /// Puts the shim's headers before those of the extension.
    fn add_headers(&self, command: &mut Command) {
        command.arg("-I").arg(self.include());
        // The whole path, because compilers also look for the header, or its compiled form, where they work.
        command.arg("-include").arg(self.include().join("sqlite3ext.h"));
    }

    /// Compiles files of the shim. Returns the objects.
    pub(crate) fn compile_shim(&self, sources: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>> {
        let mut objects = Vec::new();
        for source in sources {
            let object = source.with_extension("o");
            let mut command = self.start(&self.folder);
            command.args(COMPILE).arg("-DCOMMENSAL_SHIM");
            command.arg("-I").arg(self.include()).arg("-I").arg(folder.join("c"));
            command.arg("-c").arg(source).arg("-o").arg(&object);
            let output = command.output().map_err(|error| Error::file(source, error))?;
            if !output.status.success() {
                let reason = String::from_utf8_lossy(&output.stderr);
                return Err(Error::new(format!("the shim cannot be compiled: {reason}")));
            }
            objects.push(object);
        }
        Ok(objects)
    }

    /// Links objects into a module.
    ///
    /// # Errors
    /// Linking fails. If the extension needs functions that guests do not have, the error names them.
    pub(crate) fn link(&self, objects: &[PathBuf], output: &Path) -> Result {
        let mut command = self.start_linking();
        command.args(objects).arg("-o").arg(output);
        let done = command.output().map_err(|error| Error::file(output, error))?;
        if done.status.success() {
            return Ok(());
        }
        let reason = String::from_utf8_lossy(&done.stderr);
        let missing = undefined(&reason);
        Err(Error::new(match missing.is_empty() {
            true => format!("the module cannot be linked: {reason}"),
            false => format!(
                "the extension calls functions that guests do not have: {}",
                missing.join(", ")
            ),
        }))
    }
}

/// The functions that a linker reports as missing, without repetitions.
fn undefined(reason: &str) -> Vec<String> {
    let mut missing: Vec<String> = reason
        .lines()
        .filter_map(|line| line.split_once("undefined symbol: "))
        .map(|(_, symbol)| symbol.trim().to_owned())
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// A path that the compiler takes neither for an option nor for a file of arguments.
fn argument(path: &Path) -> PathBuf {
    match path.as_os_str().as_encoded_bytes().first() {
        Some(b'-' | b'@') => Path::new(".").join(path),
        _ => path.to_owned(),
    }
}

/// The commands to try: the one that the user named, or else the usual ones.
fn candidates(named: Option<&str>) -> Vec<Vec<String>> {
    let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if let Some(named) = named.filter(|named| !named.trim().is_empty()) {
        return vec![words(named)];
    }
    let mut commands = Vec::new();
    if let Some(sdk) = env::var_os("WASI_SDK_PATH").filter(|sdk| Path::new(sdk).is_absolute()) {
        let clang = Path::new(&sdk).join("bin/clang").to_string_lossy().into_owned();
        commands.push(vec![clang]);
    }
    commands.extend(["clang", "zig cc", "python3 -m ziglang cc"].map(words));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_functions_are_named_once() {
        let reason = "wasm-ld: error: a.o: undefined symbol: sqlite3_vfs_find\n\
                      wasm-ld: error: a.o: undefined symbol: sqlite3_blob_open\n\
                      wasm-ld: error: b.o: undefined symbol: sqlite3_vfs_find\n";
        assert_eq!(undefined(reason), ["sqlite3_blob_open", "sqlite3_vfs_find"]);
        assert_eq!(undefined("clang: error: no such file"), [""; 0]);
    }

    #[test]
    fn a_named_compiler_is_the_only_one() {
        let words = ["python3", "-m", "ziglang", "cc"].map(str::to_owned);
        assert_eq!(candidates(Some(" python3 -m  ziglang cc")), [words]);
        assert!(candidates(None).len() > 2);
    }

    #[test]
    fn names_of_files_are_no_options() {
        for (path, expected) in [
            ("a.c", "a.c"),
            ("-a.c", "./-a.c"),
            ("@a.c", "./@a.c"),
            ("/@a.c", "/@a.c"),
            ("-", "./-"),
        ] {
            assert_eq!(argument(Path::new(path)), Path::new(expected));
        }
    }
}
