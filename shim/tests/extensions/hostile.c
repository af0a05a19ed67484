/* An extension that does what C allows: each function goes wrong in its own way. */
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

static void h_fine(sqlite3_context *context, int argc, sqlite3_value **argv) {
  sqlite3_result_value(context, argv[0]);
}

static void h_wild_write(sqlite3_context *context, int argc, sqlite3_value **argv) {
  volatile char *wild = (volatile char *)(size_t)sqlite3_value_int64(argv[0]);
  *wild = 1;
  sqlite3_result_int(context, 0);
}

static void h_wild_text(sqlite3_context *context, int argc, sqlite3_value **argv) {
  sqlite3_result_text(context, (const char *)(size_t)sqlite3_value_int64(argv[0]),
                      sqlite3_value_int(argv[1]), SQLITE_STATIC);
}

static int depth(volatile int *n) {
  volatile int here[64];
  here[0] = *n + 1;
  return depth(here) + here[0];
}

static void h_recursion(sqlite3_context *context, int argc, sqlite3_value **argv) {
  int start = 0;
  sqlite3_result_int(context, depth(&start));
}

static void h_after_free(sqlite3_context *context, int argc, sqlite3_value **argv) {
  char *block = sqlite3_malloc(64);
  sqlite3_free(block);
  memset(block, 0xff, 64);
  sqlite3_free(block);
  sqlite3_free(block + 8);
  block = sqlite3_malloc(64);
  sqlite3_result_text(context, block, 64, sqlite3_free);
}

static void h_overflow(sqlite3_context *context, int argc, sqlite3_value **argv) {
  char *block = sqlite3_malloc(16);
  memset(block, 'x', sqlite3_value_int(argv[0]));
  sqlite3_free(block);
  sqlite3_result_int(context, 0);
}

static void h_format(sqlite3_context *context, int argc, sqlite3_value **argv) {
  char small[8];
  sqlite3_snprintf(sizeof small, small, "%*d%s%s%s", sqlite3_value_int(argv[0]), 1, "a", "b");
  char *text = sqlite3_mprintf("%*.*f%n%q", sqlite3_value_int(argv[0]), 2000000000, 1.0);
  sqlite3_result_text(context, text, -1, sqlite3_free);
}

static void h_forever(sqlite3_context *context, int argc, sqlite3_value **argv) {
  volatile int i = 0;
  for (;;) i++;
}

static void h_hoard(sqlite3_context *context, int argc, sqlite3_value **argv) {
  while (sqlite3_malloc(1 << 20)) {
  }
  sqlite3_result_error_nomem(context);
}

static void h_abort(sqlite3_context *context, int argc, sqlite3_value **argv) { abort(); }

static void h_exit(sqlite3_context *context, int argc, sqlite3_value **argv) { exit(3); }

static void h_no_function(sqlite3_context *context, int argc, sqlite3_value **argv) {
  ((void (*)(void))(size_t)sqlite3_value_int64(argv[0]))();
}

static void h_two_results(sqlite3_context *context, int argc, sqlite3_value **argv) {
  sqlite3_result_text(context, "first", -1, (void (*)(void *))8);
  sqlite3_result_error(context, "second", -1);
  sqlite3_result_error_code(context, SQLITE_INTERRUPT);
}

/* A destructor that makes pointers, and one that is not a function. */
static sqlite3_context *again;
static void remake(void *pointer) { sqlite3_result_pointer(again, pointer, "own", remake); }

static void h_pointer(sqlite3_context *context, int argc, sqlite3_value **argv) {
  again = context;
  if (sqlite3_value_int(argv[0]) == 0) {
    sqlite3_result_pointer(context, context, "own", remake);
  } else {
    sqlite3_result_pointer(context, context, "own", (void (*)(void *))8);
    sqlite3_result_int(context, 1);
  }
}

int sqlite3_hostile_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    int arguments;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
  } functions[] = {
      {"h_fine", 1, h_fine},           {"h_wild_write", 1, h_wild_write},
      {"h_wild_text", 2, h_wild_text}, {"h_recursion", 0, h_recursion},
      {"h_after_free", 0, h_after_free}, {"h_overflow", 1, h_overflow},
      {"h_format", 1, h_format},       {"h_forever", 0, h_forever},
      {"h_hoard", 0, h_hoard},         {"h_abort", 0, h_abort},
      {"h_exit", 0, h_exit},           {"h_no_function", 1, h_no_function},
      {"h_two_results", 0, h_two_results}, {"h_pointer", 1, h_pointer},
  };
  int code = SQLITE_OK;
  SQLITE_EXTENSION_INIT2(api);
  for (int i = 0; code == SQLITE_OK && i < (int)(sizeof functions / sizeof *functions); i++) {
    code = sqlite3_create_function(db, functions[i].name, functions[i].arguments, SQLITE_UTF8, 0,
                                   functions[i].call, 0, 0);
  }
  return code;
}
