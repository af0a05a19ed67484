//! C extensions for SQLite, unchanged, as guests: `commensal cc`.
//!
//! The extension is compiled against the header in `include/` and linked with the shim in `c/`, which
//! implements SQLite's C API over docs/abi.md. Only the extension's init function knows what it registers. So
//! the first link is run once, here and under the limits of any guest, and reports what was registered. The
//! second link has an export for each registration, and the manifest. Knows nothing of the command line.

mod casts;
mod compiler;
mod error;
mod exports;
mod headers;
mod object;
mod programs;
mod sources;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commensal::core::manifest::{Manifest, Selection};
use commensal::core::module::{self, ModuleInfo};
use commensal::{Capabilities, Capability, Database, Limits, Options, WasmtimeRuntime};

use compiler::Compiler;
pub use error::{Error, Result};
use write::write;

/// The export of the first link that reports what was registered.
const DECLARATIONS: &str = "commensal_declarations";

/// The functions that read and set subtypes.
const SUBTYPES: [&str; 2] = ["sqlite3_result_subtype", "sqlite3_value_subtype"];

/// The function that keeps auxiliary data.
const AUXDATA: [&str; 1] = ["sqlite3_set_auxdata"];

/// What to build.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// C sources.
    pub sources: Vec<PathBuf>,
    /// The extension's entry point. By default, the only `sqlite3_…_init` that the sources define.
    pub entry: Option<String>,
    /// Compiler options for the sources, such as `-D` and `-I`.
    pub options: Vec<String>,
    /// The compiler with its own arguments. By default, one that is found.
    pub compiler: Option<String>,
    /// What the names of all that it registers begin with in SQL.
    pub prefix: Option<String>,
    /// Names that it registers and that are left out.
    pub without: Vec<String>,
    /// The folder where relative paths start, in sources and options. By default, the working directory.
    /// Nothing in it is run.
    pub directory: Option<PathBuf>,
}

/// A module, with its manifest.
#[derive(Clone, Debug)]
pub struct Built {
    /// The module, binary.
    pub wasm: Vec<u8>,
    /// What differs from what the extension intended.
    pub warnings: Vec<String>,
}

impl Build {
    /// Compiles, links, and runs the extension's entry point once, as a guest without capabilities.
    ///
    /// # Errors
    /// There is no compiler; it cannot compile the sources, and says why on standard error; the entry point
    /// is not a C name; the extension calls functions that guests do not have; or it registers nothing that
    /// a guest can have.
    pub fn run(&self) -> Result<Built> {
        let limits = Limits::default();
        if let Some(entry) = self.entry.as_ref().filter(|entry| !object::is_name(entry)) {
            return Err(Error::new(format!(
                "the entry point {entry:?} is not the name of a C function"
            )));
        }
        self.selections()?;
        let folder = tempfile::tempdir().map_err(|error| {
            Error::new(format!("cannot make a folder for what is compiled: {error}"))
        })?;
        // The path has to be absolute, because programs are started in several folders.
        let folder =
            &std::path::absolute(folder.path()).map_err(|e| Error::file(folder.path(), e))?;
        let compiler = Compiler::find(self.compiler.as_deref(), folder)?;
        let mut objects = self.compile(&compiler, folder)?;
        let entry = match &self.entry {
            Some(entry) => entry.clone(),
            None => object::entry_point(&objects)?,
        };
        let has_subtypes = object::calls(&objects, &SUBTYPES)?;
        let has_auxdata = object::calls(&objects, &AUXDATA)?;
        let prefix = self.prefix.as_deref().unwrap_or_default();
        objects.extend(sources::build(&compiler, folder, &entry, prefix)?);

        let declare = sources::declare(&compiler, folder)?;
        let mut warnings = self.wide_casts(&compiler)?;
        let linked = link(&compiler, folder, &objects, &declare, &limits)?;
        let declared = declarations_with_sql(&linked, &mut warnings)?;
        let mut manifest = Manifest::parse(declared.as_bytes(), &limits)?;
        if manifest.is_empty() {
            return Err(Error::new(format!("{entry} registers nothing")));
        }
        let (chosen, prefixed) = self.selections()?;
        let unknown = chosen.unknown(&manifest);
        if !unknown.is_empty() {
            let names: Vec<_> = manifest.names().collect();
            let (unknown, names) = (unknown.join(", "), names.join(", "));
            return Err(Error::new(format!("{entry} registers no {unknown}, but {names}")));
        }
        manifest = chosen.of(&manifest);
        if manifest.is_empty() {
            return Err(Error::new(format!("nothing is left of what {entry} registers")));
        }

        // SQLite passes subtypes whatever a function declares.
        if has_subtypes {
            manifest.functions.iter_mut().for_each(|function| function.subtype = true);
            manifest.aggregates.iter_mut().for_each(|aggregate| aggregate.subtype = true);
        }

        let source = write(folder, "c/exports.c", exports::source(&manifest, has_auxdata))?;
        let exports = compiler.compile_shim(&[source], folder)?;
        let wasm = link(&compiler, folder, &objects, &exports, &limits)?;
        promise_less(&mut manifest, &wasm, &limits, &mut warnings)?;
        // The exports find what was registered by the names in the source.
        let manifest = prefixed.of(&manifest);
        let wasm = module::pack(&wasm, manifest.to_json().as_bytes(), &limits)?;
        Ok(Built { wasm, warnings })
    }

