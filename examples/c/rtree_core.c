/* What SQLite's ext/rtree/rtree.c calls of SQLite's own code, which is no part of the C API. With it, rtree.c is an
** extension like any other: see docs/c.md. */
#include <string.h>

#include "sqlite3.h"

/* SQLite before 3.48 returns an int: -DTOKEN_LENGTH=int. */
#ifndef TOKEN_LENGTH
#define TOKEN_LENGTH sqlite3_int64
#endif

TOKEN_LENGTH sqlite3GetToken(const unsigned char *text, int *kind);
int sqlite3IntFloatCompare(sqlite3_int64 integer, double real);

/* The length of the first token of a column's declaration: of its name. */
TOKEN_LENGTH sqlite3GetToken(const unsigned char *text, int *kind) {
  unsigned char end = text[0] == '[' ? ']' : text[0];
  TOKEN_LENGTH length = 1;
  *kind = 0;
  if (text[0] && strchr("\"'`[", text[0])) {
    while (text[length]) {
      if (text[length++] != end) continue;
      if (end == ']' || text[length] != end) break;
      length++;
    }
    return length;
  }
  while (text[length] && !strchr(" \t\r\n\f()[],;'\"`+-*/%=<>!|&~.", text[length])) length++;
  return length;
}

/* Whether an integer is less than a real number, equal or more: -1, 0 or 1. */
int sqlite3IntFloatCompare(sqlite3_int64 integer, double real) {
  if (real != real) return 1;
  if (real < -9223372036854775808.0) return 1;
  if (real >= 9223372036854775808.0) return -1;
  sqlite3_int64 whole = (sqlite3_int64)real;
  if (integer != whole) return integer < whole ? -1 : 1;
  double rest = real - (double)whole;
  return rest > 0 ? -1 : rest < 0;
}
