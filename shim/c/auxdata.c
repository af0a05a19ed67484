/*
** sqlite3_get_auxdata, sqlite3_set_auxdata: what a function computes from an argument and keeps for the
** next call at the same place of the statement. The host knows places and which arguments are constant
** there; it keeps a number for each, which is the address of what is kept here, and says when it goes.
*/
#include <stdlib.h>

#include "call.h"

__attribute__((import_module("commensal"), import_name("auxdata_get"))) int64_t host_get(int argument);
__attribute__((import_module("commensal"), import_name("auxdata_set"))) void host_set(
    int argument, int64_t number);

/* What the host has a number for. */
typedef struct Kept {
  void *data;
  sqlite3_destructor_type destroy;
} Kept;

static Kept *find(int argument) { return (Kept *)(uintptr_t)host_get(argument); }

/* Frees the data, but not what the host may still name. */
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
  /* From here on the host does not give the old number, and says so when the call has ended. */
  host_set(argument, (uintptr_t)new);
  if (old) destroy(old);
}

void commensal_auxdata_gone(int count, const Record *records) {
  if (count != 1) return;
  Kept *kept = (Kept *)(uintptr_t)records[0].integer;
  destroy(kept);
  free(kept);
}
