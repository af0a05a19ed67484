/* sqlite3_bind_*: the host copies a value while it is bound, so memory that was passed is freed at once. */
#include <stdlib.h>
#include <string.h>

#include "statement.h"

int statement_parameters(sqlite3_stmt *statement) {
  if (statement->parameter_count < 0) {
    int count = commensal_sql_parameter_count(statement->id);
    statement->parameter_count = count < 0 ? 0 : count;
  }
  return statement->parameter_count;
}

/* The error of SQLite if a parameter cannot be bound now. */
static int check(sqlite3_stmt *statement, int index) {
  if (!statement) return SQLITE_MISUSE;
  if (statement->progress != READY) return connection_answer(SQLITE_MISUSE);
  if (index < 1 || index > statement_parameters(statement)) return connection_answer(SQLITE_RANGE);
  return SQLITE_OK;
}

static int bind(sqlite3_stmt *statement, int index, Record record) {
  int code = check(statement, index);
  if (code == SQLITE_OK) {
    code = commensal_sql_bind(statement->id, index, &record);
    code = code == SQLITE_OK ? connection_answer(code) : connection_fail_as_host(code);
  }
  return code;
}

static int bind_bytes(sqlite3_stmt *statement, int index, int tag, const void *bytes, uint64_t len,
    sqlite3_destructor_type destroy) {
  int code;
  if (!bytes) {
    code = bind(statement, index, (Record){.tag = TAG_NULL});
  } else if (len > LENGTH_MAX) {
    code = check(statement, index);
    if (code == SQLITE_OK) code = connection_answer(SQLITE_TOOBIG);
  } else {
    Record record = {.tag = tag, .len = len, .pointer = (uintptr_t)bytes};
    code = bind(statement, index, record);
  }
  discard(bytes, destroy);
  return code;
}

int sqlite3_bind_null(sqlite3_stmt *statement, int index) {
  return bind(statement, index, (Record){.tag = TAG_NULL});
}

int sqlite3_bind_int64(sqlite3_stmt *statement, int index, sqlite3_int64 integer) {
  return bind(statement, index, (Record){.tag = TAG_INTEGER, .integer = integer});
}

int sqlite3_bind_int(sqlite3_stmt *statement, int index, int integer) {
  return sqlite3_bind_int64(statement, index, integer);
}

int sqlite3_bind_double(sqlite3_stmt *statement, int index, double real) {
  return bind(statement, index, (Record){.tag = TAG_REAL, .real = real});
}

int sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int len,
    sqlite3_destructor_type destroy) {
  uint64_t bytes = text ? len < 0 ? strlen(text) : (uint64_t)len : 0;
  return bind_bytes(statement, index, TAG_TEXT, text, bytes, destroy);
}

static int bind_wide(sqlite3_stmt *statement, int index, const void *text, uint64_t len,
    int big_endian, sqlite3_destructor_type destroy) {
  if (!text || len > LENGTH_MAX) {
    return bind_bytes(statement, index, TAG_TEXT, text, len, destroy);
  }
  uint32_t utf8_len;
  char *utf8 = utf8_of(text, len, big_endian, &utf8_len);
  discard(text, destroy);
  return utf8 ? bind_bytes(statement, index, TAG_TEXT, utf8, utf8_len, free) : connection_answer(SQLITE_NOMEM);
}

int sqlite3_bind_text16(sqlite3_stmt *statement, int index, const void *text, int len,
    sqlite3_destructor_type destroy) {
  return bind_wide(statement, index, text, wide_length(text, len), 0, destroy);
}

int sqlite3_bind_text64(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 len,
    sqlite3_destructor_type destroy, unsigned char encoding) {
  if (encoding == SQLITE_UTF8 || encoding == SQLITE_UTF8_ZT) {
    return bind_bytes(statement, index, TAG_TEXT, text, len, destroy);
  }
  return bind_wide(statement, index, text, len, encoding == SQLITE_UTF16BE, destroy);
}

int sqlite3_bind_blob64(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 len,
    sqlite3_destructor_type destroy) {
  return bind_bytes(statement, index, TAG_BLOB, bytes, len, destroy);
}

int sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int len,
    sqlite3_destructor_type destroy) {
  if (len < 0) {
    discard(bytes, destroy);
    return connection_answer(SQLITE_MISUSE);
  }
  return sqlite3_bind_blob64(statement, index, bytes, len, destroy);
}

int sqlite3_bind_zeroblob64(sqlite3_stmt *statement, int index, sqlite3_uint64 len) {
  if (len > LENGTH_MAX) {
    int code = check(statement, index);
    return code == SQLITE_OK ? connection_answer(SQLITE_TOOBIG) : code;
  }
  char *zeros = calloc(1, len + 1);
  if (!zeros) return connection_answer(SQLITE_NOMEM);
  return bind_bytes(statement, index, TAG_BLOB, zeros, len, free);
}

int sqlite3_bind_zeroblob(sqlite3_stmt *statement, int index, int len) {
  return sqlite3_bind_zeroblob64(statement, index, len < 0 ? 0 : len);
}

int sqlite3_bind_value(sqlite3_stmt *statement, int index, const sqlite3_value *value) {
  Record record = value->record;
  /* A blob becomes text if the text of it was asked for. */
  record.tag = sqlite3_value_type((sqlite3_value *)value);
  record.subtype = record.flags = 0;
  if (record.tag == TAG_NULL) record.integer = 0;
  return bind(statement, index, record);
}

/* A pointer is for the extension alone and goes nowhere, so to others it is NULL. */
int sqlite3_bind_pointer(sqlite3_stmt *statement, int index, void *pointer, const char *type,
    sqlite3_destructor_type destroy) {
  (void)type;
  int code = sqlite3_bind_null(statement, index);
  if (destroy) destroy(pointer);
  return code;
}

int sqlite3_clear_bindings(sqlite3_stmt *statement) {
  commensal_sql_clear_bindings(statement->id);
  return SQLITE_OK;
}

int sqlite3_bind_parameter_count(sqlite3_stmt *statement) {
  return statement ? statement_parameters(statement) : 0;
}

int sqlite3_bind_parameter_index(sqlite3_stmt *statement, const char *name) {
  if (!statement || !name) return 0;
  int index = commensal_sql_parameter_index(statement->id, name, strlen(name));
  return index < 0 ? 0 : index;
}

const char *sqlite3_bind_parameter_name(sqlite3_stmt *statement, int index) {
  if (!statement || index < 1 || index > statement_parameters(statement)) return 0;
  if (!statement->parameter_names) {
    statement->parameter_names = calloc(statement->parameter_count, sizeof(char *));
    if (!statement->parameter_names) return 0;
  }
  char **name = &statement->parameter_names[index - 1];
  if (!*name) *name = host_string(commensal_sql_parameter_name, statement->id, index);
  return *name;
}
