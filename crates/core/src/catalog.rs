//! The catalog: the tables in which definitions live, in SQL that every engine of the family
//! understands. `docs/catalog.md` describes them for readers of the file.
//!
//! The tables are the only truth, and anybody who can write the file can write them: rows are checked
//! when they are read. Memory is a cache labelled with the generation, a random blob that changes with
//! every change of the tables and rolls back with the transaction. So a rollback, a failed statement,
//! a direct write and another process are one case: the generation that can be read is not the label.

use crate::ddl::{ObjectKind, With};
use crate::error::{Error, ErrorKind, Result};
use crate::value::ValueRef;

/// Version of the tables that this crate writes, and the newest that it reads.
pub const CATALOG_VERSION: i64 = 1;

/// Identity of a state of the tables: 16 random bytes.
pub type Generation = [u8; 16];

/// The tables, in the order in which they have to be made. Each may be run again.
///
/// Only features that SQLite and Turso share: no INSTEAD OF triggers, no WITHOUT ROWID. The module
/// comes last in its row, so that reading the columns before it reads none of its pages.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS main.commensal_meta(\
     id INTEGER PRIMARY KEY CHECK(id = 1), \
     version INTEGER NOT NULL, \
     generation BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS main.commensal_module(\
     sha256 BLOB PRIMARY KEY NOT NULL CHECK(length(sha256) = 32), \
     bytes INTEGER NOT NULL, \
     manifest TEXT NOT NULL, \
     wasm BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS main.commensal_object(\
     kind TEXT NOT NULL, \
     name TEXT NOT NULL COLLATE NOCASE, \
     sha256 BLOB NOT NULL, \
     export TEXT, \
     deterministic INTEGER NOT NULL DEFAULT 0, \
     options TEXT NOT NULL DEFAULT '{}', \
     PRIMARY KEY(kind, name))",
    "CREATE TRIGGER IF NOT EXISTS main.commensal_object_insert AFTER INSERT ON commensal_object BEGIN \
     UPDATE commensal_meta SET generation = randomblob(16); END",
    "CREATE TRIGGER IF NOT EXISTS main.commensal_object_update AFTER UPDATE ON commensal_object BEGIN \
     UPDATE commensal_meta SET generation = randomblob(16); \
     DELETE FROM commensal_module WHERE sha256 = OLD.sha256 AND NOT EXISTS \
     (SELECT 1 FROM commensal_object AS o WHERE o.sha256 = OLD.sha256); END",
    "CREATE TRIGGER IF NOT EXISTS main.commensal_object_delete AFTER DELETE ON commensal_object BEGIN \
     UPDATE commensal_meta SET generation = randomblob(16); \
     DELETE FROM commensal_module WHERE sha256 = OLD.sha256 AND NOT EXISTS \
     (SELECT 1 FROM commensal_object AS o WHERE o.sha256 = OLD.sha256); END",
    "CREATE TRIGGER IF NOT EXISTS main.commensal_module_update AFTER UPDATE ON commensal_module BEGIN \
     UPDATE commensal_meta SET generation = randomblob(16); END",
    "CREATE TRIGGER IF NOT EXISTS main.commensal_module_delete AFTER DELETE ON commensal_module BEGIN \
     UPDATE commensal_meta SET generation = randomblob(16); END",
    "INSERT OR IGNORE INTO main.commensal_meta(id, version, generation) VALUES (1, 1, randomblob(16))",
];

/// Names of the tables and triggers; user statements leave them alone.
pub const TABLE_PREFIX: &str = "commensal_";

/// Whether there is a catalog: one row or none. Without one of its tables there is none.
pub const SELECT_EXISTS: &str = "SELECT 1 WHERE (SELECT count(*) FROM main.sqlite_master WHERE \
     type = 'table' AND name IN ('commensal_meta', 'commensal_module', 'commensal_object')) = 3";

/// The generation. Touches the other tables, so that a dropped one is noticed.
pub const SELECT_GENERATION: &str = "SELECT generation, (SELECT 1 FROM main.commensal_object LIMIT 0), \
     (SELECT 1 FROM main.commensal_module LIMIT 0) FROM main.commensal_meta WHERE id = 1";

/// Everything but the modules themselves, with the generation, in one statement: what
/// [`LoadedCatalog::add_row`] reads. In the order in which a scan finds them: sorting would copy each
/// row with its manifest.
pub const SELECT_OBJECTS: &str = "SELECT g.version, g.generation, o.kind, o.name, o.sha256, o.export, \
     o.deterministic, o.options, m.bytes, m.manifest \
     FROM main.commensal_meta AS g \
     LEFT JOIN main.commensal_object AS o ON 1 \
     LEFT JOIN main.commensal_module AS m ON m.sha256 = o.sha256 \
     WHERE g.id = 1 ORDER BY o.rowid";

/// The bytes of the module with hash `?1`.
pub const SELECT_MODULE: &str = "SELECT wasm FROM main.commensal_module WHERE sha256 = ?1";

/// Sets the generation to `?1`, 16 random bytes; done after all other writes.
pub const UPDATE_GENERATION: &str = "UPDATE main.commensal_meta SET generation = ?1 WHERE id = 1";

/// Stores a module: `?1` hash, `?2` bytes, `?3` manifest, `?4` the module.
pub const INSERT_MODULE: &str = "INSERT INTO main.commensal_module(sha256, bytes, manifest, wasm) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT(sha256) DO UPDATE SET \
     bytes = excluded.bytes, manifest = excluded.manifest, wasm = excluded.wasm \
     WHERE manifest <> excluded.manifest OR bytes <> excluded.bytes OR wasm <> excluded.wasm";

