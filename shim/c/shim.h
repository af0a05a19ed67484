/*
** What the files of the shim share: the records of docs/abi.md, and the structs behind SQLite's types.
** Extensions do not see it.
*/
#ifndef COMMENSAL_SHIM_H
#define COMMENSAL_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "sqlite3.h"

enum { TAG_ERROR, TAG_INTEGER, TAG_REAL, TAG_TEXT, TAG_BLOB, TAG_NULL };

/* A value as host and guest exchange it: docs/abi.md, section 2. */
typedef struct Record {
  uint8_t tag;
  uint8_t subtype;
  uint8_t flags;
  uint8_t zero;
  uint32_t len;
  union {
    int64_t integer;
    double real;
    uint64_t pointer;
  };
} Record;

/* Flags: a blob of `len` zeros without bytes; a NULL with a pointer behind it; a column that keeps
** its value. */
enum { FLAG_ZEROBLOB = 2, FLAG_POINTER = 4, FLAG_NOCHANGE = 8 };

_Static_assert(sizeof(Record) == 16, "a record has 16 bytes");

/* The most arguments of a function: the limit of SQLite and of manifests. */
enum { ARGUMENTS_MAX = 127 };

/*
** A value that an extension sees. The record points to the bytes of text and blobs: those of an argument
** are in the scratch area, all others in `buffer`.
*/
struct sqlite3_value {
  Record record;
  /* The value as UTF-8 text with a NUL at its end, and its length in bytes; null before it was asked for. */
  const char *text;
  uint32_t text_len;
  /* Whether a NUL may be written after the bytes, because nothing else is there. */
  int end_is_free;
  /* Memory of this value, which the next value at its place uses again. */
  char *buffer;
  uint32_t capacity;
  /* The value as UTF-16; null before it was asked for. */
  uint16_t *wide;
  uint32_t wide_len;
};

/* Makes room for `size` bytes in the value's memory, and loses what was there. Null if there is no memory. */
char *value_room(sqlite3_value *value, uint32_t size);
/* Sets the value to this record, and drops what was derived from the one before. */
void value_set(sqlite3_value *value, const Record *record);
/* The bytes of a text or blob record. */
static inline const char *record_bytes(const Record *record) {
  return (const char *)(uintptr_t)record->pointer;
}

/* What init registered: a function, by name and argument count, or a collation. */
typedef struct Registered {
  struct Registered *next;
  char *name;
  /* The number of arguments, -1 for any; 0 for a collation. */
  int arguments;
  /* SQLITE_DETERMINISTIC and similar flags, and the encoding. */
  int flags;
  void *user_data;
  commensal_rows call;
  commensal_rows step;
  commensal_result finalize;
  commensal_result value;
  commensal_rows inverse;
  commensal_compare compare;
  const sqlite3_module *module;
  sqlite3_destructor_type destroy;
} Registered;

typedef enum { FUNCTION, COLLATION, MODULE } Kind;

/* What init registered, in order. */
extern Registered *registered[3];
/* Why init failed; null if it did not. */
extern const char *init_error;

/* The state of one group of an aggregate. */
typedef struct State {
  Registered *function;
  /* The memory from sqlite3_aggregate_context; null before it was asked for. */
  void *memory;
} State;

/* A call of a function: which function, and its result. */
struct sqlite3_context {
  Registered *function;
  State *state;
  sqlite3_value *arguments;
  int argument_count;
  /* The result. For an error, the record of its message. */
  sqlite3_value result;
  /* The result code of an error; 0 if there is none. */
  int error;
  /* Frees what the result points to, after the host has read it. */
  sqlite3_destructor_type destroy;
  void *destroyed;
};

struct sqlite3 {
  int error;
  /* The error's message, in memory of sqlite3_malloc; null for SQLite's message for the code. */
  char *message;
  /* Whether functions return extended result codes. */
  int extended;
  /* Statements that are not finalized, the newest first. */
  sqlite3_stmt *statements;
};

/* The connection. There is one, and the host decides what a guest can do with it. */
extern sqlite3 connection;
/*
** The host's message about a statement that it refused within this call, which it takes out; null if there is none.
** Extensions report most failures of a statement as "out of memory", because nothing else makes theirs fail natively.
*/
char *refusal_take(void);

/* How the extension's entry point runs: while the instance is made, when no SQL can run; or again, at the first call,
   because it failed without SQL. Only it registers. */
typedef enum { ENTRY_IS_OVER, ENTRY_REGISTERS, ENTRY_RUNS_SQL } EntryPoint;
extern EntryPoint entry_point;
/* Whether it has tried to run SQL while the instance was made. */
extern int entry_point_needs_sql;
/* Runs it again if it needs that. */
void entry_point_again(void);

/* Sets the connection's error to this code with SQLite's message. Returns what the function returns. */
int connection_answer(int code);
/* The same with another message, which is copied; null for SQLite's. */
int connection_fail(int code, const char *message);

/* SQLITE_LIMIT_LENGTH: the most bytes of a value. */
enum { LENGTH_MAX = 1000000000 };

/* Frees what was passed and is no longer needed. */
static inline void discard(const void *bytes, sqlite3_destructor_type destroy) {
  if (destroy != SQLITE_STATIC && destroy != SQLITE_TRANSIENT) destroy((void *)bytes);
}

/* Frees the last result, so that the context can have a new one. A pointer stays if SQL has it. */
void result_clear(sqlite3_context *context);
/* Sets the result to the error with which the call ended. */
const Record *result_error(sqlite3_context *context);
/* SQL no longer uses the pointer with this number, if there is one. */
void pointer_free(uint64_t number);

/* The number of bytes up to a NUL, but no more than SQLite's limit. */
uint32_t text_length(const char *text);

/* The decimal digits of a real: number.c. */
typedef struct Decimal {
  char sign;
  /* 0: a number; 1: infinite; 2: not a number. */
  char special;
  /* The number of digits, and how many of them are before the decimal point. */
  int count;
  int point;
  char *digits;
  char buffer[21];
} Decimal;

/* The digits of `real`, rounded to `round` significant ones but at most `most`. If `round` is not
** positive, to -`round` digits after the decimal point. */
void decimal_of(Decimal *decimal, double real, int round, int most);
/* Reads the number at the beginning of a text. Returns what it is. */
enum { NOT_A_NUMBER = 0, WHOLE = 1, FRACTIONAL = 2, WITH_PREFIX = 4 };
int real_of(const char *text, uint32_t len, double *real);
/* The integer at the beginning of a text, or the nearest that fits. Returns 0 if that is the whole text. */
int integer_of(const char *text, uint32_t len, int64_t *integer);

/* UTF-16 to UTF-8 and back, in new memory with a NUL at its end. Lengths are in bytes. */
char *utf8_of(const void *text, uint32_t len, int big_endian, uint32_t *utf8_len);
uint16_t *utf16_of(const char *text, uint32_t len, int big_endian, uint32_t *utf16_len);
/* The bytes of a UTF-16 text that was passed with this length; if that is negative, those up to a NUL. */
uint64_t wide_length(const void *text, int len);

#endif
