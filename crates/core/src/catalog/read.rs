//! Reads the catalog of a file that anybody may have written.
//!
//! Nothing in the file runs, and no value is read before its size is known. First come the tables' types: they
//! must be ordinary tables with the catalog's columns, none of them generated. Then come the rows, up to a limit.
//! SQL asks for the length of each value before the value, so an engine that can tell the length alone never
//! holds a value that is too large. If something is too large or too many, that becomes a problem of its
//! definition.

use std::collections::HashMap;

use super::select::{CatalogReader, Column, Select, Values};
use super::shape::{Shape, shapes};
use super::{
    CATALOG_VERSION, Generation, SELECT_GENERATION, TABLES, parse_generation, parse_kind,
    parse_options, triggers,
};
use crate::ddl::{ObjectKind, With};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::value::ValueRef;

/// A definition as read from the catalog.
pub struct ObjectRow {
    /// Function or extension.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// Hash of its module.
    pub sha256: [u8; 32],
    /// The export, of a function.
    pub export: Option<String>,
    /// Whether the definition says DETERMINISTIC.
    pub deterministic: bool,
    /// The WITH clause.
    pub with: With,
    /// The problem with the row, if there is one.
    pub problem: Option<String>,
}

/// A module as read from the catalog, without its bytes.
pub struct ModuleRow {
    /// Bytes of the module.
    pub bytes: u64,
    /// Canonical text of the module's manifest; empty if it has none.
    pub manifest: String,
}

/// The contents of the catalog.
#[derive(Default)]
pub struct LoadedCatalog {
    /// The generation.
    pub generation: Generation,
    /// The definitions, in the order in which they were made.
    pub objects: Vec<ObjectRow>,
    /// Their modules by hash, or the problem with each. A module that is missing here is not in the file.
    pub modules: HashMap<[u8; 32], Result<ModuleRow, String>>,
    /// Why some definitions were not read, if so.
    pub problem: Option<String>,
    /// Why some modules were not read, if so.
    modules_problem: Option<String>,
}

/// The result of [`read`].
pub enum Reading {
    /// There is no catalog.
    None,
    /// The catalog is in the known state.
    Unchanged,
    /// The catalog is in another state.
    Changed(LoadedCatalog),
}

/// Reads the catalog in one transaction, unless it is in the known state.
///
/// # Errors
/// An object that is not the catalog's has a table's name, the catalog is of a newer version, or the engine
/// reports an error.
pub fn read(
    reader: &dyn CatalogReader,
    limits: &Limits,
    known: Option<Generation>,
) -> Result<Reading> {
    let mut reading = Reading::None;
    within(reader, &mut || {
        if check_tables(reader)? {
            reading = read_tables(reader, limits, known)?;
        }
        Ok(())
    })?;
    Ok(reading)
}

/// Whether there is anything of the name of the catalog's first table, so that a catalog can come to be without a
/// change of the schema. Reads only the schema.
///
/// # Errors
/// An error of the engine.
pub fn is_begun(reader: &dyn CatalogReader) -> Result<bool> {
    let [first, ..] = TABLES;
    Ok(shapes(reader, MAIN, &[first])? != [Shape::Missing])
}

/// Whether the catalog has its triggers, which change the generation after each change of the rows. A dump makes them
/// after the rows. Reads only the schema.
///
/// # Errors
/// An error of the engine.
pub fn is_guarded(reader: &dyn CatalogReader) -> Result<bool> {
    let own = triggers();
    let sql = format!(
        "SELECT 1 FROM main.sqlite_master WHERE type = 'trigger' AND name COLLATE NOCASE IN ('{}')",
        own.join("', '")
    );
    let mut found = 0;
    reader.query(&sql, &[], &mut |_| {
        found += 1;
        Ok(())
    })?;
    Ok(found == own.len())
}

