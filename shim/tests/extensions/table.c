/*
** An extension for the tests: virtual tables that use every method and report what each of them got, so that
** it can be compared with SQLite.
**
** `store(column…, option…)` keeps rows in memory, with transactions. Its hidden column `plan` shows what
** xBestIndex and xFilter got, and `wrote` what the last xUpdate got. Options:
**   fail=METHOD   the method fails with the table's own message; silent=METHOD: without a message
**   in            takes all values of an IN on the first column at once
**   ordered       returns rows in the requested order of the rowid
**   conflict      follows the statement's conflict clause
** The first value of a row can make it fail: 'column', 'code' and 'rowid' fail in what they name, 'next' when
** the cursor moves to the row.
**
** `declared('…')` declares the text, and has one row with the numbers of its columns.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 8, SAVEPOINTS_MAX = 32 };

typedef struct Row {
  sqlite3_int64 rowid;
  sqlite3_value *values[COLUMNS_MAX];
} Row;

typedef struct Rows {
  int count;
  Row *rows;
} Rows;

typedef struct Store {
  sqlite3_vtab base;
  sqlite3 *db;
  char *name;
  int columns;
  char *fail;
  char *silent;
  int in, ordered, conflict;
  char *wrote;
  Rows now, begun, saved[SAVEPOINTS_MAX];
} Store;

typedef struct Scan {
  sqlite3_vtab_cursor base;
  char *plan;
  int at, step;
  /* Overwritten by each row. */
  char text[COLUMNS_MAX][64];
} Scan;

/* Rows */

static void rows_clear(Rows *rows) {
  for (int i = 0; i < rows->count; i++) {
    for (int j = 0; j < COLUMNS_MAX; j++) sqlite3_value_free(rows->rows[i].values[j]);
  }
  sqlite3_free(rows->rows);
  *rows = (Rows){0};
}

static void rows_copy(Rows *to, const Rows *from) {
  rows_clear(to);
  to->rows = sqlite3_malloc64((from->count + 1) * sizeof(Row));
  memset(to->rows, 0, (from->count + 1) * sizeof(Row));
  to->count = from->count;
  for (int i = 0; i < from->count; i++) {
    to->rows[i].rowid = from->rows[i].rowid;
    for (int j = 0; j < COLUMNS_MAX; j++) {
      to->rows[i].values[j] = sqlite3_value_dup(from->rows[i].values[j]);
    }
  }
}

/* The index of a rowid: that of its row, or where it would be. */
static int rows_place(const Rows *rows, sqlite3_int64 rowid) {
  int at = 0;
  while (at < rows->count && rows->rows[at].rowid < rowid) at++;
  return at;
}

static int rows_has(const Rows *rows, sqlite3_int64 rowid) {
  int at = rows_place(rows, rowid);
  return at < rows->count && rows->rows[at].rowid == rowid;
}

static void rows_remove(Rows *rows, sqlite3_int64 rowid) {
  int at = rows_place(rows, rowid);
  if (!rows_has(rows, rowid)) return;
  for (int j = 0; j < COLUMNS_MAX; j++) sqlite3_value_free(rows->rows[at].values[j]);
  memmove(rows->rows + at, rows->rows + at + 1, (rows->count - at - 1) * sizeof(Row));
  rows->count--;
}

static void rows_insert(Rows *rows, sqlite3_int64 rowid, int columns, sqlite3_value **values) {
  int at = rows_place(rows, rowid);
  rows->rows = sqlite3_realloc64(rows->rows, (rows->count + 1) * sizeof(Row));
  memmove(rows->rows + at + 1, rows->rows + at, (rows->count - at) * sizeof(Row));
  memset(&rows->rows[at], 0, sizeof(Row));
  rows->rows[at].rowid = rowid;
  for (int j = 0; j < columns; j++) rows->rows[at].values[j] = sqlite3_value_dup(values[j]);
  rows->count++;
}

/* What methods report */

static void tell(sqlite3_str *s, sqlite3_value *value) {
  int type = sqlite3_value_type(value);
  sqlite3_str_appendf(s, "%d%s:", type, sqlite3_value_nochange(value) ? "=" : "");
  if (type == SQLITE_BLOB) {
    sqlite3_str_appendf(s, "%d bytes ", sqlite3_value_bytes(value));
  } else {
    sqlite3_str_appendf(s, "%s ", type == SQLITE_NULL ? "-" : (char *)sqlite3_value_text(value));
  }
}

