/*
** An extension for the tests: a virtual table that runs a statement in one of its methods. Its arguments
** choose both. The column answer shows the result.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <string.h>

typedef struct Table {
  sqlite3_vtab base;
  sqlite3 *db;
  char *method, *sql, *answer;
} Table;

typedef struct Cursor {
  sqlite3_vtab_cursor base;
  int row;
} Cursor;

/* Runs the statement, if this is the method for it. */
static void act(Table *table, const char *method) {
  char *message = 0;
  int code;
  if (strcmp(method, table->method)) return;
  code = sqlite3_exec(table->db, table->sql, 0, 0, &message);
  sqlite3_free(table->answer);
  table->answer = sqlite3_mprintf("%d %s", code, message ? message : "-");
  sqlite3_free(message);
}

/* An argument of CREATE VIRTUAL TABLE without its quotes. */
static char *unquoted(const char *argument) {
  int len = (int)strlen(argument);
  char *text;
  if (len < 2 || argument[0] != '\'') return sqlite3_mprintf("%s", argument);
  text = sqlite3_mprintf("%.*s", len - 2, argument + 1);
  return text;
}

static int x_connect(sqlite3 *db, void *data, int count, const char *const *arguments,
    sqlite3_vtab **out, char **error) {
  Table *table = sqlite3_malloc(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  memset(table, 0, sizeof *table);
  table->db = db;
  table->method = unquoted(count > 3 ? arguments[3] : "");
  table->sql = unquoted(count > 4 ? arguments[4] : "");
  *out = &table->base;
  act(table, "connect");
  return sqlite3_declare_vtab(db, "CREATE TABLE x(answer)");
}

static int x_create(sqlite3 *db, void *data, int count, const char *const *arguments,
    sqlite3_vtab **out, char **error) {
  int code = x_connect(db, data, count, arguments, out, error);
  if (code == SQLITE_OK) act((Table *)*out, "create");
  return code;
}

static int x_disconnect(sqlite3_vtab *vtab) {
  Table *table = (Table *)vtab;
  act(table, "disconnect");
  sqlite3_free(table->method);
  sqlite3_free(table->sql);
  sqlite3_free(table->answer);
  sqlite3_free(table);
  return SQLITE_OK;
}

static int x_destroy(sqlite3_vtab *vtab) {
  act((Table *)vtab, "destroy");
  return x_disconnect(vtab);
}

static int x_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  act((Table *)vtab, "best_index");
  info->estimatedCost = 1;
  return SQLITE_OK;
}

static int x_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  Cursor *cursor = sqlite3_malloc(sizeof *cursor);
  if (!cursor) return SQLITE_NOMEM;
  memset(cursor, 0, sizeof *cursor);
  *out = &cursor->base;
  act((Table *)vtab, "open");
  return SQLITE_OK;
}

static int x_close(sqlite3_vtab_cursor *cursor) {
  act((Table *)cursor->pVtab, "close");
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int x_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int count,
    sqlite3_value **values) {
  ((Cursor *)cursor)->row = 0;
  act((Table *)cursor->pVtab, "filter");
  return SQLITE_OK;
}

static int x_next(sqlite3_vtab_cursor *cursor) {
  ((Cursor *)cursor)->row++;
  act((Table *)cursor->pVtab, "next");
  return SQLITE_OK;
}

static int x_eof(sqlite3_vtab_cursor *cursor) { return ((Cursor *)cursor)->row >= 2; }

static int x_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  Table *table = (Table *)cursor->pVtab;
  act(table, "column");
  sqlite3_result_text(context, table->answer ? table->answer : "-", -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

static int x_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  *rowid = ((Cursor *)cursor)->row;
  return SQLITE_OK;
}

static int x_update(sqlite3_vtab *vtab, int count, sqlite3_value **values, sqlite3_int64 *rowid) {
  act((Table *)vtab, "update");
  *rowid = 1;
  return SQLITE_OK;
}

static int x_begin(sqlite3_vtab *vtab) { return act((Table *)vtab, "begin"), SQLITE_OK; }
static int x_sync(sqlite3_vtab *vtab) { return act((Table *)vtab, "sync"), SQLITE_OK; }
static int x_commit(sqlite3_vtab *vtab) { return act((Table *)vtab, "commit"), SQLITE_OK; }
static int x_rollback(sqlite3_vtab *vtab) { return act((Table *)vtab, "rollback"), SQLITE_OK; }

static int x_rename(sqlite3_vtab *vtab, const char *name) {
  return act((Table *)vtab, "rename"), SQLITE_OK;
}

static const sqlite3_module methods = {0, x_create, x_connect, x_best_index, x_disconnect,
    x_destroy, x_open, x_close, x_filter, x_next, x_eof, x_column, x_rowid, x_update, x_begin,
    x_sync, x_commit, x_rollback, 0, x_rename};

int sqlite3_hostilesql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  return sqlite3_create_module(db, "hostile_sql", &methods, 0);
}
