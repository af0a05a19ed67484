/* A collection of functions for mathematics and text, of the kind that extension-functions.c made usual: one file,
** tables of functions, aggregates with a structure for each group, names that SQLite has itself.
**
**   square(X) cube(X) cot(X) signum(X)
**   replicate(T, N) charindex(PART, T [, FROM]) leftstr(T, N) rightstr(T, N) reverse(T) proper(T)
**   padl(T, N) padr(T, N) padc(T, N) strfilter(T, LETTERS) ltrim(T)
**   stdev(X) variance(X) mode(X) lower_quartile(X) upper_quartile(X)
*/
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1

/* Mathematics: which function is in the user data. */

static void real(sqlite3_context *context, int count, sqlite3_value **arguments) {
  double (*function)(double) = *(double (**)(double))sqlite3_user_data(context);
  (void)count;
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  sqlite3_result_double(context, function(sqlite3_value_double(arguments[0])));
}

static double square(double x) { return x * x; }
static double cube(double x) { return x * x * x; }
static double cot(double x) { return 1 / tan(x); }
static double signum(double x) { return (x > 0) - (x < 0); }

static const struct {
  const char *name;
  double (*function)(double);
} reals[] = {{"square", square}, {"cube", cube}, {"cot", cot}, {"signum", signum}};

/* Text: letters are those of UTF-8. */

static int goes_on(char byte) { return (byte & 0xC0) == 0x80; }

static int letters(const char *text, int bytes) {
  int count = 0;
  for (int i = 0; i < bytes; i++) count += !goes_on(text[i]);
  return count;
}

/* The place of a letter, in bytes; the end if there are fewer. */
static int place(const char *text, int bytes, sqlite3_int64 letter) {
  int at = 0;
  for (; at < bytes && letter > 0; letter--) {
    do at++;
    while (at < bytes && goes_on(text[at]));
  }
  return at;
}

static const char *text_of(sqlite3_value *value, int *bytes) {
  const char *text = (const char *)sqlite3_value_text(value);
  *bytes = sqlite3_value_bytes(value);
  return text;
}

static void replicate(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes;
  const char *text = text_of(arguments[0], &bytes);
  sqlite3_int64 times = sqlite3_value_int64(arguments[1]);
  (void)count;
  if (!text) return;
  if (times < 0) return sqlite3_result_error(context, "replicate: a negative number", -1);
  if (bytes && times > sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1) / bytes)
    return sqlite3_result_error_toobig(context);
  char *all = sqlite3_malloc64(times * bytes + 1);
  if (!all) return sqlite3_result_error_nomem(context);
  for (sqlite3_int64 i = 0; i < times; i++) memcpy(all + i * bytes, text, bytes);
  sqlite3_result_text64(context, all, times * bytes, sqlite3_free, SQLITE_UTF8);
}

static void charindex(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int part_bytes, bytes;
  const char *part = text_of(arguments[0], &part_bytes), *text = text_of(arguments[1], &bytes);
  if (!part || !text) return;
  sqlite3_int64 from = count > 2 ? sqlite3_value_int64(arguments[2]) - 1 : 0;
  for (int at = place(text, bytes, from); part_bytes && at + part_bytes <= bytes; at++) {
    if (memcmp(text + at, part, part_bytes) == 0) {
      sqlite3_result_int(context, letters(text, at) + 1);
      return;
    }
  }
  sqlite3_result_int(context, 0);
}

/* leftstr, and rightstr with user data. */
static void end(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes;
  const char *text = text_of(arguments[0], &bytes);
  sqlite3_int64 number = sqlite3_value_int64(arguments[1]);
  (void)count;
  if (!text) return;
  if (number < 0) number = 0;
  int right = sqlite3_user_data(context) != 0;
  int at = place(text, bytes, right ? letters(text, bytes) - number : number);
  if (right) sqlite3_result_text(context, text + at, bytes - at, SQLITE_TRANSIENT);
  else sqlite3_result_text(context, text, at, SQLITE_TRANSIENT);
}

static void reverse(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes;
  const char *text = text_of(arguments[0], &bytes);
  (void)count;
  if (!text) return;
  char *all = sqlite3_malloc(bytes + 1);
  if (!all) return sqlite3_result_error_nomem(context);
  for (int at = 0; at < bytes;) {
    int next = at + place(text + at, bytes - at, 1);
    memcpy(all + bytes - next, text + at, next - at);
    at = next;
  }
  sqlite3_result_text(context, all, bytes, sqlite3_free);
}

static void proper(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes, begins = 1;
  const char *text = text_of(arguments[0], &bytes);
  (void)count;
  if (!text) return;
  sqlite3_str *all = sqlite3_str_new(sqlite3_context_db_handle(context));
  for (int i = 0; i < bytes; i++) {
    char c = text[i];
    if (begins && c >= 'a' && c <= 'z') c -= 32;
    if (!begins && c >= 'A' && c <= 'Z') c += 32;
    sqlite3_str_appendchar(all, 1, c);
    begins = c == ' ' || c == '\t';
  }
  sqlite3_result_text(context, sqlite3_str_finish(all), -1, sqlite3_free);
}

/* padl, padr and padc: the user data says how many halves of the spaces stand before. */
static void pad(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes;
  const char *text = text_of(arguments[0], &bytes);
  sqlite3_int64 width = sqlite3_value_int64(arguments[1]);
  (void)count;
  if (!text) return;
  int spaces = width > 100000 ? 100000 : (int)width;
  spaces -= letters(text, bytes);
  if (spaces < 0) spaces = 0;
  int before = spaces * (int)(intptr_t)sqlite3_user_data(context) / 2;
  char *all = sqlite3_mprintf("%*s%.*s%*s", before, "", bytes, text, spaces - before, "");
  if (!all) return sqlite3_result_error_nomem(context);
  sqlite3_result_text(context, all, -1, sqlite3_free);
}

