/*
** What an extension registers. Its init function runs in each new instance, before anything else. What it
** registers is found by name and argument count, because pointers differ between instances.
*/
#include <stdlib.h>
#include <string.h>

#include "call.h"

Registered *registered[3];
const char *init_error;
EntryPoint entry_point;
int entry_point_needs_sql;

/* The extension's entry point, which `commensal cc` names. */
int commensal_entry(sqlite3 *db, char **error, const void *routines);

static void run_init(EntryPoint how) {
  char *message = 0;
  entry_point = how;
  init_error = 0;
  int code = commensal_entry(&connection, &message, 0);
  entry_point = ENTRY_IS_OVER;
  char *refused = refusal_take();
  if (code != SQLITE_OK && code != SQLITE_OK_LOAD_PERMANENTLY) {
    const char *reason = code == connection.error ? sqlite3_errmsg(&connection) : sqlite3_errstr(code);
    if (refused && (code & 0xff) == SQLITE_AUTH) reason = refused;
    init_error = sqlite3_mprintf(
        "the extension's entry point failed: %s", message ? message : reason);
    if (!init_error) init_error = "the extension's entry point failed";
  }
  sqlite3_free(refused);
  sqlite3_free(message);
}

__attribute__((constructor(65535))) static void run_at_start(void) { run_init(ENTRY_REGISTERS); }

void entry_point_again(void) {
  if (!init_error || !entry_point_needs_sql) return;
  for (int kind = 0; kind < 3; kind++) {
    while (registered[kind]) {
      Registered *it = registered[kind];
      registered[kind] = it->next;
      if (it->destroy) it->destroy(it->user_data);
      sqlite3_free(it->name);
      free(it);
    }
  }
  run_init(ENTRY_RUNS_SQL);
}

static Registered *find(Kind kind, const char *name, int arguments) {
  for (Registered *it = registered[kind]; it; it = it->next) {
    if (it->arguments == arguments && sqlite3_stricmp(it->name, name) == 0) return it;
  }
  return 0;
}

Registered *commensal_find(Kind kind, const char *name, int arguments) {
  entry_point_again();
  return init_error ? 0 : find(kind, name, arguments);
}

/* Adds `what`, or replaces what has its name. If it has nothing to call, it removes that. */
static int note(Kind kind, const char *name, Registered what, int is_there) {
  int code = SQLITE_OK;
  Registered **place = &registered[kind];
  if (entry_point == ENTRY_IS_OVER) {
    code = connection_fail(SQLITE_ERROR,
        "only the entry point of an extension registers functions, collations and tables");
    if (what.destroy) what.destroy(what.user_data);
    return code;
  }
  if (!name || strlen(name) > 255 || what.arguments < -1 || what.arguments > ARGUMENTS_MAX) {
    code = SQLITE_MISUSE;
  } else {
    while (*place && (place[0]->arguments != what.arguments || sqlite3_stricmp(place[0]->name, name)))
      place = &place[0]->next;
    Registered *old = *place;
    if (is_there) {
      Registered *new = malloc(sizeof *new);
      char *copy = sqlite3_mprintf("%s", name);
      if (new && copy) {
        *new = what;
        new->name = copy;
        new->next = old ? old->next : 0;
        *place = new;
      } else {
        free(new);
        sqlite3_free(copy);
        code = SQLITE_NOMEM;
      }
    } else if (old) {
      *place = old->next;
    }
    if (old && code == SQLITE_OK) {
      if (old->destroy) old->destroy(old->user_data);
      sqlite3_free(old->name);
      free(old);
    }
  }
  if (code != SQLITE_OK && what.destroy) what.destroy(what.user_data);
  return connection_answer(code);
}

int sqlite3_create_function_v2(sqlite3 *db, const char *name, int arguments, int flags,
    void *user_data, commensal_rows call, commensal_rows step, commensal_result finalize,
    sqlite3_destructor_type destroy) {
  (void)db;
  Registered function = {.arguments = arguments, .flags = flags, .user_data = user_data,
      .call = call, .step = step, .finalize = finalize, .destroy = destroy};
  /* A function is either a scalar or an aggregate. */
  if ((call && (step || finalize)) || (!step != !finalize)) function.arguments = -2;
  return note(FUNCTION, name, function, call || step);
}

