/*
** xBestIndex: makes sqlite3_index_info from the request, and the answer from what the extension wrote
** there.
**
** `filter` may run in another instance than xBestIndex. So the plan's text has everything it needs: the
** columns that the query uses, in hexadecimal; a comma and a position for each value that stands for all
** values of an IN; and, if there is one, a colon and the extension's text. `6,2:abc`
*/
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* The request and the answer, as in docs/abi.md, section 8. */
typedef struct Request {
  uint32_t constraint_count;
  uint32_t term_count;
  uint64_t used;
  uint32_t distinct;
  uint32_t zero[3];
} Request;

typedef struct Constraint {
  int32_t column;
  uint8_t operator;
  uint8_t usable;
  uint8_t in;
  uint8_t known;
  uint32_t collation;
  uint32_t collation_len;
  Record value;
} Constraint;

typedef struct Term {
  int32_t column;
  uint8_t descending;
  uint8_t zero[3];
} Term;

typedef struct Use {
  uint16_t position;
  uint8_t omit;
  uint8_t at_once;
} Use;

typedef struct Answer {
  int32_t number;
  uint32_t text;
  uint32_t text_len;
  uint32_t flags;
  double cost;
  int64_t rows;
  Use uses[];
} Answer;

enum { ORDERED = 1, UNIQUE = 2 };

_Static_assert(sizeof(Request) == 32, "as in docs/abi.md");
_Static_assert(sizeof(Constraint) == 32, "as in docs/abi.md");
_Static_assert(sizeof(Term) == 8, "as in docs/abi.md");
_Static_assert(sizeof(Answer) == 32, "as in docs/abi.md");

/* What API functions return about a constraint. */
typedef struct Asked {
  char *collation;
  sqlite3_value value;
  int at_once;
} Asked;

/* What xBestIndex gets, and the data behind it. */
typedef struct Question {
  sqlite3_index_info info;
  const Request *request;
  const Constraint *constraints;
  Asked *asked;
} Question;

static void question_free(Question *question) {
  sqlite3_index_info *info = &question->info;
  if (question->asked) {
    for (uint32_t i = 0; i < question->request->constraint_count; i++) {
      sqlite3_free(question->asked[i].collation);
      free(question->asked[i].value.buffer);
      free(question->asked[i].value.wide);
    }
  }
  if (info->needToFreeIdxStr) sqlite3_free(info->idxStr);
  free(question->asked);
  free(info->aConstraint);
  free(info->aConstraintUsage);
  free(info->aOrderBy);
}

/* Fills in the question; 0 if there is no memory. */
static int question_of(Question *question, const Request *request) {
  uint32_t constraints = request->constraint_count, terms = request->term_count;
  const Constraint *constraint = (const Constraint *)(request + 1);
  const Term *term = (const Term *)(constraint + constraints);
  sqlite3_index_info *info = &question->info;
  /* An array without elements may be null. */
  *question = (Question){.request = request,
      .constraints = constraint,
      .asked = calloc(constraints + 1, sizeof *question->asked),
      .info = {.nConstraint = constraints,
          .aConstraint = calloc(constraints + 1, sizeof *info->aConstraint),
          .nOrderBy = terms,
          .aOrderBy = calloc(terms + 1, sizeof *info->aOrderBy),
          .aConstraintUsage = calloc(constraints + 1, sizeof *info->aConstraintUsage),
          .estimatedCost = 5e98,
          .estimatedRows = 25,
          .colUsed = request->used}};
  if (!question->asked || !info->aConstraint || !info->aOrderBy || !info->aConstraintUsage) return 0;
  for (uint32_t i = 0; i < constraints; i++) {
    info->aConstraint[i].iColumn = constraint[i].column;
    info->aConstraint[i].op = constraint[i].operator;
    info->aConstraint[i].usable = constraint[i].usable;
    info->aConstraint[i].iTermOffset = i;
  }
  for (uint32_t i = 0; i < terms; i++) {
    info->aOrderBy[i].iColumn = term[i].column;
    info->aOrderBy[i].desc = term[i].descending;
  }
  return 1;
}

/* What the extension wants of a constraint. It has no position if SQLite would see none. */
static Use use_of(const Question *question, uint32_t number) {
  const struct sqlite3_index_constraint_usage *usage = &question->info.aConstraintUsage[number];
  int position = usage->argvIndex;
  Use use = {.position = position < 0 ? 0 : position > UINT16_MAX ? UINT16_MAX : position,
      .omit = usage->omit != 0};
  use.at_once = use.position != 0 && question->asked[number].at_once;
  return use;
}

