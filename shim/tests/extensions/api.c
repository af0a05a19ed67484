/*
** An extension for the tests. It calls every part of the API for scalar functions, aggregates and collations,
** so that its answers can be compared with SQLite's own.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

typedef sqlite3_context C;
typedef sqlite3_value V;

static const char *text(V *v) { return (const char *)sqlite3_value_text(v); }

static void answer(C *c, char *z) { sqlite3_result_text(c, z, -1, sqlite3_free); }

/* Formats */

static void format_integer(C *c, int n, V **v) {
  answer(c, sqlite3_mprintf(text(v[0]), sqlite3_value_int64(v[1])));
}

static void format_int(C *c, int n, V **v) {
  answer(c, sqlite3_mprintf(text(v[0]), sqlite3_value_int(v[1]), sqlite3_value_int(v[2])));
}

static void format_real(C *c, int n, V **v) {
  answer(c, sqlite3_mprintf(text(v[0]), sqlite3_value_double(v[1])));
}

static void format_star(C *c, int n, V **v) {
  answer(c, sqlite3_mprintf(text(v[0]), sqlite3_value_int(v[1]), sqlite3_value_int(v[2]),
      sqlite3_value_double(v[3])));
}

static void format_text(C *c, int n, V **v) { answer(c, sqlite3_mprintf(text(v[0]), text(v[1]))); }

static void format_cut(C *c, int n, V **v) {
  char buffer[40];
  int size = sqlite3_value_int(v[1]);
  sqlite3_snprintf(size, buffer, text(v[0]), sqlite3_value_double(v[2]), text(v[3]));
  sqlite3_result_text(c, size > 0 ? buffer : "", -1, SQLITE_TRANSIENT);
}

/* Arguments of other sizes than the format says. They have registers or 8 bytes each where this is written. */
static void format_wide(C *c, int n, V **v) {
  sqlite3_int64 a = sqlite3_value_int64(v[0]);
  int b = sqlite3_value_int(v[1]);
  char bytes[] = "bytes", buffer[200];
  float f = 1.5f;
  char letter = 'x';
  sqlite3_str *s = sqlite3_str_new(0);
  sqlite3_str_appendf(s, "%d|%d|%lld|%ld|%s|", a, b, 5, a, bytes);
  sqlite3_str_appendf(s, "%z", sqlite3_mprintf("%u|%x|%lx|%*d|%g|%c|%d|", a, a, a, (sqlite3_int64)9, a, f, letter, b));
  sqlite3_snprintf(200, buffer, "%i|%.*s|%s", a, (sqlite3_int64)2, bytes, "end");
  sqlite3_str_appendf(s, "%s", buffer);
  answer(c, sqlite3_str_finish(s));
}

static void build(C *c, int n, V **v) {
  sqlite3_str *s = sqlite3_str_new(sqlite3_context_db_handle(c));
  char *z;
  int i;
  sqlite3_str_appendall(s, "gone");
  sqlite3_str_reset(s);
  for (i = 0; i < n; i++) {
    sqlite3_str_append(s, text(v[i]), sqlite3_value_bytes(v[i]));
    sqlite3_str_appendchar(s, i, '-');
    sqlite3_str_appendf(s, "%d:%d;", sqlite3_str_length(s), sqlite3_str_errcode(s));
  }
  if (n == 0 && sqlite3_str_value(s)) sqlite3_result_error(c, "empty text has a value", -1);
  z = sqlite3_str_finish(s);
  if (z) answer(c, z);
}

