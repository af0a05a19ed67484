/*
** sqlite3_result_*: what a function answers. The host reads a result after the call, so memory that the
** extension wants freed is freed with the next result.
*/
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

void result_clear(sqlite3_context *context) {
  static const Record null = {.tag = TAG_NULL};
  if (context->destroy) {
    sqlite3_destructor_type destroy = context->destroy;
    context->destroy = 0;
    destroy(context->destroyed);
  }
  Record before = context->result.record;
  value_set(&context->result, &null);
  if (before.flags & FLAG_POINTER) pointer_free((uint64_t)before.integer);
}

static void set(sqlite3_context *context, Record record) {
  result_clear(context);
  context->result.record = record;
}

void sqlite3_result_null(sqlite3_context *context) { result_clear(context); }

void sqlite3_result_int64(sqlite3_context *context, sqlite3_int64 integer) {
  set(context, (Record){.tag = TAG_INTEGER, .integer = integer});
}

void sqlite3_result_int(sqlite3_context *context, int integer) {
  sqlite3_result_int64(context, integer);
}

void sqlite3_result_double(sqlite3_context *context, double real) {
  set(context, (Record){.tag = TAG_REAL, .real = real});
}

/* Sets text or a blob, which is copied or used where it is. */
static void result_bytes(sqlite3_context *context, int tag, const void *bytes, uint64_t len,
    sqlite3_destructor_type destroy) {
  if (!bytes) {
    result_clear(context);
    return;
  }
  if (len > LENGTH_MAX) {
    discard(bytes, destroy);
    sqlite3_result_error_toobig(context);
    return;
  }
  if (destroy != SQLITE_TRANSIENT) {
    set(context, (Record){.tag = tag, .len = len, .pointer = (uintptr_t)bytes});
    context->destroy = destroy;
    context->destroyed = (void *)bytes;
    return;
  }
  /* The bytes to copy may be those of the previous result, which is freed now. */
  char *copy = malloc(len + 1);
  if (!copy) {
    sqlite3_result_error_nomem(context);
    return;
  }
  memcpy(copy, bytes, len);
  copy[len] = 0;
  set(context, (Record){.tag = tag, .len = len, .pointer = (uintptr_t)copy});
  context->destroy = free;
  context->destroyed = copy;
}

/* Small results are copied into memory that is reused. */
static void result_copied(sqlite3_context *context, int tag, const char *bytes, uint64_t len,
    sqlite3_destructor_type destroy) {
  sqlite3_value *result = &context->result;
  const char *own = result->buffer;
  int is_own = own && bytes >= own && bytes <= own + result->capacity;
  if (destroy != SQLITE_TRANSIENT || len > (1 << 16) || !bytes || is_own || context->destroy) {
    result_bytes(context, tag, bytes, len, destroy);
    return;
  }
  char *copy = value_room(result, len + 1);
  if (!copy) {
    sqlite3_result_error_nomem(context);
    return;
  }
  memcpy(copy, bytes, len);
  copy[len] = 0;
  set(context, (Record){.tag = tag, .len = len, .pointer = (uintptr_t)copy});
}

void sqlite3_result_text(
    sqlite3_context *context, const char *text, int len, sqlite3_destructor_type destroy) {
  uint64_t bytes = text ? len < 0 ? strlen(text) : (uint64_t)len : 0;
  result_copied(context, TAG_TEXT, text, bytes, destroy);
}

static void result_wide(sqlite3_context *context, const void *text, uint64_t len, int big_endian,
    sqlite3_destructor_type destroy) {
  if (!text) {
    result_clear(context);
    return;
  }
  if (len > LENGTH_MAX) {
    discard(text, destroy);
    sqlite3_result_error_toobig(context);
    return;
  }
  uint32_t utf8_len;
  char *utf8 = utf8_of(text, len, big_endian, &utf8_len);
  discard(text, destroy);
  if (utf8) {
    result_bytes(context, TAG_TEXT, utf8, utf8_len, free);
  } else {
    sqlite3_result_error_nomem(context);
  }
}

