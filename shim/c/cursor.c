/*
** Cursors of virtual tables. The host asks for batches of rows, so rows are copied, because what xColumn
** returns is valid only up to the next xNext. The query may not need all rows of a batch. To bound that work,
** columns that the query does not use are left out, and the bytes of a batch are limited, too.
*/
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* A batch is full when its records and what they point to have this many bytes. */
enum { BATCH_BYTES = 1 << 16 };
/* The most bytes that are kept for the next batch. */
enum { KEPT_MAX = 1 << 20 };

typedef struct Cursor {
  Table *table;
  sqlite3_vtab_cursor *cursor;
  /* The plan's text. SQLite keeps it as long as the cursor may use it. */
  sqlite3_value text;
  /* The columns that the query uses; bit 63 for all from 63 on. */
  uint64_t used;
  /* Whether the cursor's current row was returned, so that it has to move first. */
  int was_given;
  int has_ended;
  /* The error after the rows of the last batch, in the table's words if it gave any. */
  int failed;
  char *message;
  /* The batch: the numbers of rows and columns, and records. */
  char *batch;
  uint32_t batch_room;
  /* The bytes that its records point to, and their number. */
  char *bytes;
  uint32_t bytes_room;
  uint32_t bytes_len;
} Cursor;

/* The bytes of a batch before its records. */
enum { HEAD = 8 };

/* The context for xColumn's results, which has no function. */
static Registered column_function;
static sqlite3_context context = {.function = &column_function};

static const Record null = {.tag = TAG_NULL};

static Cursor *cursor_of(const Record *records) {
  return (Cursor *)(uintptr_t)records[0].integer;
}

const Record *commensal_open(const Record *records) {
  static Record handle = {.tag = TAG_INTEGER};
  Table *table = table_of(records);
  Cursor *cursor = calloc(1, sizeof *cursor);
  if (!cursor) return failure(SQLITE_NOMEM, 0);
  int code = table->module->xOpen(table->vtab, &cursor->cursor);
  if (code != SQLITE_OK || !cursor->cursor) {
    free(cursor);
    if (code != SQLITE_OK) return answer(table, code);
    return failure(SQLITE_INTERNAL, sqlite3_mprintf("xOpen gave no cursor"));
  }
  cursor->table = table;
  cursor->cursor->pVtab = table->vtab;
  cursor->has_ended = 1;
  handle.integer = (uintptr_t)cursor;
  return &handle;
}

const Record *commensal_close(const Record *records) {
  Cursor *cursor = cursor_of(records);
  cursor->table->module->xClose(cursor->cursor);
  sqlite3_free(cursor->message);
  free(cursor->text.buffer);
  free(cursor->batch);
  free(cursor->bytes);
  free(cursor);
  return 0;
}

const Record *commensal_filter(int count, const Record *records) {
  Cursor *cursor = cursor_of(records);
  Table *table = cursor->table;
  Plan plan;
  sqlite3_value **values = table_values(count - 3, records + 3);
  value_set(&cursor->text, &records[2]);
  const char *text = (const char *)sqlite3_value_text(&cursor->text);
  if (!values || !text) return failure(SQLITE_NOMEM, 0);
  if (!plan_of(text, count - 3, &plan)) return failure(SQLITE_INTERNAL, 0);
  cursor->used = plan.used;
  cursor->was_given = cursor->has_ended = cursor->failed = 0;
  sqlite3_free(cursor->message);
  cursor->message = 0;
  return answer(table, table->module->xFilter(
      cursor->cursor, (int)records[1].integer, plan.text, count - 3, values));
}

/* Makes room for the records of a batch. */
static int make_room(Cursor *cursor, uint32_t bytes) {
  if (cursor->bytes_room > KEPT_MAX) {
    free(cursor->bytes);
    cursor->bytes = 0;
    cursor->bytes_room = 0;
  }
  cursor->bytes_len = 0;
  if (bytes <= cursor->batch_room) return 1;
  free(cursor->batch);
  cursor->batch = malloc(bytes);
  cursor->batch_room = cursor->batch ? bytes : 0;
  return cursor->batch != 0;
}

/* The upper half of a pointer that is still an offset, because the bytes may move while rows are added. */
static const uint64_t OFFSET = 1ull << 32;

/* Makes a record of text, a blob or an error, and copies the bytes. */
static Record copied(Cursor *cursor, const Record *record) {
  uint64_t needed = (uint64_t)cursor->bytes_len + record->len;
  if (needed > cursor->bytes_room) {
    uint64_t room = needed + needed / 2 + 64;
    char *more = room > INT32_MAX ? 0 : realloc(cursor->bytes, room);
    if (!more) return *failure(SQLITE_NOMEM, 0);
    cursor->bytes = more;
    cursor->bytes_room = room;
  }
  if (record->len) memcpy(cursor->bytes + cursor->bytes_len, record_bytes(record), record->len);
  Record copy = *record;
  copy.pointer = OFFSET | cursor->bytes_len;
  cursor->bytes_len = needed;
  return copy;
}