static int fails(Store *store, const char *method) {
  if (store->fail && strcmp(store->fail, method) == 0) {
    store->base.zErrMsg = sqlite3_mprintf("%s failed, %s", method, store->name);
    return SQLITE_ERROR;
  }
  return store->silent && strcmp(store->silent, method) == 0 ? SQLITE_READONLY : SQLITE_OK;
}

/* Tables */

static const char *option(const char *argument, const char *name) {
  int len = (int)strlen(name);
  return strncmp(argument, name, len) == 0 ? argument + len : 0;
}

static int make(sqlite3 *db, void *data, int argc, const char *const *argv, sqlite3_vtab **table,
    char **error, const char *method) {
  Store *store = sqlite3_malloc(sizeof *store);
  sqlite3_str *s = sqlite3_str_new(db);
  char *sql;
  int i, code;
  memset(store, 0, sizeof *store);
  store->db = db;
  store->name = sqlite3_mprintf("%s.%s", argv[1], argv[2]);
  sqlite3_str_appendf(s, "CREATE TABLE x(");
  for (i = 3; i < argc; i++) {
    const char *value;
    if ((value = option(argv[i], "fail=")) != 0) store->fail = sqlite3_mprintf("%s", value);
    else if ((value = option(argv[i], "silent=")) != 0) store->silent = sqlite3_mprintf("%s", value);
    else if (strcmp(argv[i], "in") == 0) store->in = 1;
    else if (strcmp(argv[i], "ordered") == 0) store->ordered = 1;
    else if (strcmp(argv[i], "conflict") == 0) store->conflict = 1;
    else if (store->columns < COLUMNS_MAX) {
      sqlite3_str_appendf(s, "%s, ", argv[i]);
      store->columns++;
    }
  }
  sqlite3_str_appendf(s, "plan HIDDEN, wrote HIDDEN)");
  sql = sqlite3_str_finish(s);
  code = sqlite3_declare_vtab(db, sql);
  sqlite3_free(sql);
  if (store->conflict) sqlite3_vtab_config(db, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  if (code == SQLITE_OK) code = fails(store, method);
  if (code != SQLITE_OK) {
    *error = store->base.zErrMsg;
    sqlite3_free(store);
    return code;
  }
  *table = &store->base;
  return SQLITE_OK;
}

static int store_create(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  return make(db, data, argc, argv, table, error, "create");
}

static int store_connect(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  return make(db, data, argc, argv, table, error, "connect");
}

static int store_disconnect(sqlite3_vtab *table) {
  Store *store = (Store *)table;
  int i;
  rows_clear(&store->now);
  rows_clear(&store->begun);
  for (i = 0; i < SAVEPOINTS_MAX; i++) rows_clear(&store->saved[i]);
  sqlite3_free(store->name);
  sqlite3_free(store->wrote);
  sqlite3_free(store->fail);
  sqlite3_free(store->silent);
  sqlite3_free(store);
  return SQLITE_OK;
}

static int store_destroy(sqlite3_vtab *table) {
  int code = fails((Store *)table, "destroy");
  return code == SQLITE_OK ? store_disconnect(table) : code;
}

static int store_rename(sqlite3_vtab *table, const char *name) {
  Store *store = (Store *)table;
  int code = fails(store, "rename");
  if (code == SQLITE_OK) {
    sqlite3_free(store->name);
    store->name = sqlite3_mprintf("renamed to %s", name);
  }
  return code;
}

/* Plans */

static int store_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  Store *store = (Store *)table;
  sqlite3_str *s = sqlite3_str_new(store->db);
  int i, wanted = 0, code = fails(store, "best_index");
  if (code != SQLITE_OK) {
    sqlite3_free(sqlite3_str_finish(s));
    return code;
  }
  sqlite3_str_appendf(s, "used %llx distinct %d", info->colUsed, sqlite3_vtab_distinct(info));
  for (i = 0; i < info->nConstraint; i++) {
    sqlite3_value *value = 0;
    int column = info->aConstraint[i].iColumn, op = info->aConstraint[i].op;
    int known = sqlite3_vtab_rhs_value(info, i, &value) == SQLITE_OK;
    sqlite3_str_appendf(s, ", %d op %d %s%s", column, op, sqlite3_vtab_collation(info, i),
        info->aConstraint[i].usable ? "" : " unusable");
    if (known) {
      sqlite3_str_appendf(s, " = ");
      tell(s, value);
    }
    if (!info->aConstraint[i].usable) continue;
    info->aConstraintUsage[i].argvIndex = ++wanted;
    if (column == 0 && sqlite3_vtab_in(info, i, -1)) {
      sqlite3_str_appendf(s, " in");
      if (store->in) sqlite3_vtab_in(info, i, 1);
    }
    if (op == SQLITE_INDEX_CONSTRAINT_FUNCTION) info->aConstraintUsage[i].omit = 1;
    if (column == 1 && op == SQLITE_INDEX_CONSTRAINT_GT) {
      /* This table cannot do that. */
      sqlite3_free(sqlite3_str_finish(s));
      return SQLITE_CONSTRAINT;
    }
  }
  for (i = 0; i < info->nOrderBy; i++) {
    sqlite3_str_appendf(s, ", order %d%s", info->aOrderBy[i].iColumn,
        info->aOrderBy[i].desc ? " desc" : "");
  }
  info->idxNum = wanted;
  if (store->ordered && info->nOrderBy == 1 && info->aOrderBy[0].iColumn < 0) {
    info->orderByConsumed = 1;
    if (info->aOrderBy[0].desc) info->idxNum = -1 - wanted;
  }
  info->idxStr = sqlite3_str_finish(s);
  info->needToFreeIdxStr = 1;
  info->estimatedCost = 100.0 / (wanted + 1);
  info->estimatedRows = 10;
  return SQLITE_OK;
}