    /// What leaves names out, and what gives the others a prefix.
    fn selections(&self) -> Result<(Selection, Selection)> {
        let (mut chosen, mut prefixed) = (Selection::default(), Selection::default());
        if !self.without.is_empty() {
            chosen.set_without(&self.without.join(",")).map_err(Error::new)?;
        }
        if let Some(prefix) = &self.prefix {
            prefixed.set_prefix(prefix).map_err(Error::new)?;
        }
        Ok((chosen, prefixed))
    }

    /// Warnings about integers that do not fit into pointers.
    fn wide_casts(&self, compiler: &Compiler) -> Result<Vec<String>> {
        let directory = self.directory.as_deref().unwrap_or(Path::new("."));
        let mut warnings = Vec::new();
        for source in &self.sources {
            for place in compiler.wide_casts(directory, source, &self.options)? {
                warnings.push(format!(
                    "{place}: an integer of 64 bits becomes a pointer, which has 32 bits in WebAssembly; pass the \
                     address of a static variable"
                ));
            }
        }
        Ok(warnings)
    }

    /// Compiles each file of the extension to an object.
    fn compile(&self, compiler: &Compiler, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut objects = Vec::new();
        let directory = self.directory.as_deref().unwrap_or(Path::new("."));
        for (number, source) in self.sources.iter().enumerate() {
            if !directory.join(source).is_file() {
                return Err(Error::file(source, "there is no such file"));
            }
            let object = folder.join(format!("source{number}.o"));
            compiler.compile(directory, source, &object, &self.options)?;
            objects.push(object);
        }
        Ok(objects)
    }
}

/// Links the objects and reads the module.
fn link(
    compiler: &Compiler,
    folder: &Path,
    objects: &[PathBuf],
    more: &[PathBuf],
    limits: &Limits,
) -> Result<Vec<u8>> {
    let output = folder.join("linked.wasm");
    compiler.link(&[objects, more].concat(), &output)?;
    let wasm = fs::read(&output).map_err(|error| Error::file(&output, error))?;
    ModuleInfo::read(&wasm, limits)?;
    Ok(wasm)
}

/// What the extension registered, as a manifest. Runs the module's init function as a guest with these capabilities,
/// over an empty database in memory.
fn declarations(wasm: &[u8], granted: Capabilities) -> Result<String> {
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new())).grant(granted);
    let connection = Database::open_in_memory(options)?.connect()?;
    let create =
        format!("CREATE FUNCTION {DECLARATIONS} LANGUAGE wasm AS ?1 WITH (allow = '{granted}')");
    connection.execute(&create, (wasm,))?;
    Ok(connection.query_row(&format!("SELECT {DECLARATIONS}()"), (), |row| row.get(0))?)
}

/// The same for an extension whose init function may need SQL to register anything.
fn declarations_with_sql(wasm: &[u8], warnings: &mut Vec<String>) -> Result<String> {
    let error = match declarations(wasm, Capabilities::NONE) {
        Ok(declared) => return Ok(declared),
        Err(error) => error,
    };
    let sql = Capabilities::NONE.with(Capability::SqlRead).with(Capability::SqlWrite);
    // The first error says what is wrong without SQL.
    let declared = declarations(wasm, sql).map_err(|_| error)?;
    warnings.push(
        "the entry point runs SQL: the extension works where it is created with WITH (allow = \
         'sql_read,sql_write') and the host grants that"
            .to_owned(),
    );
    Ok(declared)
}

/// Makes no function deterministic if the module can see the clock or random numbers, because a host
/// would refuse the whole module.
fn promise_less(
    manifest: &mut Manifest,
    wasm: &[u8],
    limits: &Limits,
    warnings: &mut Vec<String>,
) -> Result {
    let info = ModuleInfo::read(wasm, limits)?;
    let sees = |capability| info.imports.iter().any(|i| i.capability() == Some(capability));
    if !sees(Capability::Clock) && !sees(Capability::Random) {
        return Ok(());
    }
    for function in manifest.functions.iter_mut().filter(|function| function.deterministic) {
        function.deterministic = false;
        warnings.push(format!(
            "the function {} is not deterministic in a module that can reach the clock or random \
             numbers",
            function.name
        ));
    }
    Ok(())
}
