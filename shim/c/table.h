/* What the files about virtual tables share: table.c, plan.c, cursor.c, declaration.c. */
#ifndef COMMENSAL_TABLE_H
#define COMMENSAL_TABLE_H

#include "call.h"

/* What a table declared with sqlite3_declare_vtab. */
typedef struct Declaration {
  uint32_t columns;
  int has_rowids;
} Declaration;

/* A connected table. Its handle is its address. */
typedef struct Table {
  const sqlite3_module *module;
  sqlite3_vtab *vtab;
  Declaration declaration;
  /* Functions that xFindFunction returned. */
  struct Overload *overloads;
  /* The arguments of xCreate or xConnect, which SQLite keeps as long as the table, and their bytes. */
  char **arguments;
} Table;

static inline Table *table_of(const Record *records) {
  return (Table *)(uintptr_t)records[0].integer;
}

/* Begin and end the time in which a table may declare itself. */
void declaration_begin(void);
Declaration declaration_end(void);

/* What the names of all that the extension registers begin with in SQL; empty for most. */
extern const char commensal_prefix[];

/* The error with this code. The message is freed later; null stands for SQLite's own. */
const Record *failure(int code, char *message);
/* The error of a table's method, with the table's message if it set one; null if there is none. */
const Record *answer(Table *table, int code);

/* Values for a call, in memory that the next call uses again; null if there is no memory. */
sqlite3_value **table_values(int count, const Record *records);
/* Makes one of them stand for all values of an IN, which sqlite3_vtab_in_first reads. */
void table_value_is_list(int place);

/* What `filter` needs of a plan, from the plan's text: see plan.c. */
typedef struct Plan {
  /* The columns that the query uses; bit 63 stands for all from 63 on. */
  uint64_t used;
  /* The extension's own text; null if there is none. */
  const char *text;
} Plan;

/* Reads a plan's text and marks the values that are lists; 0 if the text is wrong. */
int plan_of(const char *text, int count, Plan *plan);

#endif
