/*
** Statements, which the host prepares, steps and finalizes on the connection that called the guest.
** What SQLite knows of a statement's state is kept here, so that asking for it needs no call.
*/
#include <stdlib.h>
#include <string.h>

#include "statement.h"

static void free_columns(sqlite3_stmt *statement) {
  for (int i = 0; i < statement->column_count; i++) {
    Column *column = &statement->columns[i];
    free(column->value.buffer);
    free(column->value.wide);
    sqlite3_free(column->name);
    sqlite3_free(column->type);
  }
  free(statement->columns);
  statement->columns = 0;
  statement->column_count = 0;
}

/* Adapts to the number of columns that the host reports, which changes with the schema. 0 if out of memory. */
static int make_columns(sqlite3_stmt *statement) {
  int count = commensal_sql_column_count(statement->id);
  if (count == statement->column_count) return 1;
  free_columns(statement);
  if (count <= 0) return 1;
  statement->columns = calloc(count, sizeof *statement->columns);
  if (!statement->columns) return 0;
  statement->column_count = count;
  return 1;
}

static void drop(sqlite3_stmt *statement) {
  commensal_sql_finalize(statement->id);
  sqlite3_stmt **place = &connection.statements;
  while (*place && *place != statement) place = &place[0]->next;
  if (*place) *place = statement->next;
  for (int i = 0; statement->parameter_names && i < statement->parameter_count; i++) {
    sqlite3_free(statement->parameter_names[i]);
  }
  free(statement->parameter_names);
  free_columns(statement);
  sqlite3_free(statement->message);
  free(statement->sql);
  free(statement);
}

/* Makes the host prepare a text; null if there is no memory. */
static sqlite3_stmt *made(int32_t id, const char *sql, uint32_t len) {
  sqlite3_stmt *statement = calloc(1, sizeof *statement);
  if (!statement) {
    commensal_sql_finalize(id);
    return 0;
  }
  statement->id = id;
  statement->parameter_count = -1;
  statement->next = connection.statements;
  connection.statements = statement;
  statement->sql = malloc((size_t)len + 1);
  if (!statement->sql || !make_columns(statement)) {
    drop(statement);
    return 0;
  }
  memcpy(statement->sql, sql, len);
  statement->sql[len] = 0;
  return statement;
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int len, unsigned int flags,
    sqlite3_stmt **statement, const char **tail) {
  (void)db, (void)flags;
  *statement = 0;
  if (!sql) return connection_answer(SQLITE_MISUSE);
  uint32_t bytes = len < 0 ? strlen(sql) : strnlen(sql, len);
  /* The host does not say where the error is. */
  if (tail) *tail = sql + bytes;
  if (entry_point == ENTRY_REGISTERS) {
    entry_point_needs_sql = 1;
    return connection_fail(SQLITE_ERROR, "no SQL can run while an instance is made");
  }
  int64_t prepared = commensal_sql_prepare(sql, bytes);
  if (prepared < 0) return connection_fail_as_host(-prepared);
  int32_t id = (uint32_t)prepared;
  uint32_t used = prepared >> 32;
  if (used > bytes) used = bytes;
  if (tail) *tail = sql + used;
  if (id && !(*statement = made(id, sql, used))) return connection_answer(SQLITE_NOMEM);
  return connection_answer(SQLITE_OK);
}

int sqlite3_prepare_v2(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **statement, const char **tail) {
  return sqlite3_prepare_v3(db, sql, len, 0, statement, tail);
}

/* As sqlite3_prepare_v2, because nobody needs a step that hides its error until the reset. */
int sqlite3_prepare(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **statement, const char **tail) {
  return sqlite3_prepare_v3(db, sql, len, 0, statement, tail);
}

/* The state before the first step. The last step's error is returned once more. */
static int back_to_start(sqlite3_stmt *statement) {
  int code = statement->error;
  if (statement->progress != READY) {
    commensal_sql_reset(statement->id);
    code = connection_fail(code, statement->message);
  }
  statement->progress = READY;
  statement->error = SQLITE_OK;
  sqlite3_free(statement->message);
  statement->message = 0;
  return code;
}

int sqlite3_step(sqlite3_stmt *statement) {
  if (!statement) return SQLITE_MISUSE;
  if (statement->progress == HALTED) back_to_start(statement);
  int code = commensal_sql_step(statement->id);
  if (code == SQLITE_ROW) {
    if (statement->progress == READY && !make_columns(statement)) code = SQLITE_NOMEM;
    statement->progress = ON_ROW;
    statement->row++;
    return connection_answer(code);
  }
  statement->progress = HALTED;
  if (code == SQLITE_DONE) return connection_answer(code);
  statement->error = code;
  code = connection_fail_as_host(code);
  statement->message = sqlite3_mprintf("%s", sqlite3_errmsg(&connection));
  return code;
}

int sqlite3_reset(sqlite3_stmt *statement) { return statement ? back_to_start(statement) : SQLITE_OK; }

int sqlite3_finalize(sqlite3_stmt *statement) {
  if (!statement) return SQLITE_OK;
  int code = back_to_start(statement);
  drop(statement);
  return code;
}

const char *sqlite3_sql(sqlite3_stmt *statement) { return statement ? statement->sql : 0; }

sqlite3 *sqlite3_db_handle(sqlite3_stmt *statement) { return statement ? &connection : 0; }

sqlite3_stmt *sqlite3_next_stmt(sqlite3 *db, sqlite3_stmt *statement) {
  (void)db;
  return statement ? statement->next : connection.statements;
}

int sqlite3_stmt_readonly(sqlite3_stmt *statement) {
  return !statement || commensal_sql_readonly(statement->id) != 0;
}

int sqlite3_stmt_busy(sqlite3_stmt *statement) {
  return statement && statement->progress == ON_ROW;
}