/* xColumn has asked whether its value would stay unchanged. */
static int has_asked;

/* Marks the value as one that an update may leave unchanged, if xColumn would then leave it out. */
static Record keepable(Record record) {
  if (has_asked && record.tag != TAG_ERROR) record.flags = FLAG_NOCHANGE;
  return record;
}

/* Reads the value of a column of the current row. */
static Record column(Cursor *cursor, int number) {
  result_clear(&context);
  context.error = 0;
  has_asked = 0;
  int code = cursor->table->module->xColumn(cursor->cursor, &context, number);
  if (context.error > 0) return copied(cursor, result_error(&context));
  if (code != SQLITE_OK) return copied(cursor, answer(cursor->table, code));
  const Record *result = &context.result.record;
  /* A row may be read never or twice, but a pointer must be passed once. So it becomes a plain NULL. */
  if (result->tag == TAG_NULL) return keepable(null);
  if (result->flags) return *result;
  int is_bytes = result->tag == TAG_TEXT || result->tag == TAG_BLOB;
  return keepable(is_bytes ? copied(cursor, result) : *result);
}

/* Reads all values of the current row. */
static void row(Cursor *cursor, Record *values) {
  const Declaration *declaration = &cursor->table->declaration;
  const sqlite3_module *module = cursor->table->module;
  *values = null;
  if (declaration->has_rowids && module->xRowid) {
    sqlite3_int64 rowid = 0;
    int code = module->xRowid(cursor->cursor, &rowid);
    if (code == SQLITE_OK) {
      *values = (Record){.tag = TAG_INTEGER, .integer = rowid};
    } else {
      *values = copied(cursor, answer(cursor->table, code));
    }
  }
  for (uint32_t i = 0; i < declaration->columns; i++) {
    int is_used = cursor->used >> (i < 63 ? i : 63) & 1;
    values[i + 1] = is_used ? column(cursor, i) : null;
  }
}

/* Moves to the next row. Returns 0 if there is none or moving failed. */
static int go_on(Cursor *cursor) {
  const sqlite3_module *module = cursor->table->module;
  if (cursor->was_given) {
    cursor->failed = module->xNext(cursor->cursor);
    if (cursor->failed) {
      /* The message is kept here, because another cursor may set its own before it is needed. */
      cursor->message = cursor->table->vtab->zErrMsg;
      cursor->table->vtab->zErrMsg = 0;
    }
    cursor->was_given = 0;
  }
  cursor->has_ended = cursor->failed || module->xEof(cursor->cursor);
  return !cursor->has_ended;
}

static const Record *failed_cursor(Cursor *cursor) {
  const Record *error = failure(cursor->failed, cursor->message);
  cursor->failed = 0;
  cursor->message = 0;
  return error;
}

const Record *commensal_next(const Record *records) {
  static Record result = {.tag = TAG_BLOB};
  Cursor *cursor = cursor_of(records);
  uint32_t columns = cursor->table->declaration.columns;
  uint32_t row_bytes = (columns + 1) * sizeof(Record), rows = 0;
  uint32_t most = BATCH_BYTES / row_bytes;
  if (most > records[1].integer) most = records[1].integer;
  if (most == 0) most = 1;
  if (cursor->failed) return failed_cursor(cursor);
  if (!make_room(cursor, HEAD + most * row_bytes)) return failure(SQLITE_NOMEM, 0);
  Record *values = (Record *)(cursor->batch + HEAD);
  while (rows < most && cursor->bytes_len < BATCH_BYTES && !cursor->has_ended) {
    if (!go_on(cursor)) break;
    row(cursor, values + rows * (columns + 1));
    cursor->was_given = 1;
    rows++;
  }
  if (rows == 0) return cursor->failed ? failed_cursor(cursor) : 0;
  for (Record *at = values; at < values + rows * (columns + 1); at++) {
    int is_bytes = at->tag == TAG_TEXT || at->tag == TAG_BLOB || at->tag == TAG_ERROR;
    if (is_bytes && at->pointer >= OFFSET) at->pointer += (uintptr_t)cursor->bytes - OFFSET;
  }
  memcpy(cursor->batch, &rows, sizeof rows);
  memcpy(cursor->batch + sizeof rows, &columns, sizeof columns);
  result.pointer = (uintptr_t)cursor->batch;
  result.len = HEAD + rows * row_bytes;
  return &result;
}

/* Rows are read before SQL says how it uses them. So xColumn returns the value, and the host is told that
** it could leave the value out. */
int sqlite3_vtab_nochange(sqlite3_context *context) {
  (void)context;
  has_asked = 1;
  return 0;
}
