//! The catalog: the tables that hold the definitions, in SQL that all engines of the family understand.
//! `docs/catalog.md` describes them for readers of the file.
//!
//! The tables are the only truth, and anybody who can write the file can write them. So their size is bounded
//! before they are read, and their content is checked afterwards ([`read`]). Memory is a cache labelled with the
//! generation, a random blob that changes with every change of the tables and rolls back with the transaction. So
//! a rollback, a failed statement, a direct write and another process are one case: the file's generation differs
//! from the label.

mod read;
mod select;
mod shape;

pub(crate) use read::OPTIONS_BYTES_MAX;
pub use read::{
    LoadedCatalog, ModuleRow, ObjectRow, Reading, is_begun, is_guarded, read, read_attached,
    read_module,
};
pub use select::{CatalogReader, Column, Select, TableColumn, Values, stored};
pub use shape::{Shape, shapes};

use crate::ddl::{ObjectKind, With};
use crate::manifest::Selection;
use crate::value::ValueRef;

/// Version of the tables that this crate writes, and the newest that it reads.
pub const CATALOG_VERSION: i64 = 1;

/// Identity of a state of the tables: 16 random bytes.
pub type Generation = [u8; 16];

/// The statements that make the tables, in the necessary order. Each can be run again.
///
/// They use only features that SQLite and Turso share: no INSTEAD OF triggers, no WITHOUT ROWID. The module comes
/// last in its row, so that reading the other columns reads none of its pages.
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

/// Prefix of the names of the tables and triggers. User statements leave them alone.
pub const TABLE_PREFIX: &str = "commensal_";

/// The catalog's tables with their columns.
pub(crate) const TABLES: [(&str, &[&str]); 3] = [
    ("commensal_meta", &["id", "version", "generation"]),
    ("commensal_module", &["sha256", "bytes", "manifest", "wasm"]),
    ("commensal_object", &["kind", "name", "sha256", "export", "deterministic", "options"]),
];

/// Selects the generation. Names the other tables too, so that a dropped one is noticed. Use it only for tables
/// that [`read`] has checked, because an object in their place could run for ever.
pub const SELECT_GENERATION: &str = "SELECT CASE WHEN typeof(generation) = 'blob' AND \
     length(generation) <= 64 THEN generation END, (SELECT 1 FROM main.commensal_object LIMIT 0), \
     (SELECT 1 FROM main.commensal_module LIMIT 0) FROM main.commensal_meta WHERE rowid = 1";

/// The tables that [`SELECT_GENERATION`] reads, in ASCII lower case.
pub const GENERATION_TABLES: &[&str] = &["commensal_meta", "commensal_module"];

/// Sets the generation to `?1`, 16 random bytes. Runs after all other writes.
pub const UPDATE_GENERATION: &str = "UPDATE main.commensal_meta SET generation = ?1 WHERE id = 1";

/// Changes nothing, but waits for the lock of a statement that writes, and takes it.
pub const LOCK: &str = "UPDATE main.commensal_meta SET version = version WHERE 0";

/// Checks that the generation is `?1`, in a catalog of the version that we write: one row or none.
pub(crate) const SELECT_WRITTEN_GENERATION: &str = "SELECT 1 FROM main.commensal_meta WHERE \
     rowid = 1 AND id = 1 AND version = 1 AND generation = ?1";

/// Checks that a module is stored as [`INSERT_MODULE`] wrote it: one row or none.
pub(crate) const SELECT_WRITTEN_MODULE: &str = "SELECT 1 FROM main.commensal_module WHERE \
     sha256 = ?1 AND bytes = ?2 AND manifest = ?3 COLLATE BINARY AND wasm = ?4";

/// Checks that a definition is stored as [`UPSERT_OBJECT`] wrote it: one row or none.
pub(crate) const SELECT_WRITTEN_OBJECT: &str = "SELECT 1 FROM main.commensal_object WHERE \
     kind = ?1 AND name = ?2 AND name = ?2 COLLATE BINARY AND sha256 = ?3 AND \
     export IS ?4 COLLATE BINARY AND deterministic = ?5 AND options = ?6 COLLATE BINARY";

