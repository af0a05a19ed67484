/*
** sqlite3_get_auxdata, sqlite3_set_auxdata: a function computes something from an argument and keeps it for
** the next call at the same place of the statement. The host knows the places, and which arguments are
** constant there. For each it keeps a number, the address of the data here, and says when that ends.
*/
#include <stdlib.h>

#include "call.h"

__attribute__((import_module("commensal"), import_name("auxdata_get"))) int64_t host_get(int argument);
__attribute__((import_module("commensal"), import_name("auxdata_set"))) void host_set(
    int argument, int64_t number);

/* The data behind a number of the host's. */
typedef struct Kept {
  void *data;
  sqlite3_destructor_type destroy;
} Kept;

static Kept *find(int argument) { return (Kept *)(uintptr_t)host_get(argument); }

/* Frees the data, but not the struct, which the host may still name. */
static void destroy(Kept *kept) {
  sqlite3_destructor_type destroy = kept->destroy;
  kept->destroy = 0;
  if (destroy) destroy(kept->data);
}

void *sqlite3_get_auxdata(sqlite3_context *context, int argument) {
  (void)context;
  Kept *kept = find(argument);
  return kept ? kept->data : 0;
}

void sqlite3_set_auxdata(
    sqlite3_context *context, int argument, void *data, sqlite3_destructor_type destructor) {
  (void)context;
  Kept *old = find(argument), *new = 0;
  if (data || destructor) {
    new = malloc(sizeof *new);
    if (!new) {
      if (destructor) destructor(data);
      return;
    }
    *new = (Kept){.data = data, .destroy = destructor};
  }
  /* From here on the host does not return the old number. It reports its end after the call. */
  host_set(argument, (uintptr_t)new);
  if (old) destroy(old);
}

void commensal_auxdata_gone(int count, const Record *records) {
  if (count != 1) return;
  Kept *kept = (Kept *)(uintptr_t)records[0].integer;
  destroy(kept);
  free(kept);
}
