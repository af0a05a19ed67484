/* sqlite3_malloc and its family, over the C library's, and random bytes from the host. */
#include <malloc.h>
#include <stdlib.h>

#include "shim.h"

/* SQLite's limit for one allocation. */
static const uint64_t ALLOCATION_MAX = 0x7fffff00;

void *sqlite3_malloc64(sqlite3_uint64 size) {
  return size == 0 || size > ALLOCATION_MAX ? 0 : malloc(size);
}

void *sqlite3_malloc(int size) { return size <= 0 ? 0 : sqlite3_malloc64(size); }

void *sqlite3_realloc64(void *memory, sqlite3_uint64 size) {
  if (!memory) return sqlite3_malloc64(size);
  if (size == 0) {
    free(memory);
    return 0;
  }
  return size > ALLOCATION_MAX ? 0 : realloc(memory, size);
}

void *sqlite3_realloc(void *memory, int size) {
  return sqlite3_realloc64(memory, size < 0 ? 0 : size);
}

void sqlite3_free(void *memory) { free(memory); }

sqlite3_uint64 sqlite3_msize(void *memory) { return memory ? malloc_usable_size(memory) : 0; }

__attribute__((import_module("commensal"), import_name("random"))) void commensal_random(
    void *bytes, uint32_t len);

void sqlite3_randomness(int len, void *bytes) {
  if (len > 0 && bytes) commensal_random(bytes, len);
}
