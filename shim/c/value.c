/*
** sqlite3_value_*: what an extension reads from its arguments. Values are converted when they are asked
** for, as SQLite does it, and the results are kept until the value ends.
*/
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* The most memory of a value that is kept for the next call. */
enum { KEPT_MAX = 1 << 20 };

void value_set(sqlite3_value *value, const Record *record) {
  value->record = *record;
  value->text = 0;
  value->end_is_free = 0;
  if (value->wide) {
    free(value->wide);
    value->wide = 0;
  }
  if (value->capacity > KEPT_MAX) {
    free(value->buffer);
    value->buffer = 0;
    value->capacity = 0;
  }
}

char *value_room(sqlite3_value *value, uint32_t size) {
  if (size <= value->capacity) return value->buffer;
  uint32_t capacity = size > UINT32_MAX / 2 ? size : size + size / 2 + 64;
  free(value->buffer);
  value->buffer = malloc(capacity);
  value->capacity = value->buffer ? capacity : 0;
  return value->buffer;
}

/* The value as UTF-8 text; null for NULL, or if there is no memory. */
static const char *text(sqlite3_value *value) {
  if (value->text) return value->text;
  const Record *record = &value->record;
  switch (record->tag) {
    case TAG_TEXT:
    case TAG_BLOB: {
      char *bytes = (char *)record_bytes(record);
      if (!value->end_is_free) {
        if (record->len == UINT32_MAX) return 0;
        char *copy = value_room(value, record->len + 1);
        if (!copy) return 0;
        memcpy(copy, bytes, record->len);
        bytes = copy;
      }
      bytes[record->len] = 0;
      value->text = bytes;
      value->text_len = record->len;
      return bytes;
    }
    case TAG_INTEGER:
    case TAG_REAL: {
      char *digits = value_room(value, 40);
      if (!digits) return 0;
      if (record->tag == TAG_INTEGER) {
        sqlite3_snprintf(40, digits, "%lld", record->integer);
      } else {
        sqlite3_snprintf(40, digits, "%!.17g", record->real);
      }
      value->text = digits;
      value->text_len = strlen(digits);
      return digits;
    }
    default: return 0;
  }
}

/* As in SQLite, a blob becomes text if the text of it was asked for. */
int sqlite3_value_type(sqlite3_value *value) {
  return value->record.tag == TAG_BLOB && value->text ? SQLITE_TEXT : value->record.tag;
}

const unsigned char *sqlite3_value_text(sqlite3_value *value) {
  return (const unsigned char *)text(value);
}

const void *sqlite3_value_blob(sqlite3_value *value) {
  const Record *record = &value->record;
  if (record->tag != TAG_TEXT && record->tag != TAG_BLOB) return text(value);
  if (record->len == 0) return 0;
  return value->text ? value->text : record_bytes(record);
}

int sqlite3_value_bytes(sqlite3_value *value) {
  switch (value->record.tag) {
    case TAG_TEXT:
    case TAG_BLOB: return value->record.len;
    case TAG_NULL: return 0;
    default: return text(value) ? value->text_len : 0;
  }
}

/* The nearest integer towards zero, or the smallest or largest for what is beyond. */
static int64_t integer_of_real(double real) {
  if (real != real) return 0;
  if (real <= -9223372036854775808.0) return INT64_MIN;
  if (real >= 9223372036854775808.0) return INT64_MAX;
  return (int64_t)real;
}

sqlite3_int64 sqlite3_value_int64(sqlite3_value *value) {
  const Record *record = &value->record;
  switch (record->tag) {
    case TAG_INTEGER: return record->integer;
    case TAG_REAL: return integer_of_real(record->real);
    case TAG_TEXT:
    case TAG_BLOB: {
      int64_t integer;
      integer_of(record_bytes(record), record->len, &integer);
      return integer;
    }
    default: return 0;
  }
}

int sqlite3_value_int(sqlite3_value *value) { return (int)sqlite3_value_int64(value); }

double sqlite3_value_double(sqlite3_value *value) {
  const Record *record = &value->record;
  switch (record->tag) {
    case TAG_INTEGER: return (double)record->integer;
    case TAG_REAL: return record->real;
    case TAG_TEXT:
    case TAG_BLOB: {
      double real;
      real_of(record_bytes(record), record->len, &real);
      return real;
    }
    default: return 0.0;
  }
}

/* As in SQLite, text that is a number becomes that number. */
int sqlite3_value_numeric_type(sqlite3_value *value) {
  Record *record = &value->record;
  if (record->tag == TAG_TEXT) {
    double real;
    int64_t integer;
    int what = real_of(record_bytes(record), record->len, &real);
    if (what == NOT_A_NUMBER || (what & WITH_PREFIX)) return SQLITE_TEXT;
    if (what == WHOLE && !integer_of(record_bytes(record), record->len, &integer)) {
      record->tag = TAG_INTEGER;
      record->integer = integer;
    } else {
      record->tag = TAG_REAL;
      record->real = real;
    }
    record->len = 0;
    value->text = 0;
  }
  return record->tag;
}

static const void *text16(sqlite3_value *value, int big_endian) {
  const char *utf8 = text(value);
  if (!utf8) return 0;
  free(value->wide);
  value->wide = utf16_of(utf8, value->text_len, big_endian, &value->wide_len);
  return value->wide;
}

const void *sqlite3_value_text16(sqlite3_value *value) { return text16(value, 0); }
const void *sqlite3_value_text16le(sqlite3_value *value) { return text16(value, 0); }
const void *sqlite3_value_text16be(sqlite3_value *value) { return text16(value, 1); }

int sqlite3_value_bytes16(sqlite3_value *value) {
  /* As in SQLite, a blob's own bytes if nothing has read it as UTF-16. */
  if (value->record.tag == TAG_BLOB && !value->wide) return value->record.len;
  if (!value->wide && !text16(value, 0)) return 0;
  return value->wide_len;
}

unsigned int sqlite3_value_subtype(sqlite3_value *value) { return value->record.subtype; }

int sqlite3_value_nochange(sqlite3_value *value) {
  return value->record.tag == TAG_NULL && (value->record.flags & FLAG_NOCHANGE) != 0;
}

int sqlite3_value_frombind(sqlite3_value *value) {
  (void)value;
  return 0;
}

int sqlite3_value_encoding(sqlite3_value *value) {
  (void)value;
  return SQLITE_UTF8;
}

sqlite3_value *sqlite3_value_dup(const sqlite3_value *value) {
  if (!value) return 0;
  sqlite3_value *copy = calloc(1, sizeof *copy);
  if (!copy) return 0;
  copy->record = value->record;
  /* As in SQLite, a copy has no pointer. */
  copy->record.flags = 0;
  if (copy->record.tag == TAG_TEXT || copy->record.tag == TAG_BLOB) {
    char *bytes = copy->record.len == UINT32_MAX ? 0 : value_room(copy, copy->record.len + 1);
    if (!bytes) {
      free(copy);
      return 0;
    }
    memcpy(bytes, record_bytes(&value->record), copy->record.len);
    copy->record.pointer = (uintptr_t)bytes;
    copy->end_is_free = 1;
  }
  return copy;
}

void sqlite3_value_free(sqlite3_value *value) {
  if (!value) return;
  free(value->buffer);
  free(value->wide);
  free(value);
}