/* A text from one piece, which may be empty: NULL if there is none. */
static void build_of(C *c, int n, V **v) {
  sqlite3_str *s = sqlite3_str_new(0);
  const char *piece = text(v[1]);
  char *z;
  (void)n;
  switch (sqlite3_value_int(v[0])) {
    case 0: break;
    case 1: sqlite3_str_append(s, piece, sqlite3_value_bytes(v[1])); break;
    case 2: sqlite3_str_appendall(s, piece); break;
    case 3: sqlite3_str_appendchar(s, sqlite3_value_bytes(v[1]), 'c'); break;
    case 4: sqlite3_str_appendf(s, "%s", piece); break;
    case 5: sqlite3_str_appendf(s, "%q%w", piece, piece); break;
    case 6: sqlite3_str_appendf(s, piece); break;
    case 7: sqlite3_str_appendf(s, "%.0s%-0s", piece, piece); break;
    default: sqlite3_str_appendall(s, piece); sqlite3_str_reset(s);
  }
  sqlite3_str_appendf(s, "");
  n = (sqlite3_str_value(s) != 0) + 2 * sqlite3_str_length(s) + 100 * sqlite3_str_errcode(s);
  z = sqlite3_str_finish(s);
  if (z && !*z) {
    sqlite3_free(z);
    z = sqlite3_mprintf("empty %d", n);
  }
  if (z) answer(c, z);
}

/* Text */

static void glob(C *c, int n, V **v) {
  sqlite3_result_int(c, sqlite3_strglob(text(v[0]), text(v[1])) == 0);
}

static void like(C *c, int n, V **v) {
  const char *escape = n > 2 ? text(v[2]) : 0;
  sqlite3_result_int(c, sqlite3_strlike(text(v[0]), text(v[1]), escape ? escape[0] : 0) == 0);
}

static int sign(int i) { return i < 0 ? -1 : i > 0; }

static void compare(C *c, int n, V **v) {
  const char *a = text(v[0]), *b = text(v[1]);
  int len = sqlite3_value_int(v[2]);
  answer(c, sqlite3_mprintf("%d %d", sign(sqlite3_stricmp(a, b)),
      a && b ? sign(sqlite3_strnicmp(a, b, len)) : 0));
}

/* Values */

static void as_integer(C *c, int n, V **v) { sqlite3_result_int64(c, sqlite3_value_int64(v[0])); }
static void as_int(C *c, int n, V **v) { sqlite3_result_int(c, sqlite3_value_int(v[0])); }
static void as_real(C *c, int n, V **v) { sqlite3_result_double(c, sqlite3_value_double(v[0])); }

static void as_text(C *c, int n, V **v) {
  const char *z = text(v[0]);
  sqlite3_result_text(c, z, sqlite3_value_bytes(v[0]), SQLITE_TRANSIENT);
}

static void as_c_text(C *c, int n, V **v) {
  sqlite3_result_text(c, text(v[0]), -1, SQLITE_TRANSIENT);
}

static void as_blob(C *c, int n, V **v) {
  const void *p = sqlite3_value_blob(v[0]);
  sqlite3_result_blob(c, p, sqlite3_value_bytes(v[0]), SQLITE_TRANSIENT);
}

static void as_number(C *c, int n, V **v) {
  int type = sqlite3_value_numeric_type(v[0]), after = sqlite3_value_type(v[0]);
  answer(c, sqlite3_mprintf("%d %d %lld %!.15g %s", type, after, sqlite3_value_int64(v[0]),
      sqlite3_value_double(v[0]), text(v[0])));
}

static void as_utf16(C *c, int n, V **v) {
  const void *wide = sqlite3_value_text16(v[0]);
  sqlite3_result_blob(c, wide, sqlite3_value_bytes16(v[0]), SQLITE_TRANSIENT);
}

static void as_utf16be(C *c, int n, V **v) {
  const unsigned char *wide = sqlite3_value_text16be(v[0]);
  int len = 0;
  while (wide && (wide[len] || wide[len + 1])) len += 2;
  sqlite3_result_blob(c, wide, len, SQLITE_TRANSIENT);
}

static void both(C *c, int n, V **v) {
  int i;
  sqlite3_str *s = sqlite3_str_new(0);
  for (i = 0; i < n; i++) {
    sqlite3_str_appendf(s, "%d=", sqlite3_value_type(v[i]));
    sqlite3_str_appendf(s, "%s,", text(v[i]));
    sqlite3_str_appendf(s, "%d ", sqlite3_value_type(v[i]));
  }
  for (i = 0; i < n; i++) {
    sqlite3_str_appendf(s, "%d=", sqlite3_value_bytes(v[i]));
    sqlite3_str_appendf(s, "%s,", text(v[i]));
  }
  answer(c, sqlite3_str_finish(s));
}

