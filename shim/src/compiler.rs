//! A C compiler for WebAssembly with a C library: clang with wasi-libc, or Zig.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result, sources, write};

/// What a guest is compiled with: assertions would bring all of stdio along.
const COMPILE: &[&str] = &["-O2", "-DNDEBUG"];

const LINK: &[&str] = &[
    "-O2",
    "-mexec-model=reactor",
    "-Wl,--no-entry",
    "-Wl,--gc-sections",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=262144",
];

/// The stack comes first, so that an overflow is a trap and reaches no data. Zig places it so by itself,
/// and does not know the option.
const STACK_FIRST: &str = "-Wl,--stack-first";

/// What to install where nothing was found.
const INSTALL: &str = "\
install clang with the linker and C library for WebAssembly (Debian, Ubuntu: apt-get install clang lld \
wasi-libc and libclang-rt-14-dev-wasm32 or newer), or Zig (https://ziglang.org, pip install ziglang), or \
set WASI_SDK_PATH to a WASI SDK (https://github.com/WebAssembly/wasi-sdk); --compiler names another";

/// A compiler that was tried, and the headers of the shim.
pub(crate) struct Compiler {
    candidate: Candidate,
    /// The folder with the shim's headers.
    include: PathBuf,
}

impl Compiler {
    /// The compiler that the user named, or the first that can build a module.
    ///
    /// # Errors
    /// None can; says why each could not, and what to install.
    pub(crate) fn find(named: Option<&str>, folder: &Path) -> Result<Self> {
        sources::write_headers(folder)?;
        let trial = write(folder, "trial.c", "#include <stdlib.h>\n#include <string.h>\n")?;
        let mut reasons = Vec::new();
        for candidate in candidates(named) {
            let name = candidate.command.join(" ");
            let compiler = Self { candidate, include: folder.join("include") };
            match compiler.try_out(&trial, folder) {
                Ok(()) => return Ok(compiler),
                Err(reason) => reasons.push(format!("{name}: {reason}")),
            }
        }
        Err(Error::new(format!(
            "no C compiler for WebAssembly was found: {INSTALL}. Tried: {}",
            reasons.join("; ")
        )))
    }

    fn try_out(&self, trial: &Path, folder: &Path) -> Result<(), String> {
        let mut command = self.start_linking();
        command.args(COMPILE).arg(trial).arg("-o").arg(folder.join("trial.wasm"));
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

    fn start(&self) -> Command {
        let (program, arguments) = self.candidate.command.split_first().expect("a program");
        let mut command = Command::new(program);
        command.args(arguments).arg(self.candidate.target());
        command
    }

    fn start_linking(&self) -> Command {
        let mut command = self.start();
        command.args(LINK);
        if !self.candidate.is_zig {
            command.arg(STACK_FIRST);
        }
        command
    }

    /// Compiles a file of the extension's; the compiler says itself what is wrong.
    pub(crate) fn compile(&self, source: &Path, object: &Path, options: &[String]) -> Result {
        let mut command = self.start();
        command.args(COMPILE).arg("-I").arg(&self.include).args(["-include", "sqlite3ext.h"]);
        command.args(options).arg("-c").arg(source).arg("-o").arg(object);
        let status = command.status().map_err(|error| Error::file(source, error))?;
        match status.success() {
            true => Ok(()),
            false => Err(Error::file(source, "cannot be compiled")),
        }
    }

    /// Compiles files of the shim; gives the objects.
    pub(crate) fn compile_shim(&self, sources: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>> {
        let mut objects = Vec::new();
        for source in sources {
            let object = source.with_extension("o");
            let mut command = self.start();
            command.args(COMPILE).arg("-I").arg(&self.include).arg("-I").arg(folder.join("c"));
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

    /// Links objects to a module.
    ///
    /// # Errors
    /// Among others, the extension needs functions that there are not, which are named.
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
            false => format!("the extension calls what guests do not have: {}", missing.join(", ")),
        }))
    }
}

/// The functions that a linker says are missing, each once.
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

/// A compiler that may be there.
struct Candidate {
    /// The program and its own arguments; never empty.
    command: Vec<String>,
    is_zig: bool,
}

impl Candidate {
    fn new(command: Vec<String>) -> Self {
        let is_zig = command.iter().any(|word| word.contains("zig"));
        Self { command, is_zig }
    }

    /// The option that says for what to compile.
    fn target(&self) -> &'static str {
        if self.is_zig { "--target=wasm32-wasi-musl" } else { "--target=wasm32-wasi" }
    }
}

/// What to try: what the user named alone, or what may be there.
fn candidates(named: Option<&str>) -> Vec<Candidate> {
    let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if let Some(named) = named.filter(|named| !named.trim().is_empty()) {
        return vec![Candidate::new(words(named))];
    }
    let mut commands = Vec::new();
    if let Some(sdk) = env::var_os("WASI_SDK_PATH") {
        let clang = Path::new(&sdk).join("bin/clang").to_string_lossy().into_owned();
        commands.push(vec![clang]);
    }
    commands.extend(["clang", "zig cc", "python3 -m ziglang cc"].map(words));
    commands.into_iter().map(Candidate::new).collect()
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
        let candidates = candidates(Some("python3 -m ziglang cc"));
        let [zig] = &candidates[..] else { panic!("one candidate") };
        assert_eq!(zig.command, ["python3", "-m", "ziglang", "cc"]);
        assert_eq!(zig.target(), "--target=wasm32-wasi-musl");
    }
}