/// Checks that there is a definition of kind `?1` and name `?2`: one row or none.
pub(crate) const SELECT_OBJECT: &str =
    "SELECT 1 FROM main.commensal_object WHERE kind = ?1 AND name = ?2";

/// The names of the catalog's own triggers.
fn triggers() -> Vec<&'static str> {
    SCHEMA.iter().filter_map(|sql| trigger_name(sql)).collect()
}

/// Selects triggers on the catalog's tables that are not the catalog's own.
pub(crate) fn select_foreign_triggers() -> String {
    let own = triggers();
    format!(
        "SELECT substr(name, 1, 100) FROM main.sqlite_master WHERE type = 'trigger' AND \
         tbl_name COLLATE NOCASE IN ('commensal_meta', 'commensal_module', 'commensal_object') AND \
         name COLLATE NOCASE NOT IN ('{}') ORDER BY name LIMIT 5",
        own.join("', '")
    )
}

/// The name of the trigger that a statement of [`SCHEMA`] makes.
fn trigger_name(sql: &'static str) -> Option<&'static str> {
    let name = sql.strip_prefix("CREATE TRIGGER IF NOT EXISTS main.")?;
    name.split(' ').next()
}

/// Stores a module: `?1` hash, `?2` bytes, `?3` manifest, `?4` the module.
pub const INSERT_MODULE: &str = "INSERT INTO main.commensal_module(sha256, bytes, manifest, wasm) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT(sha256) DO UPDATE SET \
     bytes = excluded.bytes, manifest = excluded.manifest, wasm = excluded.wasm \
     WHERE manifest <> excluded.manifest OR bytes <> excluded.bytes OR wasm <> excluded.wasm";

/// Stores a definition where there was none: as [`UPSERT_OBJECT`], but replaces nothing.
pub const INSERT_OBJECT: &str = "INSERT OR ABORT INTO main.commensal_object(kind, name, sha256, export, deterministic, options) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Stores a definition: `?1` kind, `?2` name, `?3` hash, `?4` export, `?5` deterministic, `?6` options.
pub const UPSERT_OBJECT: &str = "INSERT INTO main.commensal_object(kind, name, sha256, export, deterministic, options) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(kind, name) DO UPDATE SET \
     name = excluded.name, sha256 = excluded.sha256, export = excluded.export, \
     deterministic = excluded.deterministic, options = excluded.options";

/// Deletes the definition of kind `?1` and name `?2`.
pub const DELETE_OBJECT: &str = "DELETE FROM main.commensal_object WHERE kind = ?1 AND name = ?2";

/// The generation in a row. A value that somebody wrote by hand is folded into 16 bytes, because it only has to
/// differ from the previous one.
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

/// The kind as the catalog writes it.
pub fn kind_text(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Function => "function",
        ObjectKind::Extension => "extension",
    }
}

/// The options of `WITH (…)` as the catalog writes them: a JSON object.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<String>,
}

/// The options of a definition as the catalog stores them.
pub fn options_text(with: &With) -> String {
    let options = Options {
        timeout_ms: with.timeout_ms,
        fuel: with.fuel,
        memory_mb: with.memory_mb,
        allow: with.allow.map(|allow| allow.to_string()),
        prefix: with.selection.prefix().map(str::to_owned),
        without: with.selection.without(),
    };
    serde_json::to_string(&options).expect("numbers and text always serialise")
}

fn parse_options(kind: ObjectKind, text: &str) -> Result<With, String> {
    let bad = |e: &dyn std::fmt::Display| format!("its options cannot be read: {e}");
    let options: Options = serde_json::from_str(text).map_err(|e| bad(&e))?;
    let mut selection = Selection::default();
    if let Some(prefix) = &options.prefix {
        selection.set_prefix(prefix).map_err(|e| bad(&e))?;
    }
    if let Some(names) = &options.without {
        selection.set_without(names).map_err(|e| bad(&e))?;
    }
    if kind == ObjectKind::Function && !selection.is_all() {
        return Err(bad(&"prefix and without are for extensions"));
    }
    Ok(With {
        timeout_ms: options.timeout_ms,
        fuel: options.fuel,
        memory_mb: options.memory_mb,
        allow: options.allow.map(|a| a.parse()).transpose().map_err(|e| bad(&e))?,
        selection,
    })
}