/* Cursors */

static int store_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  Scan *scan;
  int code = fails((Store *)table, "open");
  if (code != SQLITE_OK) return code;
  scan = sqlite3_malloc(sizeof *scan);
  memset(scan, 0, sizeof *scan);
  *cursor = &scan->base;
  return SQLITE_OK;
}

static int store_close(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(((Scan *)cursor)->plan);
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int store_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
    sqlite3_value **argv) {
  Scan *scan = (Scan *)cursor;
  Store *store = (Store *)cursor->pVtab;
  sqlite3_str *s = sqlite3_str_new(store->db);
  int i;
  sqlite3_str_appendf(s, "%s; %d; ", text, number);
  for (i = 0; i < argc; i++) {
    sqlite3_value *value;
    int code = sqlite3_vtab_in_first(argv[i], &value);
    if (code == SQLITE_ERROR) {
      tell(s, argv[i]);
      continue;
    }
    sqlite3_str_appendf(s, "[");
    for (; code == SQLITE_OK; code = sqlite3_vtab_in_next(argv[i], &value)) tell(s, value);
    sqlite3_str_appendf(s, "%d] ", code);
  }
  sqlite3_free(scan->plan);
  scan->plan = sqlite3_str_finish(s);
  scan->step = number < 0 ? -1 : 1;
  scan->at = number < 0 ? store->now.count - 1 : 0;
  return fails(store, "filter");
}

static int store_eof(sqlite3_vtab_cursor *cursor) {
  Scan *scan = (Scan *)cursor;
  return scan->at < 0 || scan->at >= ((Store *)cursor->pVtab)->now.count;
}

static Row *current(sqlite3_vtab_cursor *cursor) {
  return &((Store *)cursor->pVtab)->now.rows[((Scan *)cursor)->at];
}

/* Whether the first value of the current row is this text. */
static int is_first(sqlite3_vtab_cursor *cursor, const char *text) {
  sqlite3_value *value = current(cursor)->values[0];
  return value && sqlite3_value_type(value) == SQLITE_TEXT &&
      strcmp((const char *)sqlite3_value_text(value), text) == 0;
}

static int store_next(sqlite3_vtab_cursor *cursor) {
  Scan *scan = (Scan *)cursor;
  memset(scan->text, '!', sizeof scan->text);
  scan->at += scan->step;
  if (!store_eof(cursor) && is_first(cursor, "next")) {
    cursor->pVtab->zErrMsg = sqlite3_mprintf("cannot go on to %lld", current(cursor)->rowid);
    return SQLITE_CORRUPT;
  }
  return SQLITE_OK;
}

