/*
** Writes what init registered as the manifest of docs/abi.md. `commensal cc` links this only into the module
** that it runs once, because hosts read manifests and run nothing for them.
*/
#include "call.h"

/* Writes a JSON string. */
static void quote(sqlite3_str *out, const char *text) {
  sqlite3_str_appendchar(out, 1, '"');
  for (const uint8_t *at = (const uint8_t *)text; *at; at++) {
    if (*at < 0x20 || *at == '"' || *at == '\\') {
      sqlite3_str_appendf(out, "\\u%04x", *at);
    } else {
      sqlite3_str_appendchar(out, 1, *at);
    }
  }
  sqlite3_str_appendchar(out, 1, '"');
}

/* Writes the name of an export: the SQL name, the number of arguments of a function, and the action. */
static void export(sqlite3_str *out, const char *field, const Registered *it, const char *method) {
  sqlite3_str *name = sqlite3_str_new(0);
  sqlite3_str_appendall(name, it->name);
  if (it->arguments < 0) {
    sqlite3_str_appendall(name, "/any");
  } else if (!it->compare && !it->module) {
    sqlite3_str_appendf(name, "/%d", it->arguments);
  }
  sqlite3_str_appendall(name, method);
  sqlite3_str_appendf(out, ",\"%s\":", field);
  quote(out, sqlite3_str_length(name) ? sqlite3_str_value(name) : "");
  sqlite3_str_free(name);
}

static void parameters(sqlite3_str *out, const Registered *it) {
  sqlite3_str_appendall(out, ",\"params\":[");
  for (int i = 0; i < it->arguments; i++) sqlite3_str_appendall(out, i ? ",\"any\"" : "\"any\"");
  if (it->arguments < 0) sqlite3_str_appendall(out, "\"...\"");
  sqlite3_str_appendall(out, "]");
  if (it->flags & (SQLITE_SUBTYPE | SQLITE_RESULT_SUBTYPE)) {
    sqlite3_str_appendall(out, ",\"subtype\":true");
  }
}

static void function(sqlite3_str *out, const Registered *it) {
  sqlite3_str_appendf(out, "{\"%s\":{\"name\":", it->call ? "function" : "aggregate");
  quote(out, it->name);
  parameters(out, it);
  if (it->call) {
    if (it->flags & SQLITE_DETERMINISTIC) sqlite3_str_appendall(out, ",\"deterministic\":true");
    export(out, "export", it, "");
  } else {
    export(out, "init", it, ".init");
    export(out, "step", it, ".step");
    export(out, "finalize", it, ".finalize");
    export(out, "drop", it, ".drop");
    if (it->value) {
      export(out, "value", it, ".value");
      export(out, "inverse", it, ".inverse");
    }
  }
  sqlite3_str_appendall(out, "}}\n");
}

static void table(sqlite3_str *out, const Registered *it) {
  const sqlite3_module *module = it->module;
  int creates = module->xCreate && module->xCreate != module->xConnect;
  int destroys = module->xDestroy && module->xDestroy != module->xDisconnect;
  int saves = module->iVersion >= 2;
  struct {
    const char *field, *method;
    int is_there;
  } methods[] = {
      {"connect", ".connect", 1}, {"disconnect", ".disconnect", 1},
      {"best_index", ".best_index", 1}, {"open", ".open", 1}, {"filter", ".filter", 1},
      {"next", ".next", 1}, {"close", ".close", 1}, {"create", ".create", creates},
      {"destroy", ".destroy", destroys}, {"update", ".update", module->xUpdate != 0},
      {"begin", ".begin", module->xBegin != 0}, {"sync", ".sync", module->xSync != 0},
      {"commit", ".commit", module->xCommit != 0},
      {"rollback", ".rollback", module->xRollback != 0},
      {"savepoint", ".savepoint", saves && module->xSavepoint},
      {"release", ".release", saves && module->xRelease},
      {"rollback_to", ".rollback_to", saves && module->xRollbackTo},
      {"rename", ".rename", module->xRename != 0},
      {"find_function", ".find_function", module->xFindFunction != 0},
      {"overload", ".overload", module->xFindFunction != 0},
  };
  sqlite3_str_appendall(out, "{\"table\":{\"name\":");
  quote(out, it->name);
  /* As SQLite decides it: if one method connects and creates, or if none creates. */
  if (!module->xCreate) {
    sqlite3_str_appendall(out, ",\"eponymous\":\"only\"");
  } else if (!creates) {
    sqlite3_str_appendall(out, ",\"eponymous\":true");
  }
  if (module->xUpdate) sqlite3_str_appendall(out, ",\"nochange\":true");
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    if (methods[i].is_there) export(out, methods[i].field, it, methods[i].method);
  }
  sqlite3_str_appendall(out, "}}\n");
}

__attribute__((export_name("commensal_declarations"))) const Record *commensal_declarations(
    int count, const Record *records) {
  static Record result = {.tag = TAG_TEXT};
  (void)count, (void)records;
  entry_point_again();
  if (init_error) return commensal_missing();
  sqlite3_str *out = sqlite3_str_new(0);
  sqlite3_str_appendall(out, "{\"abi\":1}\n");
  for (Registered *it = registered[FUNCTION]; it; it = it->next) function(out, it);
  for (Registered *it = registered[COLLATION]; it; it = it->next) {
    sqlite3_str_appendall(out, "{\"collation\":{\"name\":");
    quote(out, it->name);
    export(out, "compare", it, ".compare");
    sqlite3_str_appendall(out, "}}\n");
  }
  for (Registered *it = registered[MODULE]; it; it = it->next) table(out, it);
  if (sqlite3_str_errcode(out)) return commensal_missing();
  result.len = sqlite3_str_length(out);
  result.pointer = (uintptr_t)sqlite3_str_finish(out);
  return &result;
}
