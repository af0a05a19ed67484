/*
** An extension for the tests. It calls each function for statements, bindings, columns and blobs, so that its
** answers can be compared with SQLite's own. Answers are texts that include errors.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

typedef sqlite3_context C;
typedef sqlite3_value V;
typedef sqlite3_stmt S;

static const char *text(V *v) { return (const char *)sqlite3_value_text(v); }

static void answer(C *c, sqlite3_str *s) {
  char *z = sqlite3_str_finish(s);
  sqlite3_result_text(c, z ? z : "", -1, SQLITE_TRANSIENT);
  sqlite3_free(z);
}

/* The code, and the connection's codes and message. */
static void note(sqlite3_str *s, sqlite3 *db, const char *what, int rc) {
  sqlite3_str_appendf(s, "%s=%d/%d:%s;", what, rc, sqlite3_errcode(db), sqlite3_errmsg(db));
}

static void note_value(sqlite3_str *s, V *v) {
  int i, type = sqlite3_value_type(v), n = sqlite3_value_bytes(v);
  if (type == SQLITE_BLOB) {
    const unsigned char *p = sqlite3_value_blob(v);
    sqlite3_str_appendf(s, "x");
    for (i = 0; i < n; i++) sqlite3_str_appendf(s, "%02x", p[i]);
  } else {
    sqlite3_str_appendf(s, "%d:%s", type, text(v));
  }
  sqlite3_str_appendf(s, "(%d),", n);
}

/* All rows of all statements, with parameters in order, by sqlite3_column_value. */
static void rows(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  const char *sql = text(v[0]);
  while (sql && *sql) {
    S *stmt;
    int i, rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &sql);
    note(s, db, "prepare", rc);
    if (rc) break;
    if (!stmt) {
      sqlite3_str_appendf(s, "nothing;");
      continue;
    }
    sqlite3_str_appendf(s, "[%s] rest [%s] parameters %d readonly %d busy %d;", sqlite3_sql(stmt), sql,
        sqlite3_bind_parameter_count(stmt), sqlite3_stmt_readonly(stmt), sqlite3_stmt_busy(stmt));
    for (i = 1; i < n; i++) note(s, db, "bind", sqlite3_bind_value(stmt, i, v[i]));
    for (i = 0; i < sqlite3_column_count(stmt); i++) {
      sqlite3_str_appendf(s, "%s:%s,", sqlite3_column_name(stmt, i), sqlite3_column_decltype(stmt, i));
    }
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
      sqlite3_str_appendf(s, "row of %d busy %d:", sqlite3_data_count(stmt), sqlite3_stmt_busy(stmt));
      for (i = 0; i < sqlite3_column_count(stmt); i++) note_value(s, sqlite3_column_value(stmt, i));
    }
    note(s, db, "step", rc);
    sqlite3_str_appendf(s, "data %d busy %d;", sqlite3_data_count(stmt), sqlite3_stmt_busy(stmt));
    note(s, db, "reset", sqlite3_reset(stmt));
    note(s, db, "finalize", sqlite3_finalize(stmt));
  }
  answer(c, s);
}