void sqlite3_result_text64(sqlite3_context *context, const char *text, sqlite3_uint64 len,
    sqlite3_destructor_type destroy, unsigned char encoding) {
  if (encoding == SQLITE_UTF8 || encoding == SQLITE_UTF8_ZT) {
    result_copied(context, TAG_TEXT, text, len, destroy);
  } else {
    result_wide(context, text, len, encoding == SQLITE_UTF16BE, destroy);
  }
}

void sqlite3_result_text16(
    sqlite3_context *context, const void *text, int len, sqlite3_destructor_type destroy) {
  result_wide(context, text, wide_length(text, len), 0, destroy);
}

void sqlite3_result_text16le(
    sqlite3_context *context, const void *text, int len, sqlite3_destructor_type destroy) {
  result_wide(context, text, wide_length(text, len), 0, destroy);
}

void sqlite3_result_text16be(
    sqlite3_context *context, const void *text, int len, sqlite3_destructor_type destroy) {
  result_wide(context, text, wide_length(text, len), 1, destroy);
}

void sqlite3_result_blob64(sqlite3_context *context, const void *bytes, sqlite3_uint64 len,
    sqlite3_destructor_type destroy) {
  result_copied(context, TAG_BLOB, bytes, len, destroy);
}

void sqlite3_result_blob(
    sqlite3_context *context, const void *bytes, int len, sqlite3_destructor_type destroy) {
  sqlite3_result_blob64(context, bytes, len < 0 ? 0 : len, destroy);
}

int sqlite3_result_zeroblob64(sqlite3_context *context, sqlite3_uint64 len) {
  if (len > LENGTH_MAX) {
    sqlite3_result_error_toobig(context);
    return SQLITE_TOOBIG;
  }
  set(context, (Record){.tag = TAG_BLOB, .flags = FLAG_ZEROBLOB, .len = len});
  return SQLITE_OK;
}

void sqlite3_result_zeroblob(sqlite3_context *context, int len) {
  sqlite3_result_zeroblob64(context, len < 0 ? 0 : len);
}

void sqlite3_result_value(sqlite3_context *context, sqlite3_value *value) {
  const Record *record = &value->record;
  if (record->tag == TAG_TEXT || record->tag == TAG_BLOB) {
    uint8_t subtype = record->subtype;
    result_copied(context, record->tag, record_bytes(record), record->len, SQLITE_TRANSIENT);
    context->result.record.subtype = subtype;
  } else {
    Record copy = *record;
    copy.flags = 0;
    set(context, copy);
  }
}

void sqlite3_result_str(sqlite3_context *context, sqlite3_str *text, int free_too) {
  int error = sqlite3_str_errcode(text);
  if (error == SQLITE_NOMEM) {
    sqlite3_result_error_nomem(context);
  } else if (error) {
    sqlite3_result_error_toobig(context);
  } else {
    int len = sqlite3_str_length(text);
    sqlite3_result_text(context, len ? sqlite3_str_value(text) : "", len, SQLITE_TRANSIENT);
  }
  if (free_too) sqlite3_str_free(text);
}

void sqlite3_result_subtype(sqlite3_context *context, unsigned int subtype) {
  context->result.record.subtype = subtype;
}

void sqlite3_result_error(sqlite3_context *context, const char *message, int len) {
  context->error = SQLITE_ERROR;
  sqlite3_result_text(context, message, len, SQLITE_TRANSIENT);
}

void sqlite3_result_error16(sqlite3_context *context, const void *message, int len) {
  context->error = SQLITE_ERROR;
  sqlite3_result_text16(context, message, len, SQLITE_TRANSIENT);
}

void sqlite3_result_error_code(sqlite3_context *context, int code) {
  context->error = code ? code : -1;
  if (context->result.record.tag == TAG_NULL) {
    sqlite3_result_text(context, sqlite3_errstr(code), -1, SQLITE_STATIC);
  }
}

void sqlite3_result_error_toobig(sqlite3_context *context) {
  context->error = SQLITE_TOOBIG;
  sqlite3_result_text(context, "string or blob too big", -1, SQLITE_STATIC);
}

void sqlite3_result_error_nomem(sqlite3_context *context) {
  context->error = SQLITE_NOMEM;
  sqlite3_result_text(context, sqlite3_errstr(SQLITE_NOMEM), -1, SQLITE_STATIC);
}
