/* The extension's own statements, which the host runs: docs/abi.md, section 11. */
#ifndef COMMENSAL_STATEMENT_H
#define COMMENSAL_STATEMENT_H

#include "shim.h"

/* A column of a statement's rows. */
typedef struct Column {
  sqlite3_value value;
  /* The number of the row whose value this is; 0 if there is none. */
  uint32_t row;
  /* The column's name; null before it was asked for. */
  char *name;
  /* Its declared type, in the same way. */
  char *type;
} Column;

/* Before the first step; on a row; at the end, or failed. */
typedef enum { READY, ON_ROW, HALTED } Progress;

struct sqlite3_stmt {
  sqlite3_stmt *next;
  /* The host's number for it. */
  int32_t id;
  Progress progress;
  char *sql;
  /* The error of the last step, which the next reset returns again. */
  int error;
  char *message;
  /* The number of the current row, from 1. It is not reset for the next execution. */
  uint32_t row;
  int column_count;
  Column *columns;
  /* The number of parameters, -1 before it was asked for, and the names that were asked for. */
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
int32_t commensal_sql_column_decltype(int32_t statement, int32_t column, char *buffer, uint32_t len)
    HOST("sql_column_decltype");
int32_t commensal_sql_readonly(int32_t statement) HOST("sql_readonly");
int32_t commensal_sql_reset(int32_t statement) HOST("sql_reset");
int32_t commensal_sql_finalize(int32_t statement) HOST("sql_finalize");
int32_t commensal_sql_errmsg(char *buffer, uint32_t len) HOST("sql_errmsg");
int64_t commensal_sql_changes(void) HOST("sql_changes");
int64_t commensal_sql_last_insert_rowid(void) HOST("sql_last_insert_rowid");
int32_t commensal_sql_autocommit(void) HOST("sql_autocommit");
int32_t commensal_interrupted(void) HOST("interrupted");

/* Sets the connection's error to this code, with the host's message for its last answer. */
int connection_fail_as_host(int code);

/* Reads a string of the host. `get` returns its length, -1 for none, and writes what fits. */
typedef int32_t (*Get)(int32_t statement, int32_t index, char *buffer, uint32_t len);
/* The string in memory of sqlite3_malloc, with a NUL at its end; null if there is none, or no memory. */
char *host_string(Get get, int32_t statement, int32_t index);

/* The number of parameters. */
int statement_parameters(sqlite3_stmt *statement);

#endif