static int store_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  Scan *scan = (Scan *)cursor;
  Store *store = (Store *)cursor->pVtab;
  sqlite3_value *value;
  if (column == store->columns) {
    sqlite3_result_text(context, scan->plan, -1, SQLITE_TRANSIENT);
    return SQLITE_OK;
  }
  if (column > store->columns) {
    sqlite3_result_text(context, store->wrote, -1, SQLITE_STATIC);
    return SQLITE_OK;
  }
  value = current(cursor)->values[column];
  if (column == 1 && is_first(cursor, "column")) {
    sqlite3_result_error(context, "no such value", -1);
  } else if (column == 1 && is_first(cursor, "code")) {
    return SQLITE_MISMATCH;
  } else if (column == 1 && is_first(cursor, "words")) {
    cursor->pVtab->zErrMsg = sqlite3_mprintf("words of the table");
    return SQLITE_ERROR;
  } else if (sqlite3_value_type(value) == SQLITE_TEXT &&
      sqlite3_value_bytes(value) < (int)sizeof scan->text[0]) {
    char *text = scan->text[column];
    memcpy(text, sqlite3_value_text(value), sqlite3_value_bytes(value));
    sqlite3_result_text(context, text, sqlite3_value_bytes(value), SQLITE_STATIC);
  } else {
    sqlite3_result_value(context, value);
  }
  return SQLITE_OK;
}

static int store_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  *rowid = current(cursor)->rowid;
  return is_first(cursor, "rowid") ? SQLITE_IOERR : SQLITE_OK;
}

/* Writing */

static int store_update(sqlite3_vtab *table, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  Store *store = (Store *)table;
  sqlite3_str *s = sqlite3_str_new(store->db);
  int i, conflict = sqlite3_vtab_on_conflict(store->db), code = fails(store, "update");
  sqlite3_int64 id;
  sqlite3_str_appendf(s, "%d, conflict %d: ", argc, conflict);
  for (i = 0; i < argc; i++) tell(s, argv[i]);
  sqlite3_free(store->wrote);
  store->wrote = sqlite3_str_finish(s);
  if (code != SQLITE_OK) return code;
  if (argc == 1) {
    rows_remove(&store->now, sqlite3_value_int64(argv[0]));
    return SQLITE_OK;
  }
  id = sqlite3_value_int64(argv[1]);
  if (sqlite3_value_type(argv[1]) == SQLITE_NULL) {
    id = store->now.count ? store->now.rows[store->now.count - 1].rowid + 1 : 1;
  }
  if (rows_has(&store->now, id) &&
      (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_int64(argv[0]) != id)) {
    if (!store->conflict || conflict != SQLITE_REPLACE) {
      table->zErrMsg = sqlite3_mprintf("the rowid %lld is taken", id);
      return SQLITE_CONSTRAINT;
    }
    rows_remove(&store->now, id);
  }
  if (sqlite3_value_type(argv[0]) != SQLITE_NULL) {
    rows_remove(&store->now, sqlite3_value_int64(argv[0]));
  }
  rows_insert(&store->now, id, store->columns, argv + 2);
  *rowid = id;
  return SQLITE_OK;
}

/* Transactions */

static int store_begin(sqlite3_vtab *table) {
  Store *store = (Store *)table;
  rows_copy(&store->begun, &store->now);
  return fails(store, "begin");
}

/* SQLite also calls it for a table that was only created. */
static int store_sync(sqlite3_vtab *table) {
  Store *store = (Store *)table;
  return store->wrote ? fails(store, "sync") : SQLITE_OK;
}

static int store_commit(sqlite3_vtab *table) {
  Store *store = (Store *)table;
  rows_clear(&store->begun);
  return SQLITE_OK;
}

static int store_rollback(sqlite3_vtab *table) {
  Store *store = (Store *)table;
  rows_copy(&store->now, &store->begun);
  return SQLITE_OK;
}

static int store_savepoint(sqlite3_vtab *table, int number) {
  Store *store = (Store *)table;
  if (number >= SAVEPOINTS_MAX) return SQLITE_FULL;
  rows_copy(&store->saved[number], &store->now);
  return fails(store, "savepoint");
}

static int store_release(sqlite3_vtab *table, int number) {
  Store *store = (Store *)table;
  int i;
  for (i = number; i < SAVEPOINTS_MAX; i++) rows_clear(&store->saved[i]);
  return fails(store, "release");
}

