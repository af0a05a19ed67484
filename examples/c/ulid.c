/* ULIDs: 48 bits of time in milliseconds and 80 random bits, as 26 letters that sort by time.
**
**   ulid()        a new one; within a millisecond each is greater than the one before
**   ulid_ms(X)    its time in milliseconds since 1970; NULL if X is not one
**   ulid_blob(X)  its 16 bytes; NULL if X is not one
**
** Needs the capabilities random and clock. */
#include <string.h>
#include <time.h>

#include "sqlite3ext.h"
SQLITE_EXTENSION_INIT1

/* Crockford's base 32: no I, L, O and U. */
static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum { BYTES = 16, LETTERS = 26 };

/* Each letter has 5 bits. The first has only 3 of them, because 26 letters have room for 130 bits. */
static void encode(const unsigned char *bytes, char *text) {
  for (int at = 0; at < LETTERS; at++) {
    int digit = 0;
    for (int bit = at * 5 - 2; bit < at * 5 + 3; bit++) {
      int set = bit >= 0 && (bytes[bit / 8] >> (7 - bit % 8) & 1);
      digit = digit << 1 | set;
    }
    text[at] = letters[digit];
  }
}

static int decode(sqlite3_value *value, unsigned char *bytes) {
  const unsigned char *text = sqlite3_value_text(value);
  if (!text || sqlite3_value_bytes(value) != LETTERS || text[0] > '7') return 0;
  memset(bytes, 0, BYTES);
  for (int at = 0; at < LETTERS; at++) {
    int upper = text[at] >= 'a' && text[at] <= 'z' ? text[at] - 'a' + 'A' : text[at];
    const char *letter = upper ? strchr(letters, upper) : 0;
    if (!letter) return 0;
    int digit = (int)(letter - letters);
    for (int i = 0; i < 5; i++) {
      int bit = at * 5 - 2 + i;
      if (bit >= 0 && (digit >> (4 - i) & 1)) bytes[bit / 8] |= 128 >> bit % 8;
    }
  }
  return 1;
}

static void ulid(sqlite3_context *context, int count, sqlite3_value **arguments) {
  static unsigned char last[BYTES];
  unsigned char bytes[BYTES];
  char text[LETTERS];
  struct timespec now;
  (void)count, (void)arguments;
  clock_gettime(CLOCK_REALTIME, &now);
  sqlite3_int64 ms = (sqlite3_int64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  for (int i = 0; i < 6; i++) bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
  if (memcmp(bytes, last, 6) > 0) {
    sqlite3_randomness(BYTES - 6, bytes + 6);
    memcpy(last, bytes, BYTES);
  } else {
    for (int i = BYTES - 1; i >= 0 && ++last[i] == 0; i--) {
    }
  }
  encode(last, text);
  sqlite3_result_text(context, text, LETTERS, SQLITE_TRANSIENT);
}

static void ulid_ms(sqlite3_context *context, int count, sqlite3_value **arguments) {
  unsigned char bytes[BYTES];
  (void)count;
  if (!decode(arguments[0], bytes)) return;
  sqlite3_int64 ms = 0;
  for (int i = 0; i < 6; i++) ms = ms << 8 | bytes[i];
  sqlite3_result_int64(context, ms);
}

static void ulid_blob(sqlite3_context *context, int count, sqlite3_value **arguments) {
  unsigned char bytes[BYTES];
  (void)count;
  if (decode(arguments[0], bytes)) sqlite3_result_blob(context, bytes, BYTES, SQLITE_TRANSIENT);
}

int sqlite3_ulid_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  const int pure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  (void)error;
  SQLITE_EXTENSION_INIT2(api);
  int status = sqlite3_create_function(db, "ulid", 0, SQLITE_UTF8, 0, ulid, 0, 0);
  if (status == SQLITE_OK) status = sqlite3_create_function(db, "ulid_ms", 1, pure, 0, ulid_ms, 0, 0);
  if (status == SQLITE_OK) status = sqlite3_create_function(db, "ulid_blob", 1, pure, 0, ulid_blob, 0, 0);
  return status;
}
