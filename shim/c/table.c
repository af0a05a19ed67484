/*
** Virtual tables: the methods of docs/abi.md, section 8, over an extension's sqlite3_module. Plans are in
** plan.c, cursors and rows in cursor.c.
*/
#include <stdlib.h>
#include <string.h>

#include "table.h"

const Record *failure(int code, char *message) {
  static Record error = {.tag = TAG_ERROR};
  static char *kept;
  char *refused = refusal_take();
  if (refused && (!message || code == SQLITE_NOMEM)) {
    sqlite3_free(message);
    message = refused;
    code = SQLITE_AUTH;
  } else {
    sqlite3_free(refused);
  }
  sqlite3_free(kept);
  kept = message;
  const char *text = message ? message : sqlite3_errstr(code);
  error.subtype = code;
  error.len = strlen(text);
  error.pointer = (uintptr_t)text;
  return &error;
}

const Record *answer(Table *table, int code) {
  char *message = table->vtab->zErrMsg;
  table->vtab->zErrMsg = 0;
  if (code != SQLITE_OK) return failure(code, message);
  sqlite3_free(message);
  sqlite3_free(refusal_take());
  return 0;
}

/* Values */

/* A value for xFilter or xUpdate. */
typedef struct Argument {
  /* The first member, so that the API finds the others. */
  sqlite3_value value;
  /* All values of an IN: their number, the records, and how many were asked for. */
  int is_list;
  uint32_t count;
  const Record *records;
  uint32_t next;
} Argument;

static Argument *arguments;
static sqlite3_value **pointers;
static int room;

sqlite3_value **table_values(int count, const Record *records) {
  if (count > room || !arguments) {
    int more = count + count / 2 + 8;
    Argument *grown = realloc(arguments, more * sizeof *arguments);
    if (!grown) return 0;
    arguments = grown;
    memset(arguments + room, 0, (more - room) * sizeof *arguments);
    room = more;
    free(pointers);
    pointers = malloc(more * sizeof *pointers);
    if (!pointers) return 0;
    for (int i = 0; i < more; i++) pointers[i] = &arguments[i].value;
  }
  for (int i = 0; i < count; i++) {
    value_set(&arguments[i].value, &records[i]);
    arguments[i].is_list = 0;
  }
  return pointers;
}

/* A list is a blob: the number of values in 8 bytes, and records. Like a pointer, it looks like NULL. */
void table_value_is_list(int place) {
  static const Record null = {.tag = TAG_NULL};
  Argument *argument = &arguments[place];
  const Record *blob = &argument->value.record;
  if (blob->tag != TAG_BLOB || blob->len < 8) return;
  const char *bytes = record_bytes(blob);
  argument->is_list = 1;
  memcpy(&argument->count, bytes, sizeof argument->count);
  argument->records = (const Record *)(bytes + 8);
  value_set(&argument->value, &null);
}

int sqlite3_vtab_in_next(sqlite3_value *list, sqlite3_value **value) {
  static sqlite3_value one;
  Argument *argument = (Argument *)list;
  *value = 0;
  if (!list) return SQLITE_MISUSE;
  if (argument < arguments || argument >= arguments + room || !argument->is_list) return SQLITE_ERROR;
  if (argument->next >= argument->count) return SQLITE_DONE;
  value_set(&one, &argument->records[argument->next++]);
  *value = &one;
  return SQLITE_OK;
}

int sqlite3_vtab_in_first(sqlite3_value *list, sqlite3_value **value) {
  Argument *argument = (Argument *)list;
  if (argument >= arguments && argument < arguments + room) argument->next = 0;
  return sqlite3_vtab_in_next(list, value);
}

/* A text with a NUL at its end, valid until the next call; null if there is no memory. */
static const char *text_of(const Record *record) {
  static sqlite3_value value;
  value_set(&value, record);
  return (const char *)sqlite3_value_text(&value);
}

/* Tables */

/* A function that xFindFunction returned for a table, and the value it returned. */
typedef struct Overload {
  struct Overload *next;
  int arguments;
  int code;
  Registered function;
} Overload;

static void table_free(Table *table) {
  while (table->overloads) {
    Overload *overload = table->overloads;
    table->overloads = overload->next;
    sqlite3_free(overload->function.name);
    free(overload);
  }
  free(table->arguments);
  free(table);
}

/* Copies texts, with a NUL at the end of each, into one piece of memory. */
static char **texts(int count, const Record *records) {
  size_t bytes = count * sizeof(char *);
  for (int i = 0; i < count; i++) bytes += records[i].len + 1;
  char **texts = malloc(bytes + 1);
  if (!texts) return 0;
  char *at = (char *)(texts + count);
  for (int i = 0; i < count; i++) {
    texts[i] = at;
    memcpy(at, record_bytes(&records[i]), records[i].len);
    at += records[i].len;
    *at++ = 0;
  }
  return texts;
}

