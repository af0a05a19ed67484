/*
** An extension for the tests. Its answers show what was kept for which argument, and when it was freed.
*/
#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1
#include <stdlib.h>
#include <string.h>

typedef sqlite3_context C;
typedef sqlite3_value V;

/* The data that is kept. */
typedef struct Data {
  int uses;
} Data;

/* How many there were, and how many have been freed. */
static int made, freed;

static void gone(void *data) {
  freed++;
  free(data);
}

static Data *keep(C *c, int argument) {
  Data *d = malloc(sizeof *d);
  made++;
  d->uses = 0;
  sqlite3_set_auxdata(c, argument, d, gone);
  return sqlite3_get_auxdata(c, argument);
}

/* How often this place has found its data for an argument. */
static void used(C *c, int argument) {
  Data *d = sqlite3_get_auxdata(c, argument);
  if (!d) d = keep(c, argument);
  sqlite3_result_int(c, d ? d->uses++ : -1);
}

/* hits(...): the hits of the first argument. */
static void hits(C *c, int n, V **v) { used(c, 0); }

/* hits_at(argument, ...): those of any argument, even one that does not exist. Calls share negative ones. */
static void hits_at(C *c, int n, V **v) { used(c, sqlite3_value_int(v[0])); }

/* replaced(...): new data for the first argument each time; the old data is freed at once. */
static void replaced(C *c, int n, V **v) {
  int before = freed;
  Data *d = sqlite3_get_auxdata(c, 0);
  int uses = d ? d->uses + 1 : 0;
  d = keep(c, 0);
  if (d) d->uses = uses;
  sqlite3_result_int(c, uses * 10 + freed - before);
}

/* forgotten(...): keeps data every other time. */
static void forgotten(C *c, int n, V **v) {
  if (sqlite3_get_auxdata(c, 0)) {
    sqlite3_set_auxdata(c, 0, 0, 0);
    sqlite3_result_int(c, sqlite3_get_auxdata(c, 0) == 0);
  } else {
    sqlite3_result_int(c, keep(c, 0) ? 2 : 3);
  }
}

/* nothing(...): keeps nothing, and yet that is freed. */
static void nothing(C *c, int n, V **v) {
  int before = freed;
  made++;
  sqlite3_set_auxdata(c, 0, 0, gone);
  sqlite3_result_int(c, freed - before + (sqlite3_get_auxdata(c, 0) ? 100 : 0));
}

/* many(...): data for each argument. */
static void many(C *c, int n, V **v) {
  int i, sum = 0;
  for (i = 0; i < n; i++) {
    Data *d = sqlite3_get_auxdata(c, i);
    if (!d) d = keep(c, i);
    sum = sum * 3 + (d && d->uses++ ? 1 : 0);
  }
  sqlite3_result_int(c, sum);
}

/* flagged(word, flag, text): the flag goes into the data for the word, as in many extensions. */
static void flagged(C *c, int n, V **v) {
  char *data = sqlite3_get_auxdata(c, 0);
  if (!data) {
    int upper = sqlite3_value_int(v[1]);
    data = sqlite3_mprintf("%s:%s", upper ? "upper" : "lower", sqlite3_value_text(v[0]));
    sqlite3_set_auxdata(c, 0, data, sqlite3_free);
    data = sqlite3_get_auxdata(c, 0);
  }
  sqlite3_result_text(
      c, sqlite3_mprintf("%s %s", data, sqlite3_value_text(v[2])), -1, sqlite3_free);
}

/* remaining(): how many are not freed. Triggers have their own instance, so the sums differ. */
static void remaining(C *c, int n, V **v) { sqlite3_result_int(c, made - freed); }

/* adds(...): an aggregate that keeps data, which is allowed and useless. */
static void add_step(C *c, int n, V **v) {
  int *sum = sqlite3_aggregate_context(c, sizeof *sum);
  if (!sqlite3_get_auxdata(c, 33)) sqlite3_set_auxdata(c, 33, malloc(1), free);
  *sum += sqlite3_value_int(v[0]);
}

static void add_inverse(C *c, int n, V **v) {
  int *sum = sqlite3_aggregate_context(c, sizeof *sum);
  *sum -= sqlite3_value_int(v[0]);
}

static void add_value(C *c) {
  int *sum = sqlite3_aggregate_context(c, 0);
  sqlite3_result_int(c, sum ? *sum : 0);
}

int sqlite3_auxdata_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  static const struct {
    const char *name;
    int arguments;
    int flags;
    void (*call)(C *, int, V **);
  } all[] = {
      {"hits", -1, 0, hits},
      {"hits_constant", -1, SQLITE_DETERMINISTIC, hits},
      {"hits_at", -1, 0, hits_at},
      {"replaced", -1, 0, replaced},
      {"forgotten", -1, 0, forgotten},
      {"nothing", -1, 0, nothing},
      {"many", -1, 0, many},
      {"flagged", 3, SQLITE_DETERMINISTIC, flagged},
      {"remaining", -1, 0, remaining},
  };
  int i, code = SQLITE_OK;
  SQLITE_EXTENSION_INIT2(api);
  for (i = 0; code == SQLITE_OK && i < sizeof all / sizeof *all; i++) {
    code = sqlite3_create_function(db, all[i].name, all[i].arguments,
        SQLITE_UTF8 | all[i].flags, 0, all[i].call, 0, 0);
  }
  if (code == SQLITE_OK) {
    code = sqlite3_create_window_function(
        db, "adds", 1, SQLITE_UTF8, 0, add_step, add_value, add_value, add_inverse, 0);
  }
  return code;
}