/* A parameter that is bound in every way and read in every way. */
static void bound(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  const char *how = text(v[0]);
  S *stmt = 0;
  int rc = sqlite3_prepare_v3(db, "SELECT ?1, typeof(?1), hex(?1) and more", 30, 0, &stmt, 0);
  note(s, db, "prepare", rc);
  if (how && !strcmp(how, "int")) rc = sqlite3_bind_int(stmt, 1, sqlite3_value_int(v[1]));
  else if (how && !strcmp(how, "int64")) rc = sqlite3_bind_int64(stmt, 1, sqlite3_value_int64(v[1]));
  else if (how && !strcmp(how, "double")) rc = sqlite3_bind_double(stmt, 1, sqlite3_value_double(v[1]));
  else if (how && !strcmp(how, "null")) rc = sqlite3_bind_null(stmt, 1);
  else if (how && !strcmp(how, "text")) rc = sqlite3_bind_text(stmt, 1, text(v[1]), -1, SQLITE_STATIC);
  else if (how && !strcmp(how, "text of a length")) {
    const char *z = text(v[1]);
    rc = sqlite3_bind_text(stmt, 1, z, z && *z > 0 ? 1 : 0, SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "own text")) {
    rc = sqlite3_bind_text(stmt, 1, sqlite3_mprintf("<%s>", text(v[1])), -1, sqlite3_free);
  } else if (how && !strcmp(how, "text64")) {
    const char *z = text(v[1]);
    rc = sqlite3_bind_text64(stmt, 1, z, z ? strlen(z) : 0, SQLITE_TRANSIENT, SQLITE_UTF8);
  } else if (how && !strcmp(how, "text16")) {
    const void *wide = sqlite3_value_text16(v[1]);
    rc = sqlite3_bind_text16(stmt, 1, wide, sqlite3_value_bytes16(v[1]), SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "text16 to its end")) {
    rc = sqlite3_bind_text16(stmt, 1, sqlite3_value_text16(v[1]), -1, SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "bytes of text16")) {
    const void *p = sqlite3_value_blob(v[1]);
    rc = sqlite3_bind_text16(stmt, 1, p, sqlite3_value_bytes(v[1]), SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "bytes of text16be")) {
    const void *p = sqlite3_value_blob(v[1]);
    rc = sqlite3_bind_text64(
        stmt, 1, p, sqlite3_value_bytes(v[1]), SQLITE_TRANSIENT, SQLITE_UTF16BE);
  } else if (how && !strcmp(how, "blob")) {
    const void *p = sqlite3_value_blob(v[1]);
    rc = sqlite3_bind_blob(stmt, 1, p, sqlite3_value_bytes(v[1]), SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "blob64")) {
    const void *p = sqlite3_value_blob(v[1]);
    rc = sqlite3_bind_blob64(stmt, 1, p, sqlite3_value_bytes(v[1]), SQLITE_TRANSIENT);
  } else if (how && !strcmp(how, "zeroblob")) {
    rc = sqlite3_bind_zeroblob(stmt, 1, sqlite3_value_int(v[1]) & 255);
  } else if (how && !strcmp(how, "zeroblob64")) {
    rc = sqlite3_bind_zeroblob64(stmt, 1, sqlite3_value_int(v[1]) & 255);
  } else if (how && !strcmp(how, "pointer")) {
    rc = sqlite3_bind_pointer(stmt, 1, sqlite3_malloc(8), "type", sqlite3_free);
  } else {
    rc = sqlite3_bind_value(stmt, 1, v[1]);
  }
  note(s, db, "bind", rc);
  note(s, db, "out of range", sqlite3_bind_int(stmt, 2, 1));
  note(s, db, "out of range", sqlite3_bind_text(stmt, 0, sqlite3_mprintf("x"), -1, sqlite3_free));
  rc = sqlite3_step(stmt);
  note(s, db, "step", rc);
  note(s, db, "busy", sqlite3_bind_int(stmt, 1, 1));
  sqlite3_str_appendf(s, "%d,%d,%lld,", sqlite3_column_type(stmt, 0), sqlite3_column_int(stmt, 0),
      sqlite3_column_int64(stmt, 0));
  sqlite3_str_appendf(s, "%!.17g,%s,%s,", sqlite3_column_double(stmt, 0), sqlite3_column_text(stmt, 1),
      sqlite3_column_text(stmt, 2));
  sqlite3_str_appendf(s, "%d,", sqlite3_column_bytes(stmt, 0));
  if (sqlite3_column_type(stmt, 0) != SQLITE_BLOB) {
    sqlite3_str_appendf(s, "%s,", sqlite3_column_text(stmt, 0));
    sqlite3_str_appendf(s, "%d,", sqlite3_column_text16(stmt, 0) != 0);
    sqlite3_str_appendf(s, "%d,", sqlite3_column_bytes16(stmt, 0));
    sqlite3_str_appendf(s, "%d,", sqlite3_column_blob(stmt, 0) != 0);
  }
  sqlite3_str_appendf(s, "%d,", sqlite3_column_type(stmt, 0));
  sqlite3_str_appendf(s, "%d,%d,", sqlite3_column_type(stmt, 3), sqlite3_column_int(stmt, -1));
  note(s, db, "range", 0);
  sqlite3_str_appendf(s, "%d,", sqlite3_column_name(stmt, 3) == 0);
  note(s, db, "end", sqlite3_step(stmt));
  sqlite3_str_appendf(s, "%d;", sqlite3_column_type(stmt, 0));
  /* A step after the end starts again, and bindings stay until they are cleared. */
  note(s, db, "again", sqlite3_step(stmt));
  sqlite3_str_appendf(s, "%s;", sqlite3_column_text(stmt, 2));
  note(s, db, "reset", sqlite3_reset(stmt));
  note(s, db, "clear", sqlite3_clear_bindings(stmt));
  note(s, db, "step", sqlite3_step(stmt));
  sqlite3_str_appendf(s, "%s;", sqlite3_column_text(stmt, 1));
  note(s, db, "finalize", sqlite3_finalize(stmt));
  answer(c, s);
}

