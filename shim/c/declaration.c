/*
** sqlite3_declare_vtab. SQLite reads the declaration, through the host. The shim only needs to know how
** many values a row has.
*/
#include <string.h>

#include "table.h"

__attribute__((import_module("commensal"), import_name("declare_vtab"))) int32_t
commensal_declare_vtab(const char *sql, uint32_t len);
__attribute__((import_module("commensal"), import_name("vtab_config"))) int32_t
commensal_vtab_config(int32_t option, int32_t value);
__attribute__((import_module("commensal"), import_name("vtab_on_conflict"))) int32_t
commensal_vtab_on_conflict(void);

/* Whether xCreate or xConnect runs. */
static int is_open;
static Declaration declaration;

void declaration_begin(void) {
  is_open = 1;
  declaration = (Declaration){0};
}

Declaration declaration_end(void) {
  is_open = 0;
  return declaration;
}

static int is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
      c == '$' || (c & 0x80);
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Skips to after the closing `end`. Within quotes, two of them stand for one character. */
static const char *after(const char *at, char end, int doubles) {
  for (; *at; at++) {
    if (*at != end) continue;
    if (!doubles || at[1] != end) return at + 1;
    at++;
  }
  return at;
}

/* The end of the token, comment or space that begins here. */
static const char *token_end(const char *at) {
  switch (*at) {
    case '\'':
    case '"':
    case '`': return after(at + 1, *at, 1);
    case '[': return after(at + 1, ']', 0);
    case '-': return at[1] == '-' ? after(at + 2, '\n', 0) : at + 1;
    case '/': {
      const char *end = at[1] == '*' ? strstr(at + 2, "*/") : at - 1;
      return end ? end + 2 : at + strlen(at);
    }
  }
  if (!is_letter(*at)) return at + 1;
  while (is_letter(*at)) at++;
  return at;
}

static int is_word(const char *at, const char *end, const char *word) {
  return (size_t)(end - at) == strlen(word) && sqlite3_strnicmp(at, word, end - at) == 0;
}

/* Whether a definition that begins like this is a constraint. As column names, these words need quotes. */
static int is_constraint(const char *at, const char *end) {
  static const char *const words[] = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (is_word(at, end, words[i])) return 1;
  }
  return 0;
}

/*
** Counts the columns: what stands between the commas of the first parentheses, before the first constraint
** of the table. For a text that is no declaration the number is arbitrary, and SQLite reports what is wrong.
*/
static Declaration read(const char *sql) {
  Declaration found = {.has_rowids = 1};
  int depth = 0, was_list = 0, begins = 0, is_column = 1;
  for (const char *at = sql, *end; *at; at = end) {
    end = token_end(at);
    if (is_space(*at) || (end > at + 1 && (*at == '-' || *at == '/'))) continue;
    if (*at == '(') {
      if (++depth == 1) begins = 1;
    } else if (*at == ')') {
      if (--depth == 0) was_list = 1;
    } else if (was_list) {
      if (is_word(at, end, "WITHOUT")) found.has_rowids = 0;
    } else if (depth == 1 && *at == ',') {
      begins = 1;
    } else if (depth == 1 && begins) {
      begins = 0;
      if (is_constraint(at, end)) is_column = 0;
      found.columns += is_column;
    }
  }
  return found;
}

int sqlite3_declare_vtab(sqlite3 *db, const char *sql) {
  if (!sql) return db->error = SQLITE_MISUSE;
  int code = commensal_declare_vtab(sql, strlen(sql));
  if (code == SQLITE_OK) declaration = read(sql);
  return db->error = code;
}

/* What the host grants a module decides how far its tables are trusted, and the module does not. */
int sqlite3_vtab_config(sqlite3 *db, int option, ...) {
  int code = SQLITE_MISUSE;
  va_list arguments;
  va_start(arguments, option);
  switch (option) {
    case SQLITE_VTAB_CONSTRAINT_SUPPORT:
      code = commensal_vtab_config(option, va_arg(arguments, int) != 0);
      break;
    case SQLITE_VTAB_INNOCUOUS:
    case SQLITE_VTAB_DIRECTONLY:
    case SQLITE_VTAB_USES_ALL_SCHEMAS:
      if (is_open) code = SQLITE_OK;
      break;
  }
  va_end(arguments);
  return db->error = code;
}

int sqlite3_vtab_on_conflict(sqlite3 *db) {
  (void)db;
  return commensal_vtab_on_conflict();
}
