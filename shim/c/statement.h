/* Statements of the extension's own: the host runs them, docs/abi.md, section 11. */
#ifndef COMMENSAL_STATEMENT_H
#define COMMENSAL_STATEMENT_H

#include "shim.h"

/* A column of a statement's rows. */
typedef struct Column {
  sqlite3_value value;
  /* The number of the row whose value that is; 0 for none. */
  uint32_t row;
  /* The column's name, once it was asked for; else null. */
  char *name;
} Column;

/* Before the first step; on a row; at the end, or failed. */
typedef enum { READY, ON_ROW, HALTED } Progress;

struct sqlite3_stmt {
  sqlite3_stmt *next;
  /* The host's number of it. */
  int32_t id;
  Progress progress;
  char *sql;
  /* What the last step failed with, which the next reset says again. */
  int error;
  char *message;
  /* The number of the current row, from 1; it goes on with the next execution. */
  uint32_t row;
  int column_count;
  Column *columns;
  /* Number of parameters, -1 as long as nobody asked, and those of their names that were asked for. */
  int parameter_count;
  char **parameter_names;
};

#define HOST(name) __attribute__((import_module("commensal"), import_name(name)))

int64_t commensal_sql_prepare(const char *sql, uint32_t len) HOST("sql_prepare");
int32_t commensal_sql_bind(int32_t statement, int32_t index, const Record *record) HOST("sql_bind");
int32_t commensal_sql_clear_bindings(int32_t statement) HOST("sql_clear_bindings");
int32_t commensal_sql_parameter_count(int32_t statement) HOST("sql_parameter_count");
int32_t commensal_sql_parameter_index(int32_t statement, const char *name, uint32_t len)
    HOST("sql_parameter_index");
int32_t commensal_sql_parameter_name(int32_t statement, int32_t index, char *buffer, uint32_t len)
    HOST("sql_parameter_name");
int32_t commensal_sql_step(int32_t statement) HOST("sql_step");
int32_t commensal_sql_column_count(int32_t statement) HOST("sql_column_count");
int32_t commensal_sql_column(
    int32_t statement, int32_t column, Record *record, char *buffer, uint32_t len) HOST("sql_column");
int32_t commensal_sql_column_name(int32_t statement, int32_t column, char *buffer, uint32_t len)
    HOST("sql_column_name");
int32_t commensal_sql_readonly(int32_t statement) HOST("sql_readonly");
int32_t commensal_sql_reset(int32_t statement) HOST("sql_reset");
int32_t commensal_sql_finalize(int32_t statement) HOST("sql_finalize");
int32_t commensal_sql_errmsg(char *buffer, uint32_t len) HOST("sql_errmsg");
int64_t commensal_sql_changes(void) HOST("sql_changes");
int64_t commensal_sql_last_insert_rowid(void) HOST("sql_last_insert_rowid");
int32_t commensal_sql_autocommit(void) HOST("sql_autocommit");
int32_t commensal_interrupted(void) HOST("interrupted");

/* The connection's error is this, with the host's words for what it answered last. */
int connection_fail_as_host(int code);

/* A string that the host has: `get` gives its length, -1 for none, and writes what fits. */
typedef int32_t (*Get)(int32_t statement, int32_t index, char *buffer, uint32_t len);
/* It, in memory of sqlite3_malloc's with a NUL at its end; null when there is none, or no memory. */
char *host_string(Get get, int32_t statement, int32_t index);

/* The number of parameters. */
int statement_parameters(sqlite3_stmt *statement);

#endif
