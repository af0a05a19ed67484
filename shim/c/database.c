/* What an extension asks of its connection: errors, limits, and how much statements have changed. */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

sqlite3 connection;

/* Sets the error, and takes over the message. */
static int set_error(int code, char *message) {
  sqlite3_free(connection.message);
  connection.message = message;
  connection.error = code;
  return connection.extended ? code : code & 0xff;
}

int connection_answer(int code) {
  /* Almost always nothing has failed, before or now. */
  if (connection.message) return set_error(code, 0);
  connection.error = code;
  return connection.extended ? code : code & 0xff;
}

int connection_fail(int code, const char *message) {
  return set_error(code, message ? sqlite3_mprintf("%s", message) : 0);
}

char *host_string(Get get, int32_t statement, int32_t index) {
  char buffer[120], *string;
  int32_t len = get(statement, index, buffer, sizeof buffer);
  if (len < 0 || !(string = sqlite3_malloc64((uint64_t)len + 1))) return 0;
  if ((uint32_t)len <= sizeof buffer) {
    memcpy(string, buffer, len);
  } else {
    get(statement, index, string, len);
  }
  string[len] = 0;
  return string;
}

static int32_t message(int32_t statement, int32_t index, char *buffer, uint32_t len) {
  (void)statement, (void)index;
  return commensal_sql_errmsg(buffer, len);
}

static char *refusal;

int connection_fail_as_host(int code) {
  char *text = host_string(message, 0, 0);
  if ((code & 0xff) == SQLITE_AUTH) {
    sqlite3_free(refusal);
    refusal = text ? sqlite3_mprintf("%s", text) : 0;
  }
  return set_error(code, text);
}

char *refusal_take(void) {
  char *taken = refusal;
  refusal = 0;
  return taken;
}

const char *sqlite3_libversion(void) { return SQLITE_VERSION; }
int sqlite3_libversion_number(void) { return SQLITE_VERSION_NUMBER; }
const char *sqlite3_sourceid(void) { return SQLITE_SOURCE_ID; }
int sqlite3_threadsafe(void) { return 0; }

int sqlite3_errcode(sqlite3 *db) {
  return db ? db->extended ? db->error : db->error & 0xff : SQLITE_NOMEM;
}

int sqlite3_extended_errcode(sqlite3 *db) { return db ? db->error : SQLITE_NOMEM; }

const char *sqlite3_errmsg(sqlite3 *db) {
  if (!db) return sqlite3_errstr(SQLITE_NOMEM);
  return db->message ? db->message : sqlite3_errstr(db->error);
}

const void *sqlite3_errmsg16(sqlite3 *db) {
  static uint16_t *wide;
  uint32_t len;
  const char *message = sqlite3_errmsg(db);
  free(wide);
  wide = utf16_of(message, strlen(message), 0, &len);
  return wide;
}

int sqlite3_extended_result_codes(sqlite3 *db, int on) {
  db->extended = on != 0;
  return SQLITE_OK;
}

/* The host does not say where in a statement an error is. */
int sqlite3_error_offset(sqlite3 *db) { return (void)db, -1; }

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

/* Changes before the entry point ran do not count for the extension. */
sqlite3_int64 sqlite3_changes64(sqlite3 *db) {
  (void)db;
  return entry_point == ENTRY_REGISTERS ? 0 : commensal_sql_changes();
}

int sqlite3_changes(sqlite3 *db) { return (int)sqlite3_changes64(db); }

sqlite3_int64 sqlite3_last_insert_rowid(sqlite3 *db) {
  (void)db;
  return entry_point == ENTRY_REGISTERS ? 0 : commensal_sql_last_insert_rowid();
}

/* Only an INSERT changes it. */
void sqlite3_set_last_insert_rowid(sqlite3 *db, sqlite3_int64 rowid) { (void)db, (void)rowid; }

sqlite3_int64 sqlite3_total_changes64(sqlite3 *db) {
  sqlite3_stmt *statement;
  sqlite3_int64 changes = 0;
  if (sqlite3_prepare_v2(db, "SELECT total_changes()", -1, &statement, 0)) return 0;
  if (sqlite3_step(statement) == SQLITE_ROW) changes = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return changes;
}

int sqlite3_total_changes(sqlite3 *db) { return (int)sqlite3_total_changes64(db); }

int sqlite3_get_autocommit(sqlite3 *db) {
  (void)db;
  return entry_point == ENTRY_REGISTERS || commensal_sql_autocommit();
}

/* The names of databases that always exist. A guest learns nothing about files. */
const char *sqlite3_db_name(sqlite3 *db, int number) {
  (void)db;
  return number == 0 ? "main" : number == 1 ? "temp" : 0;
}

sqlite3_filename sqlite3_db_filename(sqlite3 *db, const char *name) {
  return (void)db, (void)name, (sqlite3_filename)0;
}

/* Only the host interrupts, and decides how long to wait for locks. */
void sqlite3_interrupt(sqlite3 *db) { (void)db; }
int sqlite3_is_interrupted(sqlite3 *db) { return (void)db, commensal_interrupted(); }
int sqlite3_busy_timeout(sqlite3 *db, int ms) { return (void)db, (void)ms, SQLITE_OK; }

/* A guest has only the connection that called it, and none opens later. */
static sqlite3 no_connection = {.error = SQLITE_CANTOPEN};

int sqlite3_open_v2(const char *name, sqlite3 **db, int flags, const char *vfs) {
  (void)name, (void)flags, (void)vfs;
  *db = &no_connection;
  return SQLITE_CANTOPEN;
}

int sqlite3_open(const char *name, sqlite3 **db) { return sqlite3_open_v2(name, db, 0, 0); }
int sqlite3_close(sqlite3 *db) { return (void)db, SQLITE_OK; }
int sqlite3_close_v2(sqlite3 *db) { return (void)db, SQLITE_OK; }
int sqlite3_auto_extension(void (*entry)(void)) { return (void)entry, SQLITE_OK; }
int sqlite3_cancel_auto_extension(void (*entry)(void)) { return (void)entry, 0; }

/* A guest has one thread, so it never has to wait. */
sqlite3_mutex *sqlite3_db_mutex(sqlite3 *db) { return (void)db, (sqlite3_mutex *)0; }
sqlite3_mutex *sqlite3_mutex_alloc(int type) { return (sqlite3_mutex *)(uintptr_t)(8 + type); }
void sqlite3_mutex_free(sqlite3_mutex *mutex) { (void)mutex; }
void sqlite3_mutex_enter(sqlite3_mutex *mutex) { (void)mutex; }
int sqlite3_mutex_try(sqlite3_mutex *mutex) { return (void)mutex, SQLITE_OK; }
void sqlite3_mutex_leave(sqlite3_mutex *mutex) { (void)mutex; }