/// Reads the bytes of a module.
///
/// # Errors
/// The file does not have it, or it is larger than a module may be.
pub fn read_module(
    reader: &dyn CatalogReader,
    limits: &Limits,
    sha256: &[u8; 32],
) -> Result<Vec<u8>> {
    let max = limits.module_bytes_max;
    let sql = format!(
        "SELECT {}, CASE WHEN typeof(wasm) = 'blob' THEN length(wasm) END FROM main.commensal_module \
         WHERE typeof(sha256) = 'blob' AND length(sha256) = 32 AND sha256 = ?1 LIMIT 1",
        Column::Blob("wasm", max).sql()
    );
    let error = |message: String| Error::new(ErrorKind::Catalog, message);
    let mut wasm = Err(error("its module is not in the file".to_owned()));
    within(reader, &mut || {
        if !check_tables(reader)? {
            return Ok(());
        }
        reader.query(&sql, &[ValueRef::Blob(sha256)], &mut |row| {
            wasm = match *row {
                [ValueRef::Blob(bytes), _] => Ok(bytes.to_vec()),
                [_, ValueRef::Integer(bytes)] => Err(error(format!(
                    "its module has {bytes} bytes, more than module_bytes_max = {max}, which the host \
                     can raise"
                ))),
                _ => Err(error("its module in the catalog is not a blob".to_owned())),
            };
            Ok(())
        })
    })?;
    wasm
}

/// Runs `body` while a statement reads, so that all of it sees one state of the file. Does not run it if the file
/// has no tables.
fn within(reader: &dyn CatalogReader, body: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    reader.query("SELECT 1 FROM main.sqlite_master LIMIT 1", &[], &mut |_| body())
}

/// Checks whether the catalog's tables exist. Reads only the schema.
///
/// # Errors
/// Something else has the name of one.
fn check_tables(reader: &dyn CatalogReader) -> Result<bool> {
    let found = shapes(reader, MAIN, &TABLES)?;
    if found.contains(&Shape::Missing) {
        return Ok(false);
    }
    for ((table, _), shape) in TABLES.iter().zip(found) {
        if let Shape::Other(what) = shape {
            let message = format!(
                "the catalog of functions cannot be read: {table} {what}, so the file was not written by \
                 Commensal alone"
            );
            return Err(Error::new(ErrorKind::Catalog, message));
        }
    }
    Ok(true)
}

/// Reads the definitions of an attached database and the manifests of their modules. `None` if it has no catalog.
///
/// # Errors
/// Something else has a table's name, it exceeds the limits (the error names them), or the engine reports an
/// error.
pub fn read_attached(
    reader: &dyn CatalogReader,
    limits: &Limits,
    schema: &str,
) -> Result<Option<LoadedCatalog>> {
    let [_, modules, (table, columns)] = TABLES;
    let [objects, modules] = shapes(reader, schema, &[(table, columns), modules])?;
    match objects {
        Shape::Missing => return Ok(None),
        Shape::Ordinary => {}
        Shape::Other(what) => {
            return Err(Error::new(ErrorKind::Catalog, format!("its table {table} {what}")));
        }
    }
    let mut loaded = LoadedCatalog::default();
    let mut bytes = 0;
    loaded.read_objects(reader, limits, schema, &mut bytes)?;
    if let Some(problem) = loaded.problem {
        return Err(Error::new(ErrorKind::Limit, problem));
    }
    match modules {
        Shape::Ordinary => loaded.read_modules(reader, limits, schema, &mut bytes)?,
        Shape::Missing => {}
        Shape::Other(what) => {
            loaded.modules_problem = Some(format!("its table commensal_module {what}"));
        }
    }
    Ok(Some(loaded))
}

/// The schema of the definitions.
const MAIN: &str = "main";

fn read_tables(
    reader: &dyn CatalogReader,
    limits: &Limits,
    known: Option<Generation>,
) -> Result<Reading> {
    let mut generation = None;
    reader.query(SELECT_GENERATION, &[], &mut |row| {
        generation = row.first().map(|value| parse_generation(*value));
        Ok(())
    })?;
    let Some(generation) = generation else { return Ok(Reading::None) };
    if known == Some(generation) {
        return Ok(Reading::Unchanged);
    }
    let version = select("commensal_meta", MAIN, vec![Column::Integer("version")], 1);
    reader.select(&version, &mut |row| check_version(row[0]))?;
    let mut loaded = LoadedCatalog { generation, ..LoadedCatalog::default() };
    let mut bytes = 0;
    loaded.read_objects(reader, limits, MAIN, &mut bytes)?;
    if !loaded.objects.is_empty() {
        loaded.read_modules(reader, limits, MAIN, &mut bytes)?;
    }
    Ok(Reading::Changed(loaded))
}