/* The plan's text, which the caller frees; null if there is no memory. */
static char *text_of(const Question *question, const Use *uses) {
  sqlite3_str *text = sqlite3_str_new(0);
  sqlite3_str_appendf(text, "%llx", question->request->used);
  for (uint32_t i = 0; i < question->request->constraint_count; i++) {
    if (uses[i].at_once) sqlite3_str_appendf(text, ",%d", uses[i].position);
  }
  if (question->info.idxStr) {
    sqlite3_str_appendchar(text, 1, ':');
    sqlite3_str_appendall(text, question->info.idxStr);
  }
  return sqlite3_str_finish(text);
}

/* The answer, which stays until the next one. */
static const Record *answer_of(const Question *question) {
  static Record result = {.tag = TAG_BLOB};
  static Answer *kept;
  static char *text;
  const sqlite3_index_info *info = &question->info;
  uint32_t count = question->request->constraint_count;
  free(kept);
  sqlite3_free(text);
  text = 0;
  kept = malloc(sizeof *kept + count * sizeof(Use));
  if (!kept) return failure(SQLITE_NOMEM, 0);
  for (uint32_t i = 0; i < count; i++) kept->uses[i] = use_of(question, i);
  text = text_of(question, kept->uses);
  if (!text) return failure(SQLITE_NOMEM, 0);
  kept->number = info->idxNum;
  kept->text = (uintptr_t)text;
  kept->text_len = strlen(text);
  kept->flags = (info->orderByConsumed ? ORDERED : 0) |
      (info->idxFlags & SQLITE_INDEX_SCAN_UNIQUE ? UNIQUE : 0);
  /* SQLite changes any number to the nearest sensible one, but the host takes only sensible ones. */
  kept->cost = info->estimatedCost > 0 ? info->estimatedCost : 0;
  if (kept->cost > DBL_MAX) kept->cost = DBL_MAX;
  kept->rows = info->estimatedRows < 0 ? INT64_MAX : info->estimatedRows;
  result.pointer = (uintptr_t)kept;
  result.len = sizeof *kept + count * sizeof(Use);
  return &result;
}

const Record *commensal_best_index(const Record *records) {
  Table *table = table_of(records);
  Question question;
  const Record *result;
  if (question_of(&question, (const Request *)record_bytes(&records[1]))) {
    int code = table->module->xBestIndex(table->vtab, &question.info);
    if (code == SQLITE_OK) {
      result = answer_of(&question);
    } else {
      /* Always taken out, so that no other plan gets it. */
      result = answer(table, code);
      if (code == SQLITE_CONSTRAINT) result = 0;
    }
  } else {
    result = failure(SQLITE_NOMEM, 0);
  }
  question_free(&question);
  return result;
}

/* The question and the constraint that an API function is asked about; null if there is no such number. */
static Question *question_about(sqlite3_index_info *info, int number) {
  return number >= 0 && number < info->nConstraint ? (Question *)info : 0;
}

const char *sqlite3_vtab_collation(sqlite3_index_info *info, int number) {
  Question *question = question_about(info, number);
  if (!question) return 0;
  const Constraint *constraint = &question->constraints[number];
  char **name = &question->asked[number].collation;
  if (!*name) {
    const char *bytes = (const char *)(uintptr_t)constraint->collation;
    *name = sqlite3_mprintf("%.*s", (int)constraint->collation_len, bytes);
  }
  return *name;
}

int sqlite3_vtab_distinct(sqlite3_index_info *info) {
  return ((Question *)info)->request->distinct;
}

int sqlite3_vtab_in(sqlite3_index_info *info, int number, int at_once) {
  Question *question = question_about(info, number);
  if (!question || !question->constraints[number].in) return 0;
  if (at_once >= 0) question->asked[number].at_once = at_once > 0;
  return 1;
}

int sqlite3_vtab_rhs_value(sqlite3_index_info *info, int number, sqlite3_value **value) {
  Question *question = question_about(info, number);
  *value = 0;
  if (!question) return SQLITE_MISUSE;
  if (!question->constraints[number].known) return SQLITE_NOTFOUND;
  sqlite3_value *own = &question->asked[number].value;
  /* The value is the same if it is asked for again. */
  if (own->record.tag == TAG_ERROR) value_set(own, &question->constraints[number].value);
  *value = own;
  return SQLITE_OK;
}

static int digit_of(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static uint64_t number_at(const char **at, unsigned base) {
  uint64_t number = 0;
  for (; (unsigned)digit_of(**at) < base; ++*at) number = number * base + digit_of(**at);
  return number;
}

int plan_of(const char *text, int count, Plan *plan) {
  plan->used = number_at(&text, 16);
  while (*text == ',') {
    text++;
    uint64_t position = number_at(&text, 10);
    if (position < 1 || position > (uint64_t)count) return 0;
    table_value_is_list(position - 1);
  }
  plan->text = *text == ':' ? text + 1 : 0;
  return *text == ':' || *text == 0;
}
