/* A table function in C that does what SQLite's generate_series does:
** c_series(start, stop, step), with the hidden columns start, stop and step. */
#include <string.h>

#include "sqlite3.h"

typedef struct Cursor Cursor;
struct Cursor {
  sqlite3_vtab_cursor base;
  sqlite3_int64 value, start, stop, step, rowid;
  int done;
};

enum { VALUE, START, STOP, STEP };

static int connect(sqlite3 *db, void *data, int argc, const char *const *argv, sqlite3_vtab **out,
                   char **message) {
  (void)data, (void)argc, (void)argv, (void)message;
  int code = sqlite3_declare_vtab(db, "CREATE TABLE x(value, start HIDDEN, stop HIDDEN, step HIDDEN)");
  if (code != SQLITE_OK) return code;
  *out = sqlite3_malloc(sizeof(**out));
  if (*out == 0) return SQLITE_NOMEM;
  memset(*out, 0, sizeof(**out));
  sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
  (void)table;
  Cursor *cursor = sqlite3_malloc(sizeof(*cursor));
  if (cursor == 0) return SQLITE_NOMEM;
  memset(cursor, 0, sizeof(*cursor));
  *out = &cursor->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base) {
  Cursor *cursor = (Cursor *)base;
  /* The distance to the end, because it cannot overflow. */
  if (cursor->step > 0) {
    cursor->done = (sqlite3_uint64)cursor->stop - (sqlite3_uint64)cursor->value <
                   (sqlite3_uint64)cursor->step;
  } else {
    cursor->done = (sqlite3_uint64)cursor->value - (sqlite3_uint64)cursor->stop <
                   -(sqlite3_uint64)cursor->step;
  }
  if (!cursor->done) cursor->value += cursor->step;
  cursor->rowid++;
  return SQLITE_OK;
}

static int eof(sqlite3_vtab_cursor *base) {
  return ((Cursor *)base)->done;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  Cursor *cursor = (Cursor *)base;
  sqlite3_int64 value = cursor->value;
  switch (column) {
    case START: value = cursor->start; break;
    case STOP: value = cursor->stop; break;
    case STEP: value = cursor->step; break;
  }
  sqlite3_result_int64(context, value);
  return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
  *out = ((Cursor *)base)->rowid;
  return SQLITE_OK;
}

/* The plan's number has a bit for each argument that is passed. */
static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                  sqlite3_value **argv) {
  Cursor *cursor = (Cursor *)base;
  int i = 0;
  (void)text, (void)argc;
  cursor->start = plan & 1 ? sqlite3_value_int64(argv[i++]) : 0;
  cursor->stop = plan & 2 ? sqlite3_value_int64(argv[i++]) : 0xffffffff;
  cursor->step = plan & 4 ? sqlite3_value_int64(argv[i++]) : 1;
  if (cursor->step == 0) cursor->step = 1;
  cursor->value = cursor->start;
  cursor->rowid = 1;
  cursor->done =
      cursor->step > 0 ? cursor->start > cursor->stop : cursor->start < cursor->stop;
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  int given[3] = {-1, -1, -1}, unusable = 0, plan = 0, arguments = 0;
  (void)table;
  for (int i = 0; i < info->nConstraint; i++) {
    int argument = info->aConstraint[i].iColumn - START;
    if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (info->aConstraint[i].usable) {
      plan |= 1 << argument;
      given[argument] = i;
    } else {
      unusable |= 1 << argument;
    }
  }
  for (int i = 0; i < 3; i++) {
    if (given[i] < 0) continue;
    info->aConstraintUsage[given[i]].argvIndex = ++arguments;
    info->aConstraintUsage[given[i]].omit = 1;
  }
  if (unusable & ~plan) return SQLITE_CONSTRAINT;
  info->estimatedCost = (plan & 3) == 3 ? 2 : 2147483647;
  info->estimatedRows = (plan & 3) == 3 ? 1000 : 2147483647;
  info->idxNum = plan;
  return SQLITE_OK;
}

/* Registers c_series. Returns a result code. */
int commensal_bench_register_series(sqlite3 *db) {
  static const sqlite3_module module = {
      .xConnect = connect, .xBestIndex = best_index, .xDisconnect = disconnect,
      .xOpen = open_cursor, .xClose = close_cursor, .xFilter = filter, .xNext = next,
      .xEof = eof, .xColumn = column, .xRowid = rowid,
  };
  return sqlite3_create_module(db, "c_series", &module, 0);
}
