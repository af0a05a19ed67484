/*
** Statements of the extension's own, which guests cannot run yet: preparing one fails, and says so. An
** extension that needs none for most of what it does works without.
*/
#include "shim.h"

static int refused(sqlite3 *db) {
  db->message = "SQL from within a guest is not there yet";
  return db->error = SQLITE_ERROR;
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int len, unsigned int flags,
    sqlite3_stmt **statement, const char **tail) {
  (void)sql, (void)len, (void)flags;
  *statement = 0;
  if (tail) *tail = 0;
  return refused(db);
}

int sqlite3_prepare_v2(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **statement, const char **tail) {
  return sqlite3_prepare_v3(db, sql, len, 0, statement, tail);
}

int sqlite3_prepare(
    sqlite3 *db, const char *sql, int len, sqlite3_stmt **statement, const char **tail) {
  return sqlite3_prepare_v3(db, sql, len, 0, statement, tail);
}

int sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback callback, void *data, char **error) {
  (void)sql, (void)callback, (void)data;
  int code = refused(db);
  if (error) *error = sqlite3_mprintf("%s", db->message);
  return code;
}

/* No statement was ever prepared: these get null, and answer as SQLite does. */
int sqlite3_step(sqlite3_stmt *statement) { return (void)statement, SQLITE_MISUSE; }
int sqlite3_reset(sqlite3_stmt *statement) { return (void)statement, SQLITE_OK; }
int sqlite3_finalize(sqlite3_stmt *statement) { return (void)statement, SQLITE_OK; }
int sqlite3_stmt_readonly(sqlite3_stmt *statement) { return (void)statement, 1; }
const char *sqlite3_sql(sqlite3_stmt *statement) { return (void)statement, (const char *)0; }
int sqlite3_column_count(sqlite3_stmt *statement) { return (void)statement, 0; }

int sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int len,
    sqlite3_destructor_type destroy) {
  (void)statement, (void)index, (void)len;
  if (destroy != SQLITE_STATIC && destroy != SQLITE_TRANSIENT) destroy((void *)text);
  return SQLITE_MISUSE;
}

int sqlite3_column_type(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, SQLITE_NULL;
}

int sqlite3_column_bytes(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, 0;
}

sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, 0;
}

double sqlite3_column_double(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, 0.0;
}

const unsigned char *sqlite3_column_text(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, (const unsigned char *)0;
}

const void *sqlite3_column_blob(sqlite3_stmt *statement, int column) {
  return (void)statement, (void)column, (const void *)0;
}

sqlite3_value *sqlite3_column_value(sqlite3_stmt *statement, int column) {
  static sqlite3_value null = {.record = {.tag = TAG_NULL}};
  return (void)statement, (void)column, &null;
}
