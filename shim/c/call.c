/*
** Calls from the host: the scratch area, arguments and results of functions, states of aggregates,
** comparisons. Each export of the module calls a function here with what init registered under its name.
*/
#include <stdlib.h>
#include <string.h>

#include "call.h"

static sqlite3_value values[ARGUMENTS_MAX];
static sqlite3_value *pointers[ARGUMENTS_MAX];
static sqlite3_context context;

static char *scratch;
static uint32_t scratch_size;

__attribute__((export_name("commensal_scratch"))) void *commensal_scratch(uint32_t size) {
  free(scratch);
  /* One more byte, for a NUL after the last argument. */
  scratch = size < UINT32_MAX - 8 ? malloc(size + 1) : 0;
  scratch_size = scratch ? size + 1 : 0;
  return scratch;
}

/* Makes values from records. */
static void arguments(Registered *function, State *state, int count, const Record *records) {
  context.function = function;
  context.state = state;
  context.arguments = values;
  context.argument_count = count;
  context.error = 0;
  for (int i = 0; i < count; i++) {
    value_set(&values[i], &records[i]);
    pointers[i] = &values[i];
  }
  result_clear(&context);
}

/*
** Whether a NUL can be written after the bytes of the argument at `place`. That is so if they are in the
** scratch area, which belongs to the guest during the call, and no other argument's bytes follow.
*/
static int end_is_free(int place, int count) {
  const Record *record = &values[place].record;
  uint64_t end = record->pointer + record->len;
  if (end - (uintptr_t)scratch >= scratch_size) return 0;
  for (int i = 0; i < count; i++) {
    const Record *other = &values[i].record;
    if (i != place && (other->tag == TAG_TEXT || other->tag == TAG_BLOB) && other->len != 0 &&
        other->pointer <= end && end < other->pointer + other->len) {
      return 0;
    }
  }
  return 1;
}

const Record *result_error(sqlite3_context *context) {
  Record *record = &context->result.record;
  char *refused = refusal_take();
  if (refused && (context->error == SQLITE_NOMEM || (context->error & 0xff) == SQLITE_AUTH)) {
    context->error = SQLITE_AUTH;
    sqlite3_result_text(context, refused, -1, SQLITE_TRANSIENT);
  }
  sqlite3_free(refused);
  if (record->flags) {
    /* An error without a message. */
    result_clear(context);
    *record = (Record){.tag = TAG_TEXT};
  }
  if (record->tag != TAG_TEXT && record->tag != TAG_BLOB) {
    const void *text = sqlite3_value_text(&context->result);
    record->len = text ? sqlite3_value_bytes(&context->result) : 0;
    record->pointer = (uintptr_t)text;
  }
  record->tag = TAG_ERROR;
  record->subtype = context->error;
  return record;
}

static const Record *result(void) {
  if (context.error > 0) return result_error(&context);
  sqlite3_free(refusal_take());
  static Record given;
  given = context.result.record;
  if (given.flags & FLAG_POINTER) {
    /* SQL has the pointer now. */
    context.result.record.flags = 0;
    return &given;
  }
  return given.tag == TAG_NULL ? 0 : &given;
}

static const Record *failed(const char *message) {
  result_clear(&context);
  context.error = SQLITE_ERROR;
  sqlite3_result_text(&context, message, -1, SQLITE_STATIC);
  return result_error(&context);
}

const Record *commensal_missing(void) {
  return failed(init_error ? init_error : "the extension did not register it in this instance");
}

const Record *commensal_function(Registered *function, int count, const Record *records) {
  if (count > ARGUMENTS_MAX) return failed("too many arguments");
  arguments(function, 0, count, records);
  for (int i = 0; i < count; i++) {
    int tag = records[i].tag;
    if (tag == TAG_TEXT || tag == TAG_BLOB) values[i].end_is_free = end_is_free(i, count);
  }
  function->call(&context, count, pointers);
  return result();
}

const Record *commensal_init(Registered *function) {
  static Record handle = {.tag = TAG_INTEGER};
  State *state = calloc(1, sizeof *state);
  if (!state) return failed("out of memory");
  state->function = function;
  handle.integer = (uintptr_t)state;
  return &handle;
}

static State *state_of(const Record *records) { return (State *)(uintptr_t)records[0].integer; }

/* Adds or removes rows: arguments are the state, the number of rows, and their values. */
static const Record *rows(int count, const Record *records, int inverse) {
  State *state = state_of(records);
  uint32_t number = records[1].integer;
  uint32_t width = number ? (count - 2) / number : 0;
  if (width > ARGUMENTS_MAX) return failed("too many arguments");
  commensal_rows step = inverse ? state->function->inverse : state->function->step;
  for (uint32_t row = 0; row < number; row++) {
    arguments(state->function, state, width, records + 2 + (size_t)row * width);
    step(&context, width, pointers);
    if (context.error > 0) return result_error(&context);
  }
  return 0;
}

const Record *commensal_step(int count, const Record *records) { return rows(count, records, 0); }

const Record *commensal_inverse(int count, const Record *records) {
  return rows(count, records, 1);
}

const Record *commensal_value(const Record *records) {
  State *state = state_of(records);
  arguments(state->function, state, 0, 0);
  state->function->value(&context);
  return result();
}

/* SQLite calls xFinal both for a result and for cleaning up, and extensions rely on it. */
const Record *commensal_finalize(const Record *records) {
  State *state = state_of(records);
  arguments(state->function, state, 0, 0);
  state->function->finalize(&context);
  free(state->memory);
  free(state);
  context.state = 0;
  return result();
}

const Record *commensal_drop(const Record *records) {
  commensal_finalize(records);
  return 0;
}

const Record *commensal_compare_texts(Registered *collation, const Record *records) {
  static Record order = {.tag = TAG_INTEGER};
  const Record *left = &records[0], *right = &records[1];
  int encoding = collation->flags & 7;
  if (encoding == SQLITE_UTF8 || encoding == SQLITE_ANY) {
    order.integer = collation->compare(collation->user_data, left->len, record_bytes(left),
        right->len, record_bytes(right));
    return &order;
  }
  uint32_t left_len, right_len;
  int big_endian = encoding == SQLITE_UTF16BE;
  uint16_t *wide_left = utf16_of(record_bytes(left), left->len, big_endian, &left_len);
  uint16_t *wide_right = utf16_of(record_bytes(right), right->len, big_endian, &right_len);
  int ok = wide_left && wide_right;
  if (ok) {
    order.integer =
        collation->compare(collation->user_data, left_len, wide_left, right_len, wide_right);
  }
  free(wide_left);
  free(wide_right);
  return ok ? &order : failed("out of memory");
}

void *sqlite3_user_data(sqlite3_context *context) { return context->function->user_data; }

sqlite3 *sqlite3_context_db_handle(sqlite3_context *context) {
  (void)context;
  return &connection;
}

void *sqlite3_aggregate_context(sqlite3_context *context, int size) {
  State *state = context->state;
  if (!state) return 0;
  if (!state->memory && size > 0) state->memory = calloc(1, size);
  return state->memory;
}
