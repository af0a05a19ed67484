/*
** sqlite3_blob_*: a value that is read and written in parts. Opening it reads the whole value with SELECT.
** Each write stores it with UPDATE at once, so other statements see it as with SQLite. While it is open,
** the value takes memory of the guest.
*/
#include <stdlib.h>
#include <string.h>

#include "statement.h"

struct sqlite3_blob {
  /* The table, with its database if that was named, and the column, both quoted. */
  char *table;
  char *column;
  int writable;
  sqlite3_int64 rowid;
  int is_text;
  /* Null if there is no value, because the last one could not be opened. The length stays that of the last
  ** value, because SQLite looks at it first. */
  char *bytes;
  int len;
};

static void clear(sqlite3_blob *blob) {
  free(blob->bytes);
  blob->bytes = 0;
}

static int fail_with(int code, char *message) {
  code = connection_fail(code, message);
  sqlite3_free(message);
  return code;
}

/* Takes the value from the row of the statement. */
static int take(sqlite3_blob *blob, sqlite3_stmt *statement) {
  const char *type = (const char *)sqlite3_column_text(statement, 0);
  blob->is_text = type && !strcmp(type, "text");
  if (!type || (!blob->is_text && strcmp(type, "blob"))) {
    return fail_with(SQLITE_ERROR, sqlite3_mprintf("cannot open value of type %s", type));
  }
  const void *bytes = sqlite3_column_blob(statement, 1);
  int len = sqlite3_column_bytes(statement, 1);
  blob->bytes = malloc((size_t)len + 1);
  if (!blob->bytes) return connection_answer(SQLITE_NOMEM);
  if (len) memcpy(blob->bytes, bytes, len);
  blob->len = len;
  return SQLITE_OK;
}

/* Prepares a statement about the row, and frees its text. */
static int prepare(sqlite3_blob *blob, sqlite3_stmt **statement, char *sql) {
  *statement = 0;
  int code = sql ? sqlite3_prepare_v2(&connection, sql, -1, statement, 0)
                 : connection_answer(SQLITE_NOMEM);
  sqlite3_free(sql);
  if (code == SQLITE_OK) code = sqlite3_bind_int64(*statement, 1, blob->rowid);
  return code;
}

static int load(sqlite3_blob *blob) {
  sqlite3_stmt *statement;
  /* The table's name before it keeps a column that does not exist from becoming a string literal. */
  int code = prepare(blob, &statement,
      sqlite3_mprintf("SELECT typeof(it.%s), CAST(it.%s AS BLOB) FROM %s AS it WHERE it._rowid_ = ?1",
          blob->column, blob->column, blob->table));
  if (code == SQLITE_OK) {
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
      code = take(blob, statement);
    } else if (code == SQLITE_DONE) {
      code = fail_with(SQLITE_ERROR, sqlite3_mprintf("no such rowid: %lld", blob->rowid));
    }
  }
  /* The message is copied, because finalizing would set another one. */
  char *message = code ? sqlite3_mprintf("%s", sqlite3_errmsg(&connection)) : 0;
  sqlite3_finalize(statement);
  return code ? fail_with(code, message) : connection_answer(SQLITE_OK);
}

int sqlite3_blob_open(sqlite3 *db, const char *schema, const char *table, const char *column,
    sqlite3_int64 rowid, int writable, sqlite3_blob **opened) {
  (void)db;
  *opened = 0;
  if (!table || !column) return connection_answer(SQLITE_MISUSE);
  sqlite3_blob *blob = calloc(1, sizeof *blob);
  if (!blob) return connection_answer(SQLITE_NOMEM);
  blob->table = schema ? sqlite3_mprintf("\"%w\".\"%w\"", schema, table)
                       : sqlite3_mprintf("\"%w\"", table);
  blob->column = sqlite3_mprintf("\"%w\"", column);
  blob->writable = writable;
  blob->rowid = rowid;
  int code = blob->table && blob->column ? load(blob) : connection_answer(SQLITE_NOMEM);
  if (code == SQLITE_OK) {
    *opened = blob;
    return code;
  }
  sqlite3_blob_close(blob);
  return code;
}

int sqlite3_blob_reopen(sqlite3_blob *blob, sqlite3_int64 rowid) {
  if (!blob) return SQLITE_MISUSE;
  if (!blob->bytes) return connection_answer(SQLITE_ABORT);
  clear(blob);
  blob->rowid = rowid;
  return load(blob);
}

int sqlite3_blob_close(sqlite3_blob *blob) {
  if (!blob) return SQLITE_OK;
  clear(blob);
  sqlite3_free(blob->table);
  sqlite3_free(blob->column);
  free(blob);
  return SQLITE_OK;
}

int sqlite3_blob_bytes(sqlite3_blob *blob) { return blob && blob->bytes ? blob->len : 0; }

/* Whether the value has these bytes. */
static int check(sqlite3_blob *blob, int len, int offset) {
  if (!blob) return SQLITE_MISUSE;
  if (len < 0 || offset < 0 || (int64_t)offset + len > blob->len) {
    return connection_answer(SQLITE_ERROR);
  }
  return connection_answer(blob->bytes ? SQLITE_OK : SQLITE_ABORT);
}

int sqlite3_blob_read(sqlite3_blob *blob, void *into, int len, int offset) {
  int code = check(blob, len, offset);
  if (code == SQLITE_OK && len) memcpy(into, blob->bytes + offset, len);
  return code;
}

int sqlite3_blob_write(sqlite3_blob *blob, const void *from, int len, int offset) {
  int code = check(blob, len, offset);
  if (code != SQLITE_OK) return code;
  if (!blob->writable) return connection_answer(SQLITE_READONLY);
  sqlite3_stmt *statement;
  const char *value = blob->is_text ? "CAST(?2 AS TEXT)" : "?2";
  code = prepare(blob, &statement,
      sqlite3_mprintf(
          "UPDATE %s SET %s = %s WHERE _rowid_ = ?1", blob->table, blob->column, value));
  if (code == SQLITE_OK) {
    if (len) memcpy(blob->bytes + offset, from, len);
    code = sqlite3_bind_blob(statement, 2, blob->bytes, blob->len, SQLITE_STATIC);
  }
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_DONE) {
    code = sqlite3_finalize(statement);
    /* The row no longer exists. */
    if (code == SQLITE_OK && sqlite3_changes(&connection) == 0) {
      clear(blob);
      return connection_answer(SQLITE_ABORT);
    }
    return code;
  }
  sqlite3_finalize(statement);
  return code;
}
