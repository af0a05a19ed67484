/* UUIDs of version 7 (RFC 9562): 48 bits of time in milliseconds, 12 of the time within one, and 62 random ones.
**
**   uuid7()        a new one as text; each is greater than the one before
**   uuid7_blob(X)  its 16 bytes; NULL if X is not one
**   uuid7_ms(X)    its time in milliseconds since 1970; NULL if X, a text or a blob, is not one
**
** Needs the capabilities random and clock. */
#include <string.h>
#include <time.h>

#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1

enum { BYTES = 16, TEXT = 36 };

/* The bytes of a text with hyphens or without, or of a blob. Returns 0 if it is not one of version 7. */
static int decode(sqlite3_value *value, unsigned char *bytes) {
  if (sqlite3_value_type(value) == SQLITE_BLOB) {
    if (sqlite3_value_bytes(value) != BYTES) return 0;
    memcpy(bytes, sqlite3_value_blob(value), BYTES);
  } else {
    const unsigned char *text = sqlite3_value_text(value);
    int digits = 0;
    memset(bytes, 0, BYTES);
    for (; text && *text; text++) {
      int lower = *text | 32;
      if (*text == '-') continue;
      int digit = lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : *text >= '0' && *text <= '9' ? *text - '0' : -1;
      if (digit < 0 || digits == 2 * BYTES) return 0;
      bytes[digits / 2] |= digits % 2 ? digit : digit << 4;
      digits++;
    }
    if (digits != 2 * BYTES) return 0;
  }
  return bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2;
}

static void uuid7(sqlite3_context *context, int count, sqlite3_value **arguments) {
  /* The time in units of a 4096th millisecond. */
  static sqlite3_uint64 last;
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[BYTES];
  char text[TEXT];
  struct timespec now;
  (void)count, (void)arguments;
  clock_gettime(CLOCK_REALTIME, &now);
  sqlite3_uint64 ms = (sqlite3_uint64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  sqlite3_uint64 time = ms << 12 | (sqlite3_uint64)(now.tv_nsec % 1000000) * 4096 / 1000000;
  last = time > last ? time : last + 1;
  sqlite3_randomness(BYTES, bytes);
  for (int i = 0; i < 6; i++) bytes[i] = (unsigned char)(last >> (52 - 8 * i));
  bytes[6] = 0x70 | (last >> 8 & 15);
  bytes[7] = (unsigned char)last;
  bytes[8] = 0x80 | (bytes[8] & 63);
  for (int i = 0, at = 0; i < BYTES; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = digits[bytes[i] >> 4];
    text[at++] = digits[bytes[i] & 15];
  }
  sqlite3_result_text(context, text, TEXT, SQLITE_TRANSIENT);
}

static void uuid7_blob(sqlite3_context *context, int count, sqlite3_value **arguments) {
  unsigned char bytes[BYTES];
  (void)count;
  if (decode(arguments[0], bytes)) sqlite3_result_blob(context, bytes, BYTES, SQLITE_TRANSIENT);
}

static void uuid7_ms(sqlite3_context *context, int count, sqlite3_value **arguments) {
  unsigned char bytes[BYTES];
  (void)count;
  if (!decode(arguments[0], bytes)) return;
  sqlite3_int64 ms = 0;
  for (int i = 0; i < 6; i++) ms = ms << 8 | bytes[i];
  sqlite3_result_int64(context, ms);
}

int sqlite3_uuid_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  const int pure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  (void)error;
  SQLITE_EXTENSION_INIT2(api);
  int status = sqlite3_create_function(db, "uuid7", 0, SQLITE_UTF8, 0, uuid7, 0, 0);
  if (status == SQLITE_OK) status = sqlite3_create_function(db, "uuid7_blob", 1, pure, 0, uuid7_blob, 0, 0);
  if (status == SQLITE_OK) status = sqlite3_create_function(db, "uuid7_ms", 1, pure, 0, uuid7_ms, 0, 0);
  return status;
}
