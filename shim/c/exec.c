/* sqlite3_exec and sqlite3_get_table: run the statements of a text, one after another. */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

/* The column names, followed by the values of the row; null if there is no memory. */
static char **row_strings(sqlite3_stmt *statement, int count) {
  char **strings = calloc(count * 2 + 1, sizeof *strings);
  for (int i = 0; strings && i < count; i++) {
    strings[i] = (char *)sqlite3_column_name(statement, i);
    strings[count + i] = (char *)sqlite3_column_text(statement, i);
    if (!strings[count + i] && sqlite3_column_type(statement, i) != SQLITE_NULL) {
      free(strings);
      return 0;
    }
  }
  return strings;
}

/* Steps to the end. A code other than OK becomes the connection's error as well. */
static int run(sqlite3_stmt *statement, sqlite3_callback callback, void *data) {
  while (sqlite3_step(statement) == SQLITE_ROW) {
    if (!callback) continue;
    int count = sqlite3_column_count(statement);
    char **row = row_strings(statement, count);
    int stop = row ? callback(data, count, row + count, row) : 0;
    free(row);
    if (!row || stop) {
      sqlite3_finalize(statement);
      return connection_answer(row ? SQLITE_ABORT : SQLITE_NOMEM);
    }
  }
  return sqlite3_finalize(statement);
}

int sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *data, char **error) {
  int code = connection_answer(SQLITE_OK);
  const char *rest = sql ? sql : "";
  while (code == SQLITE_OK && *rest) {
    sqlite3_stmt *statement;
    code = sqlite3_prepare_v2(db, rest, -1, &statement, &rest);
    if (code == SQLITE_OK && statement) code = run(statement, callback, data);
  }
  if (error) *error = code ? sqlite3_mprintf("%s", sqlite3_errmsg(db)) : 0;
  return code;
}

/* The result of sqlite3_get_table. The first entry, hidden from the caller, is the number of entries. */
typedef struct Table {
  char **cells;
  uint32_t used;
  uint32_t room;
  int rows;
  int columns;
  int code;
  char *error;
} Table;

/* Adds a copy of the text; 0 if there is no memory. */
static int add(Table *table, const char *text) {
  if (table->used == table->room) {
    uint32_t room = table->room * 2 + 20;
    char **cells = realloc(table->cells, room * sizeof *cells);
    if (!cells) return 0;
    table->cells = cells;
    table->room = room;
  }
  char *copy = text ? sqlite3_mprintf("%s", text) : 0;
  if (text && !copy) return 0;
  table->cells[table->used++] = copy;
  return 1;
}

static int add_row(void *data, int count, char **values, char **names) {
  Table *table = data;
  int ok = 1;
  if (table->rows == 0) {
    table->columns = count;
    for (int i = 0; ok && i < count; i++) ok = add(table, names[i]);
  } else if (table->columns != count) {
    table->error =
        sqlite3_mprintf("sqlite3_get_table() called with two or more incompatible queries");
    table->code = SQLITE_ERROR;
    return 1;
  }
  for (int i = 0; ok && i < count; i++) ok = add(table, values[i]);
  table->rows++;
  if (!ok) table->code = SQLITE_NOMEM;
  return !ok;
}

void sqlite3_free_table(char **cells) {
  if (!cells) return;
  cells--;
  uint32_t used = (uintptr_t)cells[0];
  for (uint32_t i = 1; i < used; i++) sqlite3_free(cells[i]);
  free(cells);
}

int sqlite3_get_table(
    sqlite3 *db, const char *sql, char ***cells, int *rows, int *columns, char **error) {
  Table table = {0};
  *cells = 0;
  if (rows) *rows = 0;
  if (columns) *columns = 0;
  if (error) *error = 0;
  if (!add(&table, 0)) return connection_answer(SQLITE_NOMEM);
  int code = sqlite3_exec(db, sql, add_row, &table, error);
  table.cells[0] = (char *)(uintptr_t)table.used;
  if (table.code) code = connection_answer(table.code);
  if (code == SQLITE_OK) {
    *cells = table.cells + 1;
    if (rows) *rows = table.rows;
    if (columns) *columns = table.columns;
    return code;
  }
  sqlite3_free_table(table.cells + 1);
  if (table.error && error) {
    sqlite3_free(*error);
    *error = table.error;
  } else {
    sqlite3_free(table.error);
  }
  return code;
}
