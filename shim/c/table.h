/* What the files of virtual tables share: table.c, plan.c, cursor.c, declaration.c. */
#ifndef COMMENSAL_TABLE_H
#define COMMENSAL_TABLE_H

#include "call.h"

/* What a table said with sqlite3_declare_vtab. */
typedef struct Declaration {
  uint32_t columns;
  int has_rowids;
} Declaration;

/* A connected table. Its handle is its address. */
typedef struct Table {
  const sqlite3_module *module;
  sqlite3_vtab *vtab;
  Declaration declaration;
  /* Functions that xFindFunction gave. */
  struct Overload *overloads;
  /* The arguments of xCreate or xConnect, which SQLite keeps as long as the table, and their bytes. */
  char **arguments;
} Table;

static inline Table *table_of(const Record *records) {
  return (Table *)(uintptr_t)records[0].integer;
}

/* Begins to take a declaration, and ends it. */
void declaration_begin(void);
Declaration declaration_end(void);

/* The error with this code. The message is freed later; null for SQLite's own words. */
const Record *failure(int code, char *message);
/* The error that a method of a table answered, in the table's words if it left some; null for none. */
const Record *answer(Table *table, int code);

/* Values for a call, in memory that the next call uses again; null when there is none. */
sqlite3_value **table_values(int count, const Record *records);
/* Has one of them be all values of an IN: what sqlite3_vtab_in_first is for. */
void table_value_is_list(int place);

/* What of a plan the guest's `filter` needs, from the plan's text: see plan.c. */
typedef struct Plan {
  /* Columns that the query uses; bit 63 stands for all from 63 on. */
  uint64_t used;
  /* The extension's own text; null for none. */
  const char *text;
} Plan;

/* Reads the text of a plan, and marks the values that are lists; 0 for a text that is none. */
int plan_of(const char *text, int count, Plan *plan);

#endif
