/*
** Virtual tables that do what C allows: `h_table('…')` goes wrong in one way while it is read, and
** `CREATE VIRTUAL TABLE t USING h_made(…)` while it is made or written.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

#define WILD ((void *)(size_t)0xfffffff0)

typedef struct Table {
  sqlite3_vtab base;
  char how[40];
} Table;

typedef struct Cursor {
  sqlite3_vtab_cursor base;
  char how[40];
  int row;
} Cursor;

static int depth(volatile int *n) {
  volatile int here[64];
  here[0] = *n + 1;
  return depth(here) + here[0];
}

static int recursion(void) {
  int start = 0;
  return depth(&start);
}

static void forever(void) {
  volatile int i = 0;
  for (;;) i++;
}

/* What goes wrong in the same way in every method. */
static int anywhere(const char *how, const char *method, sqlite3_vtab *table) {
  int len = (int)strlen(method);
  if (strncmp(how, method, len) != 0) return SQLITE_OK;
  how += len;
  if (!strcmp(how, "_traps")) abort();
  if (!strcmp(how, "_forever")) forever();
  if (!strcmp(how, "_recursion")) return recursion();
  if (!strcmp(how, "_words")) table->zErrMsg = WILD;
  if (!strcmp(how, "_interrupts")) return SQLITE_INTERRUPT;
  if (!strcmp(how, "_retries")) return SQLITE_SCHEMA;
  return SQLITE_ERROR;
}

static int h_connect(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  const char *how = argc > 3 ? argv[3] : "";
  sqlite3_vtab unused;
  Table *new = sqlite3_malloc(sizeof *new);
  int code = anywhere(how, "connect", &unused);
  memset(new, 0, sizeof *new);
  strncpy(new->how, how, sizeof new->how - 1);
  *table = &new->base;
  if (!strcmp(how, "no_table")) *table = 0;
  if (!strcmp(how, "wild_table")) *table = WILD;
  if (!strcmp(how, "wild_message")) *error = WILD;
  if (!strcmp(how, "wild_message")) return SQLITE_ERROR;
  if (!strcmp(how, "wild_declaration")) return sqlite3_declare_vtab(db, WILD);
  if (!strcmp(how, "no_declaration")) return SQLITE_OK;
  if (!strcmp(how, "no_sql")) return sqlite3_declare_vtab(db, "CREATE TABLE x((");
  if (!strcmp(how, "no_text")) return sqlite3_declare_vtab(db, "CREATE TABLE x(\xff\xfe)");
  if (!strcmp(how, "many_columns")) {
    char *sql = sqlite3_malloc(200000);
    memset(sql, 'a', 199999);
    for (int i = 1; i < 199998; i += 2) sql[i] = ',';
    memcpy(sql, "CREATE TABLE x(", 15);
    strcpy(sql + 199990, "b,c,d)");
    sqlite3_declare_vtab(db, sql);
    return SQLITE_OK;
  }
  sqlite3_declare_vtab(db, "CREATE TABLE x(a, b, how HIDDEN)");
  if (!strcmp(how, "twice")) return sqlite3_declare_vtab(db, "CREATE TABLE x(a)");
  return code;
}

static int h_create(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  return h_connect(db, data, argc, argv, table, error);
}

static int h_disconnect(sqlite3_vtab *table) {
  Table *own = (Table *)table;
  anywhere(own->how, "disconnect", table);
  sqlite3_free(own);
  return SQLITE_OK;
}

static int h_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  sqlite3_value *value = 0;
  const char *how = "";
  for (int i = 0; i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn != 2 || !info->aConstraint[i].usable) continue;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    if (sqlite3_vtab_rhs_value(info, i, &value) == SQLITE_OK) {
      how = (const char *)sqlite3_value_text(value);
    }
  }
  if (!how) how = "";
  if (!strcmp(how, "wild_plan")) info->idxStr = WILD;
  if (!strcmp(how, "freed_plan")) info->idxStr = WILD, info->needToFreeIdxStr = 1;
  if (!strcmp(how, "plan_is_no_text")) info->idxStr = "\xff\xfe";
  if (!strcmp(how, "long_plan")) {
    info->idxStr = sqlite3_malloc(100 << 10);
    memset(info->idxStr, 'x', (100 << 10) - 1);
    info->idxStr[(100 << 10) - 1] = 0;
    info->needToFreeIdxStr = 1;
  }
  if (!strcmp(how, "gap")) info->aConstraintUsage[0].argvIndex = 3;
  if (!strcmp(how, "far_position")) info->aConstraintUsage[0].argvIndex = 1000000;
  if (!strcmp(how, "same_position")) {
    for (int i = 0; i < info->nConstraint; i++) info->aConstraintUsage[i].argvIndex = 1;
  }
  if (!strcmp(how, "costs")) info->estimatedCost = 0.0 / (double)(info->nConstraint - 1);
  if (!strcmp(how, "rows")) info->estimatedRows = -5;
  if (!strcmp(how, "overflow")) memset(info->aConstraintUsage, 1, 5000);
  if (!strcmp(how, "far_overflow")) memset(info->aConstraintUsage, 1, 1 << 30);
  if (!strcmp(how, "far_asking")) {
    sqlite3_vtab_collation(info, 1 << 30);
    sqlite3_vtab_in(info, -7, 1);
    sqlite3_vtab_rhs_value(info, 1 << 30, &value);
  }
  return anywhere(how, "best_index", table);
}