static void strfilter(sqlite3_context *context, int count, sqlite3_value **arguments) {
  int bytes, kept_bytes;
  const char *text = text_of(arguments[0], &bytes), *kept = text_of(arguments[1], &kept_bytes);
  (void)count;
  if (!text || !kept) return;
  sqlite3_str *all = sqlite3_str_new(sqlite3_context_db_handle(context));
  for (int at = 0; at < bytes;) {
    int next = at + place(text + at, bytes - at, 1), found = 0;
    for (int k = 0; k < kept_bytes && !found;) {
      int kept_next = k + place(kept + k, kept_bytes - k, 1);
      found = kept_next - k == next - at && memcmp(kept + k, text + at, next - at) == 0;
      k = kept_next;
    }
    if (found) sqlite3_str_append(all, text + at, next - at);
    at = next;
  }
  int length = sqlite3_str_length(all);
  char *result = sqlite3_str_finish(all);
  sqlite3_result_text(context, result ? result : "", result ? length : 0, result ? sqlite3_free : SQLITE_STATIC);
}

/* SQLite has this one, too. */
static void ltrim(sqlite3_context *context, int count, sqlite3_value **arguments) {
  const char *text = (const char *)sqlite3_value_text(arguments[0]);
  (void)count;
  if (!text) return;
  while (*text == ' ') text++;
  sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static const struct {
  const char *name;
  int arguments;
  intptr_t data;
  void (*function)(sqlite3_context *, int, sqlite3_value **);
} texts[] = {
    {"replicate", 2, 0, replicate}, {"charindex", 2, 0, charindex}, {"charindex", 3, 0, charindex},
    {"leftstr", 2, 0, end},         {"rightstr", 2, 1, end},        {"reverse", 1, 0, reverse},
    {"proper", 1, 0, proper},       {"padl", 2, 2, pad},            {"padr", 2, 0, pad},
    {"padc", 2, 1, pad},            {"strfilter", 2, 0, strfilter}, {"ltrim", 1, 0, ltrim},
};

/* Aggregates: variance by Welford's method, and those that need all values. */

typedef struct {
  double mean, squares;
  double *values;
  sqlite3_int64 count, room;
} Group;

static void step(sqlite3_context *context, int count, sqlite3_value **arguments) {
  Group *group = sqlite3_aggregate_context(context, sizeof(Group));
  (void)count;
  if (!group) return sqlite3_result_error_nomem(context);
  if (sqlite3_value_numeric_type(arguments[0]) == SQLITE_NULL) return;
  double value = sqlite3_value_double(arguments[0]), before = value - group->mean;
  if (group->count == group->room) {
    sqlite3_int64 room = group->room ? 2 * group->room : 16;
    double *values = sqlite3_realloc64(group->values, room * sizeof(double));
    if (!values) return sqlite3_result_error_nomem(context);
    group->values = values, group->room = room;
  }
  group->values[group->count++] = value;
  group->mean += before / group->count;
  group->squares += before * (value - group->mean);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

enum { STDEV, VARIANCE, MODE, LOWER, UPPER };

static void finish(sqlite3_context *context) {
  Group *group = sqlite3_aggregate_context(context, 0);
  int what = (int)(intptr_t)sqlite3_user_data(context);
  if (!group || !group->count) return;
  if (what == STDEV || what == VARIANCE) {
    double variance = group->count > 1 ? group->squares / (group->count - 1) : 0;
    sqlite3_result_double(context, what == STDEV ? sqrt(variance) : variance);
  } else {
    qsort(group->values, group->count, sizeof(double), compare);
    sqlite3_int64 most = 0, ties = 0, run = 0;
    double mode = 0;
    for (sqlite3_int64 i = 0; i < group->count; i++) {
      run = i && group->values[i] == group->values[i - 1] ? run + 1 : 1;
      if (run > most) most = run, ties = 1, mode = group->values[i];
      else if (run == most) ties++;
    }
    sqlite3_int64 at = (group->count - 1) * (what == LOWER ? 1 : 3) / 4;
    if (what != MODE) sqlite3_result_double(context, group->values[at]);
    else if (ties == 1) sqlite3_result_double(context, mode);
  }
  sqlite3_free(group->values);
}

static const struct {
  const char *name;
  intptr_t what;
} aggregates[] = {
    {"stdev", STDEV}, {"variance", VARIANCE}, {"mode", MODE}, {"lower_quartile", LOWER}, {"upper_quartile", UPPER},
};

#define LENGTH(array) (int)(sizeof(array) / sizeof(*(array)))

int sqlite3_collection_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  int status = SQLITE_OK;
  (void)error;
  SQLITE_EXTENSION_INIT2(api);
  for (int i = 0; i < LENGTH(reals) && status == SQLITE_OK; i++)
    status = sqlite3_create_function(db, reals[i].name, 1, flags, (void *)&reals[i].function, real, 0, 0);
  for (int i = 0; i < LENGTH(texts) && status == SQLITE_OK; i++)
    status = sqlite3_create_function(
        db, texts[i].name, texts[i].arguments, flags, (void *)texts[i].data, texts[i].function, 0, 0);
  for (int i = 0; i < LENGTH(aggregates) && status == SQLITE_OK; i++)
    status = sqlite3_create_function(
        db, aggregates[i].name, 1, flags, (void *)aggregates[i].what, 0, step, finish);
  return status;
}