/* Results */

static void echo(C *c, int n, V **v) { sqlite3_result_value(c, v[0]); }

static void echo_copy(C *c, int n, V **v) {
  V *copy = sqlite3_value_dup(v[0]);
  sqlite3_result_value(c, copy);
  sqlite3_value_free(copy);
}

static void from_utf16(C *c, int n, V **v) {
  sqlite3_result_text16le(c, sqlite3_value_blob(v[0]), sqlite3_value_bytes(v[0]), SQLITE_TRANSIENT);
}

static void from_utf16be(C *c, int n, V **v) {
  sqlite3_result_text16be(c, sqlite3_value_blob(v[0]), sqlite3_value_bytes(v[0]), SQLITE_TRANSIENT);
}

/* from_utf16_as(encoding, bytes) */
static void from_utf16_as(C *c, int n, V **v) {
  int which = sqlite3_value_int(v[0]), len = sqlite3_value_bytes(v[1]);
  const void *bytes = sqlite3_value_blob(v[1]);
  if (which == 0) {
    sqlite3_result_text16(c, bytes, len, SQLITE_TRANSIENT);
  } else if (which <= SQLITE_UTF16) {
    sqlite3_result_text64(c, bytes, len, SQLITE_TRANSIENT, which == 1 ? SQLITE_UTF16LE : which);
  } else if (len > 3) {
    sqlite3_result_error16(c, bytes, len);
  }
}

/* wide_bytes(value): the bytes of the value before and after its UTF-16 was asked for. */
static void wide_bytes(C *c, int n, V **v) {
  int before = sqlite3_value_bytes16(v[0]);
  int is = sqlite3_value_text16(v[0]) != 0;
  answer(c, sqlite3_mprintf("%d %d %d", before, is, sqlite3_value_bytes16(v[0])));
}

static void own(C *c, int n, V **v) {
  int len = sqlite3_value_bytes(v[0]);
  const char *z = text(v[0]);
  char *copy = z ? malloc(len + 1) : 0;
  if (copy) memcpy(copy, z, len);
  sqlite3_result_text(c, "replaced", -1, SQLITE_TRANSIENT);
  sqlite3_result_text64(c, copy, len, free, SQLITE_UTF8);
}

static void zeros(C *c, int n, V **v) { sqlite3_result_zeroblob(c, sqlite3_value_int(v[0])); }
static void zeros64(C *c, int n, V **v) {
  sqlite3_result_zeroblob64(c, (sqlite3_uint64)sqlite3_value_int64(v[0]));
}

static void fails(C *c, int n, V **v) {
  sqlite3_result_error(c, text(v[0]), n > 1 ? sqlite3_value_int(v[1]) : -1);
}

static void fails_with(C *c, int n, V **v) {
  sqlite3_result_error_code(c, sqlite3_value_int(v[0]));
}

static void fails_16(C *c, int n, V **v) {
  sqlite3_result_error16(c, sqlite3_value_text16(v[0]), -1);
}

static void fails_both(C *c, int n, V **v) {
  sqlite3_result_error(c, text(v[0]), -1);
  sqlite3_result_error_code(c, SQLITE_CONSTRAINT);
}

static void too_big(C *c, int n, V **v) { sqlite3_result_error_toobig(c); }

static void nothing(C *c, int n, V **v) {}

static void pointer(C *c, int n, V **v) { sqlite3_result_pointer(c, "x", "type", 0); }

static void no_pointer(C *c, int n, V **v) {
  sqlite3_result_int(c, sqlite3_value_pointer(v[0], "other") != 0);
}