static int store_rollback_to(sqlite3_vtab *table, int number) {
  Store *store = (Store *)table;
  if (number >= SAVEPOINTS_MAX) return SQLITE_FULL;
  rows_copy(&store->now, &store->saved[number]);
  return fails(store, "rollback_to");
}

/* Functions */

static void stored(sqlite3_context *context, int argc, sqlite3_value **argv) {
  Store *store = sqlite3_user_data(context);
  sqlite3_str *s = sqlite3_str_new(0);
  int i;
  sqlite3_str_appendf(s, "%s ", store->name);
  for (i = 0; i < argc; i++) tell(s, argv[i]);
  sqlite3_result_text(context, sqlite3_str_finish(s), -1, sqlite3_free);
}

static int store_find_function(sqlite3_vtab *table, int argc, const char *name,
    void (**function)(sqlite3_context *, int, sqlite3_value **), void **data) {
  if (sqlite3_stricmp(name, "stored") != 0 && sqlite3_stricmp(name, "near") != 0) return 0;
  if (fails((Store *)table, "find_function") != SQLITE_OK) return 0;
  *function = stored;
  *data = table;
  return sqlite3_stricmp(name, "near") == 0 ? SQLITE_INDEX_CONSTRAINT_FUNCTION : 1;
}

static const sqlite3_module store_module = {
    2, store_create, store_connect, store_best_index, store_disconnect, store_destroy, store_open,
    store_close, store_filter, store_next, store_eof, store_column, store_rowid, store_update,
    store_begin, store_sync, store_commit, store_rollback, store_find_function, store_rename,
    store_savepoint, store_release, store_rollback_to,
};

/* Declarations */

static int declared_create(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  char *text = sqlite3_mprintf("%s", argc > 3 ? argv[3] : "''"), *from, *to;
  int code;
  for (from = text + 1, to = text; from[0] && from[1]; from++) {
    if (from[0] == '\'' && from[1] == '\'') from++;
    *to++ = *from;
  }
  *to = 0;
  code = sqlite3_declare_vtab(db, text);
  sqlite3_free(text);
  if (code != SQLITE_OK) return code;
  *table = sqlite3_malloc(sizeof **table);
  return SQLITE_OK;
}

static int declared_connect(sqlite3 *db, void *data, int argc, const char *const *argv,
    sqlite3_vtab **table, char **error) {
  return declared_create(db, data, argc, argv, table, error);
}

static int declared_disconnect(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

static int declared_best_index(sqlite3_vtab *table, sqlite3_index_info *info) { return SQLITE_OK; }

static int declared_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  sqlite3_result_int(context, column);
  return SQLITE_OK;
}

typedef struct Once {
  sqlite3_vtab_cursor base;
  int is_over;
} Once;

static int once_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  Once *once = sqlite3_malloc(sizeof *once);
  memset(once, 0, sizeof *once);
  *cursor = &once->base;
  return SQLITE_OK;
}

static int once_close(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int once_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
    sqlite3_value **argv) {
  ((Once *)cursor)->is_over = 0;
  return SQLITE_OK;
}

static int once_next(sqlite3_vtab_cursor *cursor) {
  ((Once *)cursor)->is_over = 1;
  return SQLITE_OK;
}

static int once_eof(sqlite3_vtab_cursor *cursor) { return ((Once *)cursor)->is_over; }

static int once_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  *rowid = 7;
  return SQLITE_OK;
}

static const sqlite3_module declared_module = {
    0, declared_create, declared_connect, declared_best_index, declared_disconnect,
    declared_disconnect, once_open, once_close, once_filter, once_next, once_eof, declared_column,
    once_rowid,
};

int sqlite3_table_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  int code;
  SQLITE_EXTENSION_INIT2(api);
  code = sqlite3_create_module(db, "store", &store_module, 0);
  if (code == SQLITE_OK) code = sqlite3_create_module(db, "declared", &declared_module, 0);
  if (code == SQLITE_OK) code = sqlite3_overload_function(db, "stored", 1);
  if (code == SQLITE_OK) code = sqlite3_overload_function(db, "near", 2);
  if (code == SQLITE_OK) code = sqlite3_overload_function(db, "match", 2);
  return code;
}
