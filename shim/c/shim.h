/*
** What the files of the shim share: the records of docs/abi.md, and what stands behind SQLite's types.
** No extension sees it.
*/
#ifndef COMMENSAL_SHIM_H
#define COMMENSAL_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "sqlite3.h"

enum { TAG_ERROR, TAG_INTEGER, TAG_REAL, TAG_TEXT, TAG_BLOB, TAG_NULL };

/* A value as it crosses to the host and back: docs/abi.md, section 2. */
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

/* Flags: a blob of `len` zeros that lie nowhere; a NULL behind which there is a pointer; a column that
** keeps its value. */
enum { FLAG_ZEROBLOB = 2, FLAG_POINTER = 4, FLAG_NOCHANGE = 8 };

_Static_assert(sizeof(Record) == 16, "a record has 16 bytes");

/* Arguments of a function at most: SQLite's own limit, and that of a manifest. */
enum { ARGUMENTS_MAX = 127 };

/*
** A value that an extension sees. Bytes of text and blobs lie where the record says: with an argument
** in the scratch area, otherwise in `buffer`.
*/
struct sqlite3_value {
  Record record;
  /* The value as UTF-8 text that ends with a NUL, once it was asked for, and its bytes; else null. */
  const char *text;
  uint32_t text_len;
  /* Whether a NUL may be written after the bytes, because nothing else lies there. */
  int end_is_free;
  /* Memory of this value's own, kept for the next one at its place. */
  char *buffer;
  uint32_t capacity;
  /* As UTF-16, once it was asked for. */
  uint16_t *wide;
  uint32_t wide_len;
};

/* Room for `size` bytes in the value's own memory; null when there is none. What was there is lost. */
char *value_room(sqlite3_value *value, uint32_t size);
/* The value becomes this record, and what was made of the one before is forgotten. */
void value_set(sqlite3_value *value, const Record *record);
/* The bytes of a text or blob record. */
static inline const char *record_bytes(const Record *record) {
  return (const char *)(uintptr_t)record->pointer;
}

/* Something that init registered: a function, by name and argument count, or a collation. */
typedef struct Registered {
  struct Registered *next;
  char *name;
  /* Number of arguments, -1 for any; of a collation 0. */
  int arguments;
  /* SQLITE_DETERMINISTIC and its like, and the encoding. */
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

/* What init registered, in its order. */
extern Registered *registered[3];
/* Why init failed; null when it did not. */
extern const char *init_error;

/* The state of one group of an aggregate. */
typedef struct State {
  Registered *function;
  /* What sqlite3_aggregate_context gave; null as long as nobody asked for memory. */
  void *memory;
} State;

/* A call of a function: who is called, and what it answers. */
struct sqlite3_context {
  Registered *function;
  State *state;
  sqlite3_value *arguments;
  int argument_count;
  /* The result; of an error the message is what a text result would be. */
  sqlite3_value result;
  /* The result code of an error; 0 for none. */
  int error;
  /* Frees what the result points to, once the host has read it. */
  sqlite3_destructor_type destroy;
  void *destroyed;
};

struct sqlite3 {
  int error;
  /* Words of that error that are not SQLite's for its code, in memory of sqlite3_malloc's; or null. */
  char *message;
  /* Whether functions give extended result codes. */
  int extended;
  /* Statements that are not finalized, the newest first. */
  sqlite3_stmt *statements;
};

/* The connection: there is one, and what it can do is what the host lets a guest do. */
extern sqlite3 connection;
/* Whether the extension's entry point runs, which registers and can do nothing else. */
extern int entry_point_runs;

/* The connection's error is this, with SQLite's words for it; gives what the function returns. */
int connection_answer(int code);
/* The same with words of one's own, which are copied; null for SQLite's. */
int connection_fail(int code, const char *message);

/* SQLITE_LIMIT_LENGTH: bytes of a value at most. */
enum { LENGTH_MAX = 1000000000 };

/* Frees what was passed and is not needed any more. */
static inline void discard(const void *bytes, sqlite3_destructor_type destroy) {
  if (destroy != SQLITE_STATIC && destroy != SQLITE_TRANSIENT) destroy((void *)bytes);
}

/* Frees the last result, so that the context can have a new one; a pointer, unless SQL has it. */
void result_clear(sqlite3_context *context);
/* Makes the result the error that the call ended with. */
const Record *result_error(sqlite3_context *context);
/* SQL is done with the pointer of this number, if there is one. */
void pointer_free(uint64_t number);

/* Number of bytes up to a NUL, but no more than SQLite's limit. */
uint32_t text_length(const char *text);

/* Decimal digits of a real: number.c. */
typedef struct Decimal {
  char sign;
  /* 0: a number; 1: infinite; 2: none. */
  char special;
  /* Number of digits, and how many of them stand before the decimal point. */
  int count;
  int point;
  char *digits;
  char buffer[21];
} Decimal;

/* The digits of `real`, rounded to `round` significant ones (not more than `most`), or, if it is not
** positive, to -`round` after the decimal point. */
void decimal_of(Decimal *decimal, double real, int round, int most);
/* The number at the beginning of a text; gives what it is. */
enum { NOT_A_NUMBER = 0, WHOLE = 1, FRACTIONAL = 2, WITH_PREFIX = 4 };
int real_of(const char *text, uint32_t len, double *real);
/* The integer at the beginning of a text, or the nearest that fits; 0 if it is all of the text. */
int integer_of(const char *text, uint32_t len, int64_t *integer);

/* UTF-16 to UTF-8 and back, into new memory that ends with a NUL; lengths are bytes. */
char *utf8_of(const void *text, uint32_t len, int big_endian, uint32_t *utf8_len);
uint16_t *utf16_of(const char *text, uint32_t len, int big_endian, uint32_t *utf16_len);
/* Bytes of text in UTF-16 that was passed with this length; if that is negative, up to a NUL. */
uint64_t wide_length(const void *text, int len);

#endif