/* Everything about a statement's parameters and columns. */
static void described(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  S *stmt;
  int i;
  note(s, db, "prepare", sqlite3_prepare(db, text(v[0]), -1, &stmt, 0));
  sqlite3_str_appendf(s, "%d of %d;", sqlite3_bind_parameter_index(stmt, text(v[1])),
      sqlite3_bind_parameter_count(stmt));
  for (i = -1; i <= sqlite3_bind_parameter_count(stmt) + 1; i++) {
    sqlite3_str_appendf(s, "%s,", sqlite3_bind_parameter_name(stmt, i));
  }
  for (i = -1; stmt && i <= sqlite3_column_count(stmt); i++) {
    sqlite3_str_appendf(s, "%s,", sqlite3_column_name(stmt, i));
  }
  sqlite3_str_appendf(s, "%d;", stmt == 0 || sqlite3_db_handle(stmt) == db);
  note(s, db, "finalize", sqlite3_finalize(stmt));
  answer(c, s);
}

static int each(void *data, int n, char **values, char **names) {
  sqlite3_str *s = data;
  int i;
  for (i = 0; i < n; i++) sqlite3_str_appendf(s, "%s=%s,", names[i], values[i]);
  return n > 2;
}

static void executed(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  char *error = 0;
  int rc = sqlite3_exec(db, text(v[0]), n > 1 ? 0 : each, s, &error);
  note(s, db, "exec", rc);
  sqlite3_str_appendf(s, "%s", error);
  sqlite3_free(error);
  answer(c, s);
}

static void tabled(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  char *error = 0, **cells = 0;
  int i, rows = 0, columns = 0;
  int rc = sqlite3_get_table(db, text(v[0]), &cells, &rows, &columns, &error);
  note(s, db, "table", rc);
  sqlite3_str_appendf(s, "%d rows of %d, %s:", rows, columns, error);
  for (i = 0; cells && i < (rows + 1) * columns; i++) sqlite3_str_appendf(s, "%s,", cells[i]);
  sqlite3_free_table(cells);
  sqlite3_free(error);
  answer(c, s);
}

/* How many rows a statement has changed. */
static void changed(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  int before = sqlite3_total_changes(db);
  int rc = sqlite3_exec(db, text(v[0]), 0, 0, 0);
  note(s, db, "exec", rc);
  sqlite3_str_appendf(s, "%d %lld %d %lld %d", sqlite3_changes(db), sqlite3_changes64(db),
      sqlite3_total_changes(db) - before, sqlite3_last_insert_rowid(db), sqlite3_get_autocommit(db));
  answer(c, s);
}

static void completed(C *c, int n, V **v) {
  const char *z = text(v[0]);
  if (z) sqlite3_result_int(c, sqlite3_complete(z));
}

