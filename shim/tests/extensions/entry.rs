//! Entry points: those that run SQL, and functions that are registered too late. What a guest learns of tables while a
//! database is attached.

use std::fs;

use commensal_shim::{Build, Built};

use crate::guest::{self, Guest};

const SOURCE: &str = r#"
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
static int rows = -1;
static int count(void *data, int n, char **values, char **names) {
  rows = values[0][0] - '0';
  return 0;
}
static void rows_at_start(sqlite3_context *c, int n, sqlite3_value **v) { sqlite3_result_int(c, rows); }
static void late(sqlite3_context *c, int n, sqlite3_value **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  int code = sqlite3_create_function(db, "more", 0, SQLITE_UTF8, 0, late, 0, 0);
  sqlite3_result_error(c, code ? sqlite3_errmsg(db) : "it succeeded", -1);
}
static void type_of(sqlite3_context *c, int n, sqlite3_value **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  const char *type = 0;
  int code = sqlite3_table_column_metadata(db, (const char *)sqlite3_value_text(v[0]),
      (const char *)sqlite3_value_text(v[1]), "a", &type, 0, 0, 0, 0);
  sqlite3_result_text(c, code ? sqlite3_errmsg(db) : type, -1, SQLITE_TRANSIENT);
}
static void refused(sqlite3_context *c, int n, sqlite3_value **v) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(sqlite3_context_db_handle(c), "BEGIN", -1, &statement, 0)) sqlite3_result_error_nomem(c);
}
static void exhausted(sqlite3_context *c, int n, sqlite3_value **v) { sqlite3_result_error_nomem(c); }
int sqlite3_entry_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  sqlite3_create_function(db, "rows_at_start", 0, SQLITE_UTF8, 0, rows_at_start, 0, 0);
  sqlite3_create_function(db, "late", 0, SQLITE_UTF8, 0, late, 0, 0);
  sqlite3_create_function(db, "refused", 0, SQLITE_UTF8, 0, refused, 0, 0);
  sqlite3_create_function(db, "exhausted", 0, SQLITE_UTF8, 0, exhausted, 0, 0);
  sqlite3_create_function(db, "type_of", 2, SQLITE_UTF8, 0, type_of, 0, 0);
#ifdef NEEDS_SQL
  int code = sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS kept(a)", 0, 0, error);
  if (!code) code = sqlite3_exec(db, "SELECT count(*) FROM kept", count, 0, error);
  return code;
#else
  sqlite3_exec(db, "SELECT 1", count, 0, 0);
  return SQLITE_OK;
#endif
}
"#;

fn build(options: &[&str]) -> Built {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("entry.c");
    fs::write(&source, SOURCE).unwrap();
    let options = options.iter().map(|&option| option.to_owned()).collect();
    Build { sources: vec![source], options, ..Build::default() }.run().unwrap()
}

fn check(guest: &Guest, sql: &str, expected: &str) {
    let answer = guest.ask(sql, &[]).unwrap();
    let answer = answer.map(|values| values.join(" ")).unwrap_or_else(|error| error);
    assert!(answer.contains(expected), "{}: {sql}: {answer}", guest.name());
}

#[test]
fn an_entry_point_that_needs_sql_runs_it_where_it_is_granted() {
    let built = build(&["-DNEEDS_SQL"]);
    let [warning] = &built.warnings[..] else { panic!("{:?}", built.warnings) };
    assert!(warning.contains("WITH (allow = 'sql_read,sql_write')"), "{warning}");
    for guest in guest::load(&built.wasm) {
        if !guest.runs_sql() {
            check(&guest, "SELECT rows_at_start()", "a guest can only read");
            continue;
        }
        check(&guest, "SELECT rows_at_start()", "Integer(0)");
        check(&guest, "SELECT name FROM sqlite_schema WHERE name = 'kept'", "kept");
    }
    for guest in guest::load_granted(&built.wasm, "sql_read") {
        let missing = if guest.runs_sql() { "\"sql_write\"" } else { "a guest can only read" };
        check(&guest, "SELECT rows_at_start()", missing);
    }
    for guest in guest::load_granted(&built.wasm, "") {
        check(&guest, "SELECT rows_at_start()", "\"sql_read\"");
    }
}

/// As it was before there was SQL for entry points: one that ignores the error works without it.
#[test]
fn an_entry_point_that_can_do_without_sql_does() {
    let built = build(&[]);
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    for guest in guest::load_granted(&built.wasm, "") {
        check(&guest, "SELECT rows_at_start()", "Integer(-1)");
    }
}

#[test]
fn only_the_entry_point_registers() {
    for guest in guest::load(&build(&[]).wasm) {
        let error =
            "only the entry point of an extension registers functions, collations and tables";
        check(&guest, "SELECT late()", error);
    }
}

/// An extension takes any failure of a statement for a lack of memory.
#[test]
fn a_refusal_is_not_shown_as_a_lack_of_memory() {
    for guest in guest::load(&build(&[]).wasm) {
        check(&guest, "SELECT refused()", "BEGIN is not for guests");
        check(&guest, "SELECT exhausted()", "out of memory");
    }
}

/// Guests learn nothing of attached databases, and of their own tables what they always do.
#[test]
fn tables_of_attached_databases_stay_unknown() {
    for guest in guest::load(&build(&[]).wasm).iter().filter(|guest| guest.runs_sql()) {
        for sql in [
            "CREATE TABLE near(a INTEGER)",
            "CREATE TEMP TABLE passing(a REAL)",
            "ATTACH ':memory:' AS other",
            "CREATE TABLE other.far(a TEXT)",
        ] {
            guest.ask(sql, &[]).unwrap().unwrap();
        }
        check(
            guest,
            "SELECT type_of(NULL, 'near'), type_of('main', 'near')",
            "Text(\"INTEGER\") Text(\"INTEGER\")",
        );
        check(guest, "SELECT type_of(NULL, 'passing')", "REAL");
        check(guest, "SELECT type_of(NULL, 'far')", "no such table column: far.a");
        check(guest, "SELECT type_of('other', 'far')", "attached databases are not for guests");
    }
}

/// SQLite has no place for it, so a program with its own driver asks for it.
#[test]
fn the_error_of_a_table_that_cannot_be_dropped_is_told() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extensions/table.c");
    let built = Build { sources: vec![source], ..Build::default() }.run().unwrap();
    for guest in guest::load(&built.wasm).iter().filter(|guest| !guest.has_no_tables()) {
        check(guest, "CREATE VIRTUAL TABLE kept USING store(a, fail=destroy)", "");
        check(guest, "DROP TABLE kept", "destroy failed, main.kept");
        check(guest, "SELECT count(*) FROM kept", "Integer(0)");
        check(guest, "SELECT missing", "no such column");
    }
}
