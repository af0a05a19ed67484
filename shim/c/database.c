/* What an extension asks of its connection that needs no SQL. */
#include "shim.h"

sqlite3 connection;

const char *sqlite3_libversion(void) { return SQLITE_VERSION; }
int sqlite3_libversion_number(void) { return SQLITE_VERSION_NUMBER; }
const char *sqlite3_sourceid(void) { return SQLITE_SOURCE_ID; }
int sqlite3_threadsafe(void) { return 0; }

int sqlite3_errcode(sqlite3 *db) { return db ? db->error & 0xff : SQLITE_NOMEM; }
int sqlite3_extended_errcode(sqlite3 *db) { return db ? db->error : SQLITE_NOMEM; }

const char *sqlite3_errmsg(sqlite3 *db) {
  if (!db) return sqlite3_errstr(SQLITE_NOMEM);
  return db->message ? db->message : sqlite3_errstr(db->error);
}

const char *sqlite3_errstr(int code) {
  static const char *const messages[] = {"not an error", "SQL logic error", 0,
      "access permission denied", "query aborted", "database is locked", "database table is locked",
      "out of memory", "attempt to write a readonly database", "interrupted", "disk I/O error",
      "database disk image is malformed", "unknown operation", "database or disk is full",
      "unable to open database file", "locking protocol", 0, "database schema has changed",
      "string or blob too big", "constraint failed", "datatype mismatch",
      "bad parameter or other API misuse", 0, "authorization denied", 0,
      "column index out of range", "file is not a database", "notification message",
      "warning message"};
  switch (code) {
    case SQLITE_ABORT_ROLLBACK: return "abort due to ROLLBACK";
    case SQLITE_ROW: return "another row available";
    case SQLITE_DONE: return "no more rows available";
  }
  unsigned primary = code & 0xff;
  const char *message =
      primary < sizeof messages / sizeof *messages ? messages[primary] : 0;
  return message ? message : "unknown error";
}

/* SQLite's own upper bounds, from SQLITE_LIMIT_LENGTH on. A guest cannot change them. */
int sqlite3_limit(sqlite3 *db, int limit, int value) {
  static const int limits[] = {
      1000000000, 1000000000, 2000, 1000, 500, 250000000, ARGUMENTS_MAX, 10, 50000, 32766, 1000, 0};
  (void)db, (void)value;
  return limit >= 0 && limit < (int)(sizeof limits / sizeof *limits) ? limits[limit] : -1;
}