fn check_version(version: ValueRef<'_>) -> Result<()> {
    let message = match version {
        ValueRef::Integer(CATALOG_VERSION) => return Ok(()),
        ValueRef::Integer(newer) if newer > CATALOG_VERSION => format!(
            "the file's catalog has version {newer}; this build reads version {CATALOG_VERSION}: a newer \
             Commensal is needed"
        ),
        _ => "the catalog's version cannot be read".to_owned(),
    };
    Err(Error::new(ErrorKind::Catalog, message))
}

impl LoadedCatalog {
    fn read_objects(
        &mut self,
        reader: &dyn CatalogReader,
        limits: &Limits,
        schema: &str,
        bytes: &mut usize,
    ) -> Result<()> {
        let columns = vec![
            Column::Text("kind", KIND_BYTES_MAX),
            Column::Text("name", limits.name_bytes_max),
            Column::Blob("sha256", 32),
            Column::Text("export", EXPORT_BYTES_MAX),
            Column::Integer("deterministic"),
            Column::Text("options", OPTIONS_BYTES_MAX),
        ];
        let rows_max = limits.catalog_objects_max.saturating_add(1);
        let select = select("commensal_object", schema, columns, rows_max);
        let mut count = 0;
        rows(reader, &select, &mut |row| {
            count += 1;
            *bytes += row.iter().map(size).sum::<usize>();
            let mut object = ObjectRow::of(row);
            if let Some(problem) = exceeded(limits, *bytes, count) {
                let problem = match &mut object {
                    // It is kept for its name, so that calling it reports the problem.
                    Some(first) => {
                        let problem =
                            format!("{problem}: \"{}\" and all after it were not read", first.name);
                        first.problem = Some(problem.clone());
                        problem
                    }
                    None => problem,
                };
                self.problem = Some(problem);
            }
            self.objects.extend(object);
            self.problem.is_none()
        })
    }

    fn read_modules(
        &mut self,
        reader: &dyn CatalogReader,
        limits: &Limits,
        schema: &str,
        bytes: &mut usize,
    ) -> Result<()> {
        let columns = vec![
            Column::Blob("sha256", 32),
            Column::Integer("bytes"),
            Column::Text("manifest", limits.manifest_bytes_max),
        ];
        let rows_max = limits.catalog_objects_max.saturating_add(1);
        let select = select("commensal_module", schema, columns, rows_max);
        let mut count = 0;
        rows(reader, &select, &mut |row| {
            count += 1;
            *bytes += row.iter().map(size).sum::<usize>();
            self.modules_problem = exceeded(limits, *bytes, count);
            if self.modules_problem.is_some() {
                return false;
            }
            let [sha256, size, manifest] = *row else { return false };
            if let ValueRef::Blob(sha256) = sha256
                && let Ok(sha256) = <[u8; 32]>::try_from(sha256)
            {
                let module = ModuleRow::of(size, manifest, limits);
                self.modules.entry(sha256).or_insert(module);
            }
            true
        })
    }

    /// The module with this hash.
    ///
    /// # Errors
    /// The problem with it.
    pub fn module(&self, sha256: &[u8; 32]) -> Result<&ModuleRow, &str> {
        match self.modules.get(sha256) {
            Some(module) => module.as_ref().map_err(String::as_str),
            None => Err(self.modules_problem.as_deref().unwrap_or("its module is not in the file")),
        }
    }
}