static void numbered(C *c, int n, V **v) {
  sqlite3_int64 *own = sqlite3_malloc(sizeof *own);
  *own = sqlite3_value_int64(v[0]);
  sqlite3_result_pointer(c, own, "number", sqlite3_free);
}

static void pointed(C *c, int n, V **v) {
  sqlite3_int64 *own = sqlite3_value_pointer(v[0], n > 1 ? text(v[1]) : "number");
  if (own) sqlite3_result_int64(c, *own);
}

static void numbered_twice(C *c, int n, V **v) {
  numbered(c, n, v);
  numbered(c, n, v);
}

static void numbered_not(C *c, int n, V **v) {
  numbered(c, n, v);
  sqlite3_result_value(c, v[0]);
}

static void zeros_fail(C *c, int n, V **v) {
  sqlite3_result_error(c, text(v[0]), -1);
  numbered(c, n, v);
  sqlite3_result_zeroblob(c, 3);
  sqlite3_result_error(c, text(v[0]), -1);
}

/* Calls */

static void user(C *c, int n, V **v) {
  answer(c, sqlite3_mprintf("%s %d", (char *)sqlite3_user_data(c), n));
}

static void kept(C *c, int n, V **v) {
  char *data = sqlite3_get_auxdata(c, 0);
  if (!data) {
    data = sqlite3_mprintf("<%s>", text(v[0]));
    sqlite3_set_auxdata(c, 0, data, sqlite3_free);
    data = sqlite3_get_auxdata(c, 0);
  }
  answer(c, sqlite3_mprintf("%s%s", data, text(v[1])));
}

static void memory(C *c, int n, V **v) {
  char *a = sqlite3_malloc(10), *b;
  answer(c, sqlite3_mprintf("%d%d%d%d", sqlite3_malloc(0) == 0, sqlite3_malloc(-1) == 0,
      sqlite3_malloc64(1ull << 40) == 0, sqlite3_msize(a) >= 10));
  strcpy(a, "kept");
  b = sqlite3_realloc(a, 100000);
  if (!b || strcmp(b, "kept")) sqlite3_result_error(c, "realloc", -1);
  if (sqlite3_realloc(b, 0)) sqlite3_result_error(c, "realloc to nothing", -1);
  sqlite3_free(0);
}

/* Aggregates */

typedef struct Sum {
  sqlite3_int64 sum;
  int rows;
  V *last;
} Sum;

static void sum_step(C *c, int n, V **v) {
  Sum *sum = sqlite3_aggregate_context(c, sizeof *sum);
  if (sqlite3_value_type(v[0]) == SQLITE_BLOB) {
    sqlite3_result_error(c, "no blobs", -1);
    return;
  }
  sum->sum += sqlite3_value_int(v[0]);
  sum->rows++;
  sqlite3_value_free(sum->last);
  sum->last = sqlite3_value_dup(v[n - 1]);
}

static void sum_inverse(C *c, int n, V **v) {
  Sum *sum = sqlite3_aggregate_context(c, sizeof *sum);
  sum->sum -= sqlite3_value_int(v[0]);
  sum->rows--;
}

static void sum_value(C *c) {
  Sum *sum = sqlite3_aggregate_context(c, 0);
  if (!sum) {
    sqlite3_result_text(c, "no rows", -1, SQLITE_STATIC);
    return;
  }
  answer(c, sqlite3_mprintf("%lld of %d, %s", sum->sum, sum->rows,
      sum->last ? text(sum->last) : 0));
}

static void sum_final(C *c) {
  Sum *sum = sqlite3_aggregate_context(c, 0);
  sum_value(c);
  if (sum) sqlite3_value_free(sum->last);
}

/* Collations */

static int backwards(void *p, int an, const void *a, int bn, const void *b) {
  int order = memcmp(a, b, an < bn ? an : bn);
  return -(order ? order : an - bn);
}