/// Stores a definition: `?1` kind, `?2` name, `?3` hash, `?4` export, `?5` deterministic, `?6` options.
pub const UPSERT_OBJECT: &str = "INSERT INTO main.commensal_object(kind, name, sha256, export, deterministic, options) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(kind, name) DO UPDATE SET \
     name = excluded.name, sha256 = excluded.sha256, export = excluded.export, \
     deterministic = excluded.deterministic, options = excluded.options";

/// Deletes the definition of kind `?1` and name `?2`.
pub const DELETE_OBJECT: &str = "DELETE FROM main.commensal_object WHERE kind = ?1 AND name = ?2";

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
    /// Whether DETERMINISTIC was said.
    pub deterministic: bool,
    /// What WITH said, or why that cannot be read.
    pub with: Result<With, String>,
    /// Bytes of the module.
    pub bytes: u64,
    /// Canonical text of the module's manifest; empty for none.
    pub manifest: String,
    /// What is wrong with the row, if something is.
    pub problem: Option<String>,
}

/// What [`SELECT_OBJECTS`] gave.
#[derive(Default)]
pub struct LoadedCatalog {
    /// The generation; `None` without a row.
    pub generation: Option<Generation>,
    /// The definitions.
    pub rows: Vec<ObjectRow>,
}

impl LoadedCatalog {
    /// Takes one row of [`SELECT_OBJECTS`] in. A definition without readable kind, name or hash is
    /// left out: nothing could call it.
    ///
    /// # Errors
    /// A catalog of a newer version.
    pub fn add_row(&mut self, row: &[ValueRef<'_>]) -> Result<()> {
        let [
            version,
            generation,
            kind,
            name,
            sha256,
            export,
            deterministic,
            options,
            bytes,
            manifest,
        ] = row
        else {
            return Err(Error::new(ErrorKind::Catalog, "the catalog's tables have other columns"));
        };
        match *version {
            ValueRef::Integer(CATALOG_VERSION) => {}
            ValueRef::Integer(newer) if newer > CATALOG_VERSION => {
                return Err(Error::new(
                    ErrorKind::Catalog,
                    format!(
                        "the file's catalog has version {newer}; this build reads version \
                         {CATALOG_VERSION}: a newer Commensal is needed"
                    ),
                ));
            }
            _ => {
                return Err(Error::new(ErrorKind::Catalog, "the catalog's version cannot be read"));
            }
        }
        self.generation = Some(parse_generation(*generation));
        let (Some(kind), ValueRef::Text(name), ValueRef::Blob(sha256)) =
            (parse_kind(*kind), *name, *sha256)
        else {
            return Ok(());
        };
        let Ok(sha256) = <[u8; 32]>::try_from(sha256) else { return Ok(()) };
        if name.is_empty() || name.contains('\0') {
            return Ok(());
        }
        let mut problem = None;
        let (bytes, manifest) = match (*bytes, *manifest) {
            (ValueRef::Integer(bytes), ValueRef::Text(manifest)) => {
                (u64::try_from(bytes).unwrap_or_default(), manifest.to_owned())
            }
            (ValueRef::Null, _) => {
                problem = Some("its module is not in the file".to_owned());
                (0, String::new())
            }
            _ => {
                problem = Some("the catalog's row of its module cannot be read".to_owned());
                (0, String::new())
            }
        };
        self.rows.push(ObjectRow {
            kind,
            name: name.to_owned(),
            sha256,
            export: match *export {
                ValueRef::Text(export) => Some(export.to_owned()),
                _ => None,
            },
            deterministic: *deterministic == ValueRef::Integer(1),
            with: match *options {
                ValueRef::Text(options) => parse_options(options),
                _ => Err("its options cannot be read".to_owned()),
            },
            bytes,
            manifest,
            problem,
        });
        Ok(())
    }
}

/// The generation in a row. One that somebody wrote by hand is folded into 16 bytes: all that counts
/// is that it differs from the one before.
pub fn parse_generation(value: ValueRef<'_>) -> Generation {
    let mut generation: Generation = [0; 16];
    if let ValueRef::Blob(bytes) = value {
        for (i, byte) in bytes.iter().enumerate() {
            generation[i % 16] = generation[i % 16].wrapping_mul(31) ^ byte;
        }
    }
    generation
}

fn parse_kind(value: ValueRef<'_>) -> Option<ObjectKind> {
    match value {
        ValueRef::Text("function") => Some(ObjectKind::Function),
        ValueRef::Text("extension") => Some(ObjectKind::Extension),
        _ => None,
    }
}

/// The kind as the catalog spells it.
pub fn kind_text(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Function => "function",
        ObjectKind::Extension => "extension",
    }
}

/// `WITH (…)` as the catalog spells it: a JSON object.
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_mb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<String>,
}

/// The options of a definition as the catalog stores them.
pub fn options_text(with: &With) -> String {
    let options = Options {
        timeout_ms: with.timeout_ms,
        fuel: with.fuel,
        memory_mb: with.memory_mb,
        allow: with.allow.map(|allow| allow.to_string()),
    };
    serde_json::to_string(&options).expect("numbers and text always serialise")
}

fn parse_options(text: &str) -> Result<With, String> {
    let bad = |e: &dyn std::fmt::Display| format!("its options cannot be read: {e}");
    let options: Options = serde_json::from_str(text).map_err(|e| bad(&e))?;
    Ok(With {
        timeout_ms: options.timeout_ms,
        fuel: options.fuel,
        memory_mb: options.memory_mb,
        allow: options.allow.map(|a| a.parse()).transpose().map_err(|e| bad(&e))?,
    })
}