/* A value that is opened, read, written and read again, and then the value of another row. */
static void opened(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  sqlite3_blob *blob = 0;
  int writable = sqlite3_value_int(v[2]), at = sqlite3_value_int(v[3]);
  char buffer[4] = "";
  int rc = sqlite3_blob_open(db, "main", "blobs", "value", sqlite3_value_int64(v[0]), writable, &blob);
  sqlite3_str_appendf(s, "open=%d:%s;", rc, rc ? sqlite3_errmsg(db) : "");
  if (rc == SQLITE_OK) {
    sqlite3_str_appendf(s, "%d bytes;", sqlite3_blob_bytes(blob));
    rc = sqlite3_blob_read(blob, buffer, 3, at);
    sqlite3_str_appendf(s, "read=%d:%.3s;", rc, buffer);
    rc = sqlite3_blob_write(blob, "new", 3, at);
    sqlite3_str_appendf(s, "write=%d;", rc);
    rc = sqlite3_blob_reopen(blob, sqlite3_value_int64(v[1]));
    sqlite3_str_appendf(s, "reopen=%d:%s;", rc, rc ? sqlite3_errmsg(db) : "");
    rc = sqlite3_blob_read(blob, buffer, 1, 0);
    sqlite3_str_appendf(s, "read=%d:%.1s;", rc, buffer);
    sqlite3_str_appendf(s, "%d bytes;", sqlite3_blob_bytes(blob));
    sqlite3_str_appendf(s, "close=%d", sqlite3_blob_close(blob));
  }
  answer(c, s);
}

static void metadata(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  const char *type = 0;
  int not_null = 0, primary_key = 0;
  int rc = sqlite3_table_column_metadata(
      db, text(v[0]), text(v[1]), text(v[2]), &type, 0, &not_null, &primary_key, 0);
  sqlite3_str *s = sqlite3_str_new(db);
  note(s, db, "metadata", rc);
  if (rc == SQLITE_OK) sqlite3_str_appendf(s, "%s %d %d", type, not_null, primary_key);
  answer(c, s);
}

/* Statements that are open at the same time, in order. */
static void listed(C *c, int n, V **v) {
  sqlite3 *db = sqlite3_context_db_handle(c);
  sqlite3_str *s = sqlite3_str_new(db);
  S *one, *two, *it;
  sqlite3_prepare_v2(db, "SELECT 'one'", -1, &one, 0);
  sqlite3_prepare_v2(db, "SELECT 'two'", -1, &two, 0);
  sqlite3_step(one);
  sqlite3_step(two);
  sqlite3_str_appendf(s, "%s%s", sqlite3_column_text(one, 0), sqlite3_column_text(two, 0));
  for (it = sqlite3_next_stmt(db, 0); it; it = sqlite3_next_stmt(db, it)) {
    if (it == one || it == two) sqlite3_str_appendf(s, ",%s", sqlite3_sql(it));
  }
  sqlite3_finalize(one);
  sqlite3_finalize(two);
  answer(c, s);
}

static int prepares(sqlite3 *db, const char *sql) {
  S *stmt = 0;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, 0);
  sqlite3_finalize(stmt);
  return rc;
}

/* 1 if the entry point may not run SQL, which is so only in guests. */
static int refused;

static void is_refused(C *c, int n, V **v) {
  sqlite3_result_int(c, refused || prepares(sqlite3_context_db_handle(c), "SELECT 1") == SQLITE_OK);
}

int sqlite3_sql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    int n;
    void (*call)(C *, int, V **);
  } functions[] = {
      {"rows", -1, rows}, {"bound", 2, bound}, {"described", 2, described}, {"executed", 1, executed},
      {"executed", 2, executed}, {"tabled", 1, tabled}, {"changed", 1, changed},
      {"completed", 1, completed}, {"opened", 4, opened}, {"metadata", 3, metadata},
      {"listed", 0, listed}, {"is_refused", 0, is_refused},
  };
  int i, rc = SQLITE_OK;
  SQLITE_EXTENSION_INIT2(api);
  /* The same as in the Rust driver that loads this to compare. */
  sqlite3_extended_result_codes(db, 1);
  refused = prepares(db, "SELECT 1") != SQLITE_OK;
  for (i = 0; rc == SQLITE_OK && i < (int)(sizeof functions / sizeof *functions); i++) {
    rc = sqlite3_create_function(
        db, functions[i].name, functions[i].n, SQLITE_UTF8, 0, functions[i].call, 0, 0);
  }
  return rc;
}