int sqlite3_create_function(sqlite3 *db, const char *name, int arguments, int flags,
    void *user_data, commensal_rows call, commensal_rows step, commensal_result finalize) {
  return sqlite3_create_function_v2(
      db, name, arguments, flags, user_data, call, step, finalize, 0);
}

int sqlite3_create_window_function(sqlite3 *db, const char *name, int arguments, int flags,
    void *user_data, commensal_rows step, commensal_result finalize, commensal_result value,
    commensal_rows inverse, sqlite3_destructor_type destroy) {
  (void)db;
  Registered function = {.arguments = arguments, .flags = flags, .user_data = user_data,
      .step = step, .finalize = finalize, .value = value, .inverse = inverse, .destroy = destroy};
  if (!step != !finalize || !value != !inverse || (value && !step)) function.arguments = -2;
  return note(FUNCTION, name, function, step != 0);
}

int sqlite3_create_collation_v2(sqlite3 *db, const char *name, int encoding, void *user_data,
    commensal_compare compare, sqlite3_destructor_type destroy) {
  (void)db;
  Registered collation = {
      .flags = encoding, .user_data = user_data, .compare = compare, .destroy = destroy};
  return note(COLLATION, name, collation, compare != 0);
}

int sqlite3_create_collation(
    sqlite3 *db, const char *name, int encoding, void *user_data, commensal_compare compare) {
  return sqlite3_create_collation_v2(db, name, encoding, user_data, compare, 0);
}

int sqlite3_create_module_v2(sqlite3 *db, const char *name, const sqlite3_module *module,
    void *user_data, sqlite3_destructor_type destroy) {
  (void)db;
  Registered table = {.user_data = user_data, .module = module, .destroy = destroy};
  return note(MODULE, name, table, module != 0);
}

int sqlite3_create_module(
    sqlite3 *db, const char *name, const sqlite3_module *module, void *user_data) {
  return sqlite3_create_module_v2(db, name, module, user_data, 0);
}

/* The same with the name in UTF-16. */
static char *narrow(const void *name) {
  const uint16_t *wide = name;
  uint32_t len = 0, narrow_len;
  while (wide && wide[len]) len++;
  return wide ? utf8_of(wide, len * 2, 0, &narrow_len) : 0;
}

int sqlite3_create_function16(sqlite3 *db, const void *name, int arguments, int flags,
    void *user_data, commensal_rows call, commensal_rows step, commensal_result finalize) {
  char *utf8 = narrow(name);
  int code =
      sqlite3_create_function(db, utf8, arguments, flags, user_data, call, step, finalize);
  free(utf8);
  return code;
}

int sqlite3_create_collation16(
    sqlite3 *db, const void *name, int encoding, void *user_data, commensal_compare compare) {
  char *utf8 = narrow(name);
  int code = sqlite3_create_collation(db, utf8, encoding, user_data, compare);
  free(utf8);
  return code;
}

/* Called for a function that only virtual tables implement, if none of them does. */
static void no_implementation(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count, (void)values;
  char *message = sqlite3_mprintf("unable to use function %s in the requested context",
      (const char *)sqlite3_user_data(context));
  sqlite3_result_error(context, message ? message : "out of memory", -1);
  sqlite3_free(message);
}

/* SQLite's own functions that tables overload. They always exist there. */
static int is_there(const char *name, int arguments) {
  return (arguments == 2 && (!sqlite3_stricmp(name, "match") || !sqlite3_stricmp(name, "glob"))) ||
      ((arguments == 2 || arguments == 3) && !sqlite3_stricmp(name, "like"));
}

int sqlite3_overload_function(sqlite3 *db, const char *name, int arguments) {
  if (!name || arguments < -2) return db->error = SQLITE_MISUSE;
  if (is_there(name, arguments) || find(FUNCTION, name, arguments) ||
      find(FUNCTION, name, -1)) {
    return db->error = SQLITE_OK;
  }
  if (entry_point == ENTRY_IS_OVER) return db->error = SQLITE_OK;
  char *copy = sqlite3_mprintf("%s", name);
  if (!copy) return db->error = SQLITE_NOMEM;
  return sqlite3_create_function_v2(
      db, name, arguments, SQLITE_UTF8, copy, no_implementation, 0, 0, sqlite3_free);
}