const Record *commensal_connect(Registered *module, int creates, int count, const Record *records) {
  static Record handle = {.tag = TAG_INTEGER};
  Table *table = calloc(1, sizeof *table);
  char **arguments = texts(count, records), *message = 0;
  if (!table || !arguments) {
    free(table);
    free(arguments);
    return failure(SQLITE_NOMEM, 0);
  }
  table->module = module->module;
  table->arguments = arguments;
  declaration_begin();
  int code = (creates ? table->module->xCreate : table->module->xConnect)(&connection,
      module->user_data, count, (const char *const *)arguments, &table->vtab, &message);
  table->declaration = declaration_end();
  if (code == SQLITE_OK && !table->vtab) {
    code = SQLITE_INTERNAL;
    message = sqlite3_mprintf("xConnect gave no table");
  }
  if (code != SQLITE_OK) {
    char *refused = refusal_take();
    if (refused && !message) {
      message = refused;
    } else {
      sqlite3_free(refused);
    }
    if (!message && code != SQLITE_NOMEM && count > 2) {
      message = sqlite3_mprintf("vtable constructor failed: %s", arguments[2]);
    }
    table_free(table);
    return failure(code, message);
  }
  sqlite3_free(message);
  *table->vtab = (sqlite3_vtab){.pModule = table->module, .nRef = 1};
  handle.integer = (uintptr_t)table;
  return &handle;
}

const Record *commensal_disconnect(const Record *records) {
  Table *table = table_of(records);
  table->module->xDisconnect(table->vtab);
  table_free(table);
  return 0;
}

/* If a table cannot be destroyed, it stays. */
const Record *commensal_destroy(const Record *records) {
  Table *table = table_of(records);
  int code = table->module->xDestroy(table->vtab);
  if (code != SQLITE_OK) return answer(table, code);
  table_free(table);
  return 0;
}

const Record *commensal_update(int count, const Record *records) {
  static Record inserted = {.tag = TAG_INTEGER};
  Table *table = table_of(records);
  sqlite3_int64 rowid = 0;
  sqlite3_value **values = table_values(count - 1, records + 1);
  if (!values) return failure(SQLITE_NOMEM, 0);
  int inserts = count > 2 && records[1].tag == TAG_NULL;
  const Record *error =
      answer(table, table->module->xUpdate(table->vtab, count - 1, values, &rowid));
  inserted.integer = rowid;
  return error ? error : inserts ? &inserted : 0;
}

#define METHOD(name, method) \
  const Record *name(const Record *records) { \
    Table *table = table_of(records); \
    return answer(table, table->module->method(table->vtab)); \
  }
#define NUMBERED(name, method) \
  const Record *name(const Record *records) { \
    Table *table = table_of(records); \
    return answer(table, table->module->method(table->vtab, (int)records[1].integer)); \
  }

METHOD(commensal_begin, xBegin)
METHOD(commensal_sync, xSync)
METHOD(commensal_commit, xCommit)
METHOD(commensal_rollback, xRollback)
NUMBERED(commensal_savepoint, xSavepoint)
NUMBERED(commensal_release, xRelease)
NUMBERED(commensal_rollback_to, xRollbackTo)

const Record *commensal_rename(const Record *records) {
  Table *table = table_of(records);
  const char *name = text_of(&records[1]);
  return name ? answer(table, table->module->xRename(table->vtab, name)) : failure(SQLITE_NOMEM, 0);
}

/* Functions of tables */

/* A new entry for the table's answer about a function; null if there is no memory. */
static Overload *overload_new(Table *table, const char *name, int arguments) {
  Overload *overload = calloc(1, sizeof *overload);
  char *copy = sqlite3_mprintf("%s", name);
  if (!overload || !copy) {
    free(overload);
    sqlite3_free(copy);
    return 0;
  }
  overload->arguments = arguments;
  overload->function.name = copy;
  overload->next = table->overloads;
  return table->overloads = overload;
}

/* The table's answer about a function, kept or asked for now; null if there is no memory. */
static Overload *overload_of(Table *table, const Record *text, int arguments, int asks) {
  const char *name = text_of(text);
  if (!name) return 0;
  size_t prefix = strlen(commensal_prefix);
  if (!sqlite3_strnicmp(name, commensal_prefix, (int)prefix) && name[prefix]) name += prefix;
  Overload *it = table->overloads;
  while (it && (it->arguments != arguments || sqlite3_stricmp(it->function.name, name))) it = it->next;
  if (!it) {
    it = overload_new(table, name, arguments);
    asks = 1;
  }
  if (it && asks) {
    it->code = table->module->xFindFunction(
        table->vtab, arguments, it->function.name, &it->function.call, &it->function.user_data);
  }
  return it;
}

const Record *commensal_find_function(const Record *records) {
  static Record code = {.tag = TAG_INTEGER};
  int arguments = (int)records[1].integer;
  const Overload *overload = overload_of(table_of(records), &records[2], arguments, 1);
  if (!overload) return failure(SQLITE_NOMEM, 0);
  code.integer = overload->code;
  return overload->code ? &code : 0;
}

const Record *commensal_overload(int count, const Record *records) {
  Overload *overload = overload_of(table_of(records), &records[1], count - 2, 0);
  if (!overload) return failure(SQLITE_NOMEM, 0);
  if (!overload->code) return commensal_missing();
  return commensal_function(&overload->function, count - 2, records + 2);
}