static int h_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  Table *own = (Table *)table;
  Cursor *new;
  int code = anywhere(own->how, "open", table);
  if (code) return code;
  new = sqlite3_malloc(sizeof *new);
  memset(new, 0, sizeof *new);
  *cursor = &new->base;
  if (!strcmp(own->how, "no_cursor")) *cursor = 0;
  if (!strcmp(own->how, "wild_cursor")) *cursor = WILD;
  return SQLITE_OK;
}

static int h_close(sqlite3_vtab_cursor *cursor) {
  Cursor *own = (Cursor *)cursor;
  anywhere(own->how, "close", cursor->pVtab);
  if (!strcmp(own->how, "freed_twice")) sqlite3_free(own);
  sqlite3_free(own);
  return SQLITE_OK;
}

static int h_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
    sqlite3_value **argv) {
  Cursor *own = (Cursor *)cursor;
  sqlite3_value *value;
  own->row = 0;
  if (argc > 0 && sqlite3_value_text(argv[0])) {
    strncpy(own->how, (const char *)sqlite3_value_text(argv[0]), sizeof own->how - 1);
  }
  if (!strcmp(own->how, "no_list")) {
    sqlite3_vtab_in_next(argv[0], &value);
    sqlite3_vtab_in_first(0, &value);
    return sqlite3_vtab_in_first(WILD, &value);
  }
  return anywhere(own->how, "filter", cursor->pVtab);
}

static int h_next(sqlite3_vtab_cursor *cursor) {
  Cursor *own = (Cursor *)cursor;
  own->row++;
  return anywhere(own->how, "next", cursor->pVtab);
}

static int h_eof(sqlite3_vtab_cursor *cursor) {
  Cursor *own = (Cursor *)cursor;
  if (anywhere(own->how, "eof", cursor->pVtab)) return 0;
  if (!strcmp(own->how, "endless")) return 0;
  return own->row >= 500;
}

static int h_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  Cursor *own = (Cursor *)cursor;
  const char *how = own->how;
  int code = anywhere(how, "column", cursor->pVtab);
  if (code) return code;
  sqlite3_result_int(context, own->row);
  if (column != 1) return SQLITE_OK;
  if (!strcmp(how, "wild_value")) sqlite3_result_text(context, WILD, 100, SQLITE_STATIC);
  if (!strcmp(how, "wild_error")) sqlite3_result_error(context, WILD, 100);
  if (!strcmp(how, "wild_destructor")) {
    sqlite3_result_text(context, "x", 1, (void (*)(void *))(size_t)12345);
  }
  if (!strcmp(how, "no_utf8")) sqlite3_result_text(context, "\xff", 1, SQLITE_STATIC);
  if (!strcmp(how, "big")) sqlite3_result_blob(context, calloc(1, 1 << 20), 1 << 20, free);
  if (!strcmp(how, "huge")) sqlite3_result_zeroblob(context, 900000000);
  if (!strcmp(how, "hoard")) {
    while (sqlite3_malloc(1 << 20)) {
    }
  }
  if (!strcmp(how, "reaches_out")) {
    sqlite3_declare_vtab(0, "CREATE TABLE x(a)");
    sqlite3_get_auxdata(context, 0);
    sqlite3_set_auxdata(context, 0, own, 0);
    sqlite3_aggregate_context(context, 10);
  }
  return SQLITE_OK;
}

static int h_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  *rowid = ((Cursor *)cursor)->row;
  return anywhere(((Cursor *)cursor)->how, "rowid", cursor->pVtab);
}

static int h_update(sqlite3_vtab *table, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  return anywhere(((Table *)table)->how, "update", table);
}

static int h_sync(sqlite3_vtab *table) { return anywhere(((Table *)table)->how, "sync", table); }
static int h_begin(sqlite3_vtab *table) { return anywhere(((Table *)table)->how, "begin", table); }
static int h_commit(sqlite3_vtab *table) { return anywhere(((Table *)table)->how, "commit", table); }
static int h_rollback(sqlite3_vtab *table) {
  return anywhere(((Table *)table)->how, "rollback", table);
}

static int h_find_function(sqlite3_vtab *table, int argc, const char *name,
    void (**function)(sqlite3_context *, int, sqlite3_value **), void **data) {
  const char *how = ((Table *)table)->how;
  anywhere(how, "find_function", table);
  *function = 0;
  if (!strcmp(how, "wild_function")) *function = (void (*)(sqlite3_context *, int, sqlite3_value **))WILD;
  return !strcmp(how, "operator") ? 1000 : strstr(how, "function") != 0;
}

static int h_rename(sqlite3_vtab *table, const char *name) {
  return anywhere(((Table *)table)->how, "rename", table);
}

static int h_destroy(sqlite3_vtab *table) {
  int code = anywhere(((Table *)table)->how, "destroy", table);
  return code ? code : h_disconnect(table);
}

static const sqlite3_module h_table = {
    0, 0, h_connect, h_best_index, h_disconnect, 0, h_open, h_close, h_filter, h_next, h_eof,
    h_column, h_rowid,
};

static const sqlite3_module h_made = {
    0, h_create, h_connect, h_best_index, h_disconnect, h_destroy, h_open, h_close, h_filter, h_next,
    h_eof, h_column, h_rowid, h_update, h_begin, h_sync, h_commit, h_rollback, h_find_function,
    h_rename,
};

static void h_fine(sqlite3_context *context, int argc, sqlite3_value **argv) {
  sqlite3_result_value(context, argv[0]);
}

int sqlite3_hostiletable_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  sqlite3_create_function(db, "h_fine", 1, SQLITE_UTF8, 0, h_fine, 0, 0);
  sqlite3_create_module(db, "h_table", &h_table, 0);
  sqlite3_create_module(db, "h_made", &h_made, 0);
  return sqlite3_overload_function(db, "h_overloaded", 1);
}
