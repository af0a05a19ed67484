/*
** sqlite3_get_auxdata, sqlite3_set_auxdata: what a function computes from an argument and keeps for
** calls with the same one. SQLite keeps it for an argument that is constant in a statement; here it is
** kept for an argument that is equal, of the same class and bytes, also across statements. So it never
** belongs to another value, needs nothing of the host, and serves every engine.
*/
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* Values that are remembered for each argument of each function: several places of one statement may
** call it with constants of their own. */
enum { PLACES = 4 };

/* Bytes of an argument that is remembered at most. */
enum { KEY_BYTES_MAX = 1 << 16 };

typedef struct Kept {
  Record key;
  char *bytes;
  void *data;
  sqlite3_destructor_type destroy;
} Kept;

struct Auxiliary {
  struct Auxiliary *next;
  int argument;
  int newest;
  Kept kept[PLACES];
};

static int is_bytes(const Record *record) {
  return record->tag == TAG_TEXT || record->tag == TAG_BLOB;
}

/* The C library compares byte by byte, and this is done for each row. */
static int is_same(const char *left, const char *right, uint32_t len) {
  for (; len >= 8; left += 8, right += 8, len -= 8) {
    uint64_t a, b;
    memcpy(&a, left, 8);
    memcpy(&b, right, 8);
    if (a != b) return 0;
  }
  while (len && *left == *right) left++, right++, len--;
  return len == 0;
}

static int is_equal(const Kept *kept, const Record *record) {
  if (!kept->data || kept->key.tag != record->tag || kept->key.len != record->len) return 0;
  if (is_bytes(record)) return is_same(kept->bytes, record_bytes(record), record->len);
  return record->tag == TAG_NULL || kept->key.integer == record->integer;
}

static struct Auxiliary *find(sqlite3_context *context, int argument) {
  struct Auxiliary *it = context->function->auxiliary;
  while (it && it->argument != argument) it = it->next;
  return it;
}

static void forget(Kept *kept) {
  void *data = kept->data;
  sqlite3_destructor_type destroy = kept->destroy;
  free(kept->bytes);
  memset(kept, 0, sizeof *kept);
  if (data && destroy) destroy(data);
}

void *sqlite3_get_auxdata(sqlite3_context *context, int argument) {
  struct Auxiliary *auxiliary = find(context, argument);
  if (!auxiliary || argument < 0 || argument >= context->argument_count) return 0;
  const Record *record = &context->arguments[argument].record;
  for (int i = 0; i < PLACES; i++) {
    Kept *kept = &auxiliary->kept[(auxiliary->newest + PLACES - i) % PLACES];
    if (is_equal(kept, record)) return kept->data;
  }
  return 0;
}

/* Gives up data that cannot be kept, once nobody uses it: with the next that cannot be. */
static void refuse(void *data, sqlite3_destructor_type destroy) {
  static Kept refused;
  forget(&refused);
  refused.data = data;
  refused.destroy = destroy;
}

void sqlite3_set_auxdata(
    sqlite3_context *context, int argument, void *data, sqlite3_destructor_type destroy) {
  if (!data) return;
  struct Auxiliary *auxiliary = find(context, argument);
  Kept new = {.data = data, .destroy = destroy};
  if (argument < 0 || argument >= context->argument_count) {
    refuse(data, destroy);
    return;
  }
  new.key = context->arguments[argument].record;
  if (is_bytes(&new.key)) {
    new.bytes = new.key.len > KEY_BYTES_MAX ? 0 : malloc(new.key.len + 1);
    if (!new.bytes) {
      refuse(data, destroy);
      return;
    }
    memcpy(new.bytes, record_bytes(&new.key), new.key.len);
  }
  if (!auxiliary) {
    auxiliary = calloc(1, sizeof *auxiliary);
    if (!auxiliary) {
      free(new.bytes);
      refuse(data, destroy);
      return;
    }
    auxiliary->argument = argument;
    auxiliary->next = context->function->auxiliary;
    context->function->auxiliary = auxiliary;
  }
  int place = -1;
  for (int i = 0; i < PLACES; i++) {
    if (is_equal(&auxiliary->kept[i], &new.key)) place = i;
  }
  if (place < 0) place = auxiliary->newest = (auxiliary->newest + 1) % PLACES;
  Kept old = auxiliary->kept[place];
  auxiliary->kept[place] = new;
  if (old.data == data) old.data = 0;
  forget(&old);
}