/// Longest text of a kind that is read, in bytes.
const KIND_BYTES_MAX: usize = 16;
/// Longest name of an export that is read, in bytes. Compilers make long names.
const EXPORT_BYTES_MAX: usize = 4096;
/// Longest text of WITH options that is read, in bytes.
pub(crate) const OPTIONS_BYTES_MAX: usize = 4096;

/// Selects from one of the catalog's tables, whose rows have rowids.
fn select<'a>(
    table: &'static str,
    schema: &'a str,
    columns: Vec<Column>,
    rows_max: usize,
) -> Select<'a> {
    Select { schema, table, has_rowid: true, columns, rows_max }
}

/// Runs a [`Select`] until `row` returns false.
fn rows(
    reader: &dyn CatalogReader,
    select: &Select<'_>,
    row: &mut dyn FnMut(Values<'_, '_>) -> bool,
) -> Result<()> {
    let mut stopped = false;
    let result = reader.select(select, &mut |values| {
        if row(values) {
            return Ok(());
        }
        stopped = true;
        Err(Error::new(ErrorKind::Catalog, "enough was read"))
    });
    if stopped { Ok(()) } else { result }
}

/// Size of a value in bytes.
fn size(value: &ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(text) => text.len(),
        ValueRef::Blob(blob) => blob.len(),
        _ => 0,
    }
}

/// The limit that is exceeded, as a message, after reading this much of the catalog.
fn exceeded(limits: &Limits, bytes: usize, count: usize) -> Option<String> {
    let Limits { catalog_bytes_max, catalog_objects_max, .. } = *limits;
    if bytes > catalog_bytes_max {
        return Some(format!(
            "the catalog's definitions and manifests have more bytes than catalog_bytes_max = \
             {catalog_bytes_max}, which the host can raise"
        ));
    }
    (count > catalog_objects_max).then(|| {
        format!(
            "the catalog has more definitions than catalog_objects_max = {catalog_objects_max}, which the \
             host can raise"
        )
    })
}

impl ObjectRow {
    /// The definition in a row. `None` if kind, name or hash is unreadable, because nothing could call it.
    fn of(row: Values<'_, '_>) -> Option<Self> {
        let [kind, ValueRef::Text(name), ValueRef::Blob(sha256), export, deterministic, options] =
            *row
        else {
            return None;
        };
        let kind = parse_kind(kind)?;
        let sha256 = <[u8; 32]>::try_from(sha256).ok()?;
        if name.is_empty() || name.contains('\0') {
            return None;
        }
        let mut problem = None;
        let with = match options {
            ValueRef::Text(options) => parse_options(kind, options),
            ValueRef::Integer(bytes) => Err(format!(
                "its options have {bytes} bytes, and at most {OPTIONS_BYTES_MAX} are read"
            )),
            _ => Err("its options cannot be read".to_owned()),
        };
        let with = with.unwrap_or_else(|what| {
            problem = Some(what);
            With::default()
        });
        if let ValueRef::Integer(bytes) = export {
            problem = Some(format!(
                "the name of its export has {bytes} bytes, and at most {EXPORT_BYTES_MAX} are read"
            ));
        }
        Some(Self {
            kind,
            name: name.to_owned(),
            sha256,
            export: match export {
                ValueRef::Text(export) => Some(export.to_owned()),
                _ => None,
            },
            deterministic: deterministic == ValueRef::Integer(1),
            with,
            problem,
        })
    }
}

impl ModuleRow {
    fn of(bytes: ValueRef<'_>, manifest: ValueRef<'_>, limits: &Limits) -> Result<Self, String> {
        let max = limits.manifest_bytes_max;
        match (bytes, manifest) {
            (ValueRef::Integer(bytes), ValueRef::Text(manifest)) => Ok(Self {
                bytes: u64::try_from(bytes).unwrap_or_default(),
                manifest: manifest.to_owned(),
            }),
            (ValueRef::Integer(_), ValueRef::Integer(bytes)) => Err(format!(
                "its manifest has {bytes} bytes, more than manifest_bytes_max = {max}, which the host can \
                 raise"
            )),
            _ => Err("the catalog's row of its module cannot be read".to_owned()),
        }
    }
}
