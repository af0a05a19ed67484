/* sqlite3_table_column_metadata, from what SQL says about a table. */
#include <stdlib.h>

#include "statement.h"

/* Prepares a statement, and frees its text, which comes from sqlite3_mprintf. */
static sqlite3_stmt *prepared(sqlite3 *db, char *sql) {
  sqlite3_stmt *statement = 0;
  if (sql) {
    sqlite3_prepare_v2(db, sql, -1, &statement, 0);
    sqlite3_free(sql);
  } else {
    connection_answer(SQLITE_NOMEM);
  }
  return statement;
}

static int is_rowid(const char *column) {
  return !sqlite3_stricmp(column, "rowid") || !sqlite3_stricmp(column, "_rowid_") ||
      !sqlite3_stricmp(column, "oid");
}

/* Whether rows have a rowid and no column takes this name of it. Some engines also number a view's rows. */
static int is_number_of_row(
    sqlite3 *db, const char *schema, const char *table, const char *column) {
  if (!is_rowid(column)) return 0;
  sqlite3_stmt *statement = prepared(
      db, sqlite3_mprintf("SELECT _rowid_, * FROM \"%w\".\"%w\"", schema, table));
  int is_number = statement != 0;
  for (int i = 1; i < sqlite3_column_count(statement); i++) {
    if (!sqlite3_stricmp(sqlite3_column_name(statement, i), column)) is_number = 0;
  }
  sqlite3_finalize(statement);
  return is_number;
}

static int no_such_column(const char *table, const char *column) {
  char *message = sqlite3_mprintf("no such table column: %s.%s", table, column);
  int code = connection_fail(SQLITE_ERROR, message);
  sqlite3_free(message);
  return code;
}

/* Whether a schema has a table with this name: SQLITE_ROW, or SQLITE_DONE. A view is SQLITE_EMPTY. */
static int is_table(sqlite3 *db, const char *schema, const char *table) {
  sqlite3_stmt *statement = prepared(db,
      sqlite3_mprintf("SELECT type = 'table' FROM \"%w\".sqlite_master WHERE type IN ('table', 'view') "
                      "AND name = %Q COLLATE NOCASE",
          schema, table));
  int code = statement ? sqlite3_step(statement) : sqlite3_errcode(db);
  if (code == SQLITE_ROW && !sqlite3_column_int(statement, 0)) code = SQLITE_EMPTY;
  sqlite3_finalize(statement);
  return code;
}

/* Finds the schema as SQLite does. A guest sees no attached databases, and some engines have no temp. */
static int find(sqlite3 *db, const char **schema, const char *table) {
  if (!*schema) {
    int code = is_table(db, *schema = "temp", table);
    if (code == SQLITE_ROW || code == SQLITE_EMPTY) return code;
    *schema = "main";
  }
  return is_table(db, *schema, table);
}

/* Reads a column's row of PRAGMA table_xinfo. It uses the statement, not the table of the same name,
   because a file can have a table with that name, which comes first. */
static int describe(sqlite3 *db, const char *schema, const char *table, const char *column,
    const char **type, int *not_null, int *primary_key) {
  static char *kept;
  sqlite3_stmt *statement =
      prepared(db, sqlite3_mprintf("PRAGMA \"%w\".table_xinfo(\"%w\")", schema, table));
  if (!statement) return sqlite3_errcode(db);
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    if (!name || sqlite3_stricmp(name, column)) continue;
    sqlite3_free(kept);
    kept = sqlite3_mprintf("%s", sqlite3_column_text(statement, 2));
    if (type) *type = kept && *kept ? kept : 0;
    if (not_null) *not_null = sqlite3_column_int(statement, 3);
    if (primary_key) *primary_key = sqlite3_column_int(statement, 5) != 0;
    break;
  }
  sqlite3_finalize(statement);
  return code;
}

/* SQL does not tell a column's collation, nor whether it is AUTOINCREMENT. Asking for them is an error. */
int sqlite3_table_column_metadata(sqlite3 *db, const char *schema, const char *table,
    const char *column, const char **type, const char **collation, int *not_null, int *primary_key,
    int *counts_up) {
  if (collation || counts_up) {
    return connection_fail(
        SQLITE_ERROR, "a guest cannot learn a column's collation, or whether it is AUTOINCREMENT");
  }
  /* The answer for a rowid, and if no column is named. */
  if (type) *type = "INTEGER";
  if (not_null) *not_null = 0;
  if (primary_key) *primary_key = 1;
  int code = find(db, &schema, table);
  if (code == SQLITE_ROW && column && !is_number_of_row(db, schema, table, column)) {
    code = describe(db, schema, table, column, type, not_null, primary_key);
  }
  if (code == SQLITE_ROW) return connection_answer(SQLITE_OK);
  return code == SQLITE_DONE || code == SQLITE_EMPTY ? no_such_column(table, column ? column : "") : sqlite3_errcode(db);
}