static int units(void *p, int an, const void *a, int bn, const void *b) {
  const unsigned short *x = a, *y = b;
  int i;
  for (i = 0; i < an / 2 && i < bn / 2; i++) {
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return an - bn;
}

int sqlite3_api_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    int n;
    void (*call)(C *, int, V **);
  } functions[] = {
      {"format_integer", 2, format_integer}, {"format_int", 3, format_int}, {"format_wide", 2, format_wide},
      {"format_real", 2, format_real}, {"format_star", 4, format_star},
      {"format_text", 2, format_text}, {"format_cut", 4, format_cut}, {"build", -1, build},
      {"build_of", 2, build_of},
      {"c_glob", 2, glob}, {"c_like", 2, like}, {"c_like", 3, like}, {"c_compare", 3, compare},
      {"as_integer", 1, as_integer}, {"as_int", 1, as_int}, {"as_real", 1, as_real},
      {"as_text", 1, as_text}, {"as_c_text", 1, as_c_text}, {"as_blob", 1, as_blob},
      {"as_number", 1, as_number}, {"as_utf16", 1, as_utf16}, {"as_utf16be", 1, as_utf16be},
      {"both", -1, both}, {"echo", 1, echo}, {"echo_copy", 1, echo_copy},
      {"from_utf16", 1, from_utf16},
      {"from_utf16be", 1, from_utf16be}, {"from_utf16_as", 2, from_utf16_as},
      {"wide_bytes", 1, wide_bytes}, {"own", 1, own}, {"zeros", 1, zeros}, {"zeros64", 1, zeros64},
      {"fails", 1, fails}, {"fails", 2, fails}, {"fails_with", 1, fails_with},
      {"fails_16", 1, fails_16}, {"fails_both", 1, fails_both}, {"too_big", 0, too_big},
      {"nothing", 0, nothing}, {"pointer", 0, pointer}, {"no_pointer", 1, no_pointer},
      {"numbered", 1, numbered},
      {"numbered_twice", 1, numbered_twice}, {"numbered_not", 1, numbered_not},
      {"pointed", 1, pointed}, {"pointed", 2, pointed}, {"zeros_fail", 1, zeros_fail},
      {"kept", 2, kept}, {"memory", 0, memory},
  };
  int i, rc = SQLITE_OK;
  SQLITE_EXTENSION_INIT2(api);
  for (i = 0; rc == SQLITE_OK && i < (int)(sizeof functions / sizeof *functions); i++) {
    rc = sqlite3_create_function(db, functions[i].name, functions[i].n,
        SQLITE_UTF8 | SQLITE_DETERMINISTIC, 0, functions[i].call, 0, 0);
  }
  sqlite3_create_function_v2(db, "user", 0, SQLITE_UTF8, "none", user, 0, 0, 0);
  sqlite3_create_function_v2(
      db, "user", 1, SQLITE_UTF8, sqlite3_mprintf("one"), user, 0, 0, sqlite3_free);
  sqlite3_create_function_v2(db, "user", 2, SQLITE_UTF8, "replaced", user, 0, 0, 0);
  sqlite3_create_function_v2(db, "USER", 2, SQLITE_UTF8, "two", user, 0, 0, 0);
  /* Names in UTF-16, one with a byte-order mark. */
  sqlite3_create_function16(db, u"named_16", 1, SQLITE_UTF8, "16", user, 0, 0);
  sqlite3_create_function16(db, u"\ufeffmarked_16", 1, SQLITE_UTF8, "mark", user, 0, 0);
  sqlite3_create_function(db, "taken_back", 1, SQLITE_UTF8, 0, user, 0, 0);
  sqlite3_create_function(db, "taken_back", 1, SQLITE_UTF8, 0, 0, 0, 0);
  sqlite3_create_function(db, "plain_sum", 1, SQLITE_UTF8, 0, 0, sum_step, sum_final);
  sqlite3_create_window_function(
      db, "moving", 2, SQLITE_UTF8, 0, sum_step, sum_final, sum_value, sum_inverse, 0);
  sqlite3_create_collation(db, "backwards", SQLITE_UTF8, 0, backwards);
  sqlite3_create_collation(db, "units", SQLITE_UTF16LE, 0, units);
  return rc;
}
