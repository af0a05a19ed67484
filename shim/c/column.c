/*
** sqlite3_column_*: values of a statement's current row. Each is fetched when it is first asked for, and
** converted like an argument of a function.
*/
#include <string.h>

#include "statement.h"

/* Text that is not UTF-8 arrives as a blob with this subtype. */
enum { NOT_UTF8 = 255 };

/* Fetches the value into its own memory. Returns a result code of the host. */
static int fetch(sqlite3_stmt *statement, int index, sqlite3_value *value) {
  static const Record null = {.tag = TAG_NULL};
  value_set(value, &null);
  for (;;) {
    Record record = null;
    uint32_t room = value->capacity ? value->capacity - 1 : 0;
    int code = commensal_sql_column(statement->id, index, &record, value->buffer, room);
    if (code != SQLITE_OK) return code;
    if (record.tag == TAG_TEXT || record.tag == TAG_BLOB) {
      if (!value->buffer || record.len > room) {
        uint32_t size = record.len;
        if (size > LENGTH_MAX || !value_room(value, size + 1)) return SQLITE_NOMEM;
        continue;
      }
      if (record.subtype == NOT_UTF8) record.tag = TAG_TEXT;
      record.pointer = (uintptr_t)value->buffer;
      value->end_is_free = 1;
    }
    record.subtype = 0;
    value->record = record;
    return SQLITE_OK;
  }
}

sqlite3_value *sqlite3_column_value(sqlite3_stmt *statement, int index) {
  static sqlite3_value null = {.record = {.tag = TAG_NULL}};
  if (!statement) return &null;
  if (statement->progress != ON_ROW || index < 0 || index >= statement->column_count) {
    connection_answer(SQLITE_RANGE);
    return &null;
  }
  Column *column = &statement->columns[index];
  if (column->row != statement->row) {
    int code = fetch(statement, index, &column->value);
    if (code != SQLITE_OK) {
      code == SQLITE_NOMEM ? connection_answer(code) : connection_fail_as_host(code);
      return &null;
    }
    column->row = statement->row;
  }
  return &column->value;
}

int sqlite3_column_type(sqlite3_stmt *statement, int index) {
  return sqlite3_value_type(sqlite3_column_value(statement, index));
}

int sqlite3_column_int(sqlite3_stmt *statement, int index) {
  return sqlite3_value_int(sqlite3_column_value(statement, index));
}

sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *statement, int index) {
  return sqlite3_value_int64(sqlite3_column_value(statement, index));
}

double sqlite3_column_double(sqlite3_stmt *statement, int index) {
  return sqlite3_value_double(sqlite3_column_value(statement, index));
}

const unsigned char *sqlite3_column_text(sqlite3_stmt *statement, int index) {
  return sqlite3_value_text(sqlite3_column_value(statement, index));
}

const void *sqlite3_column_text16(sqlite3_stmt *statement, int index) {
  return sqlite3_value_text16(sqlite3_column_value(statement, index));
}

const void *sqlite3_column_blob(sqlite3_stmt *statement, int index) {
  return sqlite3_value_blob(sqlite3_column_value(statement, index));
}

int sqlite3_column_bytes(sqlite3_stmt *statement, int index) {
  return sqlite3_value_bytes(sqlite3_column_value(statement, index));
}

int sqlite3_column_bytes16(sqlite3_stmt *statement, int index) {
  return sqlite3_value_bytes16(sqlite3_column_value(statement, index));
}

int sqlite3_column_count(sqlite3_stmt *statement) {
  return statement ? statement->column_count : 0;
}

int sqlite3_data_count(sqlite3_stmt *statement) {
  return statement && statement->progress == ON_ROW ? statement->column_count : 0;
}

/* Kept until the statement is finalized or its columns change. */
const char *sqlite3_column_name(sqlite3_stmt *statement, int index) {
  if (!statement || index < 0 || index >= statement->column_count) return 0;
  char **name = &statement->columns[index].name;
  if (!*name) *name = host_string(commensal_sql_column_name, statement->id, index);
  return *name;
}

/* Kept as long. */
const char *sqlite3_column_decltype(sqlite3_stmt *statement, int index) {
  if (!statement || index < 0 || index >= statement->column_count) return 0;
  char **type = &statement->columns[index].type;
  if (!*type) *type = host_string(commensal_sql_column_decltype, statement->id, index);
  return *type;
}
