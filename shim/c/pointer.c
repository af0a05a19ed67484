/*
** Pointers that one function passes to another. They do not leave the guest: SQL has a NULL with two
** numbers, one for the pointer's place in this file's list and one for the name of its type. A forged number
** finds nothing.
*/
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* A pointer that SQL has, or a free place. */
typedef struct Pointer {
  void *pointer;
  const char *type;
  sqlite3_destructor_type destroy;
  /* Counts the pointers that used this place, so that numbers of earlier ones are no longer valid. */
  uint32_t round;
  int is_free;
  /* The next free place. */
  uint32_t next;
} Pointer;

static Pointer *places;
/* The number of places, and how many have been used. */
static uint32_t room, used;
static uint32_t first_free = UINT32_MAX;

static Pointer *find(uint64_t number) {
  uint32_t place = (uint32_t)number;
  if (place >= used || places[place].is_free || places[place].round != number >> 32) return 0;
  return &places[place];
}

/* The number of a type's name: never 0, and equal for equal names. */
static uint32_t type_number(const char *type) {
  uint32_t number = 2166136261u;
  for (; *type; type++) number = (number ^ (uint8_t)*type) * 16777619u;
  return number ? number : 1;
}

/* A free place; `UINT32_MAX` if there is no memory. */
static uint32_t take_place(void) {
  if (first_free != UINT32_MAX) {
    uint32_t place = first_free;
    first_free = places[place].next;
    return place;
  }
  if (used == room) {
    uint32_t more = room ? room * 2 : 16;
    Pointer *moved = more > INT32_MAX / sizeof(Pointer) ? 0 : realloc(places, more * sizeof(Pointer));
    if (!moved) return UINT32_MAX;
    places = moved;
    room = more;
  }
  places[used].round = 0;
  return used++;
}

void pointer_free(uint64_t number) {
  Pointer *own = find(number);
  if (!own) return;
  Pointer gone = *own;
  own->is_free = 1;
  own->round++;
  own->next = first_free;
  first_free = (uint32_t)number;
  /* The destructor may make pointers and so move the places. */
  if (gone.destroy) gone.destroy(gone.pointer);
}

__attribute__((export_name("commensal_pointer_drop"))) const Record *commensal_pointer_drop(
    int count, const Record *records) {
  if (count == 2) pointer_free((uint64_t)records[1].integer);
  return 0;
}

void sqlite3_result_pointer(
    sqlite3_context *context, void *pointer, const char *type, sqlite3_destructor_type destroy) {
  result_clear(context);
  if (destroy == SQLITE_TRANSIENT) destroy = 0;
  uint32_t place = type ? take_place() : UINT32_MAX;
  if (place == UINT32_MAX) {
    if (destroy) destroy(pointer);
    if (type) sqlite3_result_error_nomem(context);
    return;
  }
  Pointer *own = &places[place];
  uint64_t number = (uint64_t)own->round << 32 | place;
  *own = (Pointer){.pointer = pointer, .type = type, .destroy = destroy, .round = own->round};
  context->result.record = (Record){
      .tag = TAG_NULL, .flags = FLAG_POINTER, .len = type_number(type), .integer = number};
}

void *sqlite3_value_pointer(sqlite3_value *value, const char *type) {
  const Record *record = &value->record;
  if (record->tag != TAG_NULL || !(record->flags & FLAG_POINTER) || !type) return 0;
  Pointer *own = find((uint64_t)record->integer);
  return own && strcmp(own->type, type) == 0 ? own->pointer : 0;
}
