/* The functions of the benchmark in C, written as extensions for SQLite commonly are. They do the same
** as the others: NULL for NULL, an error for an argument of another type. */
#include "sqlite3.h"

/* Whether the argument is of this type; sets the result if not. */
static int is(int type, sqlite3_context *context, sqlite3_value *value) {
  int actual = sqlite3_value_type(value);
  if (actual == type) return 1;
  if (actual != SQLITE_NULL) sqlite3_result_error(context, "an argument of the wrong type", -1);
  return 0;
}

static void add(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  if (!is(SQLITE_INTEGER, context, argv[0])) return;
  if (!is(SQLITE_INTEGER, context, argv[1])) return;
  sqlite3_uint64 a = (sqlite3_uint64)sqlite3_value_int64(argv[0]);
  sqlite3_uint64 b = (sqlite3_uint64)sqlite3_value_int64(argv[1]);
  sqlite3_result_int64(context, (sqlite3_int64)(a + b));
}

/* Like SQLite's own upper(): a buffer that SQLite takes over. */
static void upper(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  if (!is(SQLITE_TEXT, context, argv[0])) return;
  const unsigned char *text = sqlite3_value_text(argv[0]);
  int len = sqlite3_value_bytes(argv[0]);
  if (text == 0) return;
  unsigned char *out = sqlite3_malloc64((sqlite3_uint64)len + 1);
  if (out == 0) {
    sqlite3_result_error_nomem(context);
    return;
  }
  for (int i = 0; i < len; i++) {
    unsigned char c = text[i];
    out[i] = (c >= 'a' && c <= 'z') ? (unsigned char)(c - ('a' - 'A')) : c;
  }
  out[len] = 0;
  sqlite3_result_text(context, (char *)out, len, sqlite3_free);
}

static void byte_sum(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  if (!is(SQLITE_TEXT, context, argv[0])) return;
  const unsigned char *text = sqlite3_value_text(argv[0]);
  int len = sqlite3_value_bytes(argv[0]);
  sqlite3_int64 sum = 0;
  if (text == 0) return;
  for (int i = 0; i < len; i++) sum += text[i];
  sqlite3_result_int64(context, sum);
}

static void dot_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  if (!is(SQLITE_INTEGER, context, argv[0])) return;
  if (!is(SQLITE_INTEGER, context, argv[1])) return;
  sqlite3_uint64 *sum = sqlite3_aggregate_context(context, sizeof(*sum));
  if (sum == 0) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_uint64 a = (sqlite3_uint64)sqlite3_value_int64(argv[0]);
  sqlite3_uint64 b = (sqlite3_uint64)sqlite3_value_int64(argv[1]);
  *sum += a * b;
}

static void bytes_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  if (!is(SQLITE_TEXT, context, argv[0])) return;
  sqlite3_uint64 *total = sqlite3_aggregate_context(context, sizeof(*total));
  const unsigned char *text = sqlite3_value_text(argv[0]);
  int len = sqlite3_value_bytes(argv[0]);
  if (total == 0 || text == 0) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_uint64 sum = 0;
  for (int i = 0; i < len; i++) sum += text[i];
  *total += sum;
}

static void sum_final(sqlite3_context *context) {
  sqlite3_uint64 *sum = sqlite3_aggregate_context(context, 0);
  sqlite3_result_int64(context, sum == 0 ? 0 : (sqlite3_int64)*sum);
}

/* Registers the scalar functions c_add(a, b), c_upper(text) and c_byte_sum(text), and the aggregates
** c_dot(a, b) and c_bytes(text). Returns a result code. */
int commensal_bench_register(sqlite3 *db) {
  static const struct {
    const char *name;
    int argc;
    void (*function)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {{"c_add", 2, add}, {"c_upper", 1, upper}, {"c_byte_sum", 1, byte_sum}};
  for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
    int code = sqlite3_create_function_v2(
        db, functions[i].name, functions[i].argc,
        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, 0, functions[i].function, 0, 0, 0);
    if (code != SQLITE_OK) return code;
  }
  static const struct {
    const char *name;
    int argc;
    void (*step)(sqlite3_context *, int, sqlite3_value **);
  } aggregates[] = {{"c_dot", 2, dot_step}, {"c_bytes", 1, bytes_step}};
  for (unsigned i = 0; i < sizeof(aggregates) / sizeof(aggregates[0]); i++) {
    int code = sqlite3_create_function_v2(db, aggregates[i].name, aggregates[i].argc,
                                          SQLITE_UTF8 | SQLITE_INNOCUOUS, 0, 0, aggregates[i].step,
                                          sum_final, 0);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
