/* The order of guests/examples/natural in C, for ASCII text. */

#include <string.h>

#include "sqlite3.h"

static int is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

static int lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

/* Compares two runs of digits as numbers and moves both positions behind them. */
static int numbers(const unsigned char *a, int a_len, int *i, const unsigned char *b, int b_len,
                   int *j) {
  while (*i < a_len && a[*i] == '0') ++*i;
  while (*j < b_len && b[*j] == '0') ++*j;
  int m = *i, n = *j;
  while (m < a_len && is_digit(a[m])) m++;
  while (n < b_len && is_digit(b[n])) n++;
  int length = m - *i, other = n - *j;
  int order = length != other ? length - other : memcmp(a + *i, b + *j, (size_t)length);
  *i = m;
  *j = n;
  return order;
}

static int natural(void *data, int a_len, const void *a_text, int b_len, const void *b_text) {
  (void)data;
  const unsigned char *a = a_text, *b = b_text;
  int i = 0, j = 0;
  while (i < a_len && j < b_len) {
    int order;
    if (is_digit(a[i]) && is_digit(b[j])) {
      order = numbers(a, a_len, &i, b, b_len, &j);
    } else if (is_digit(a[i]) != is_digit(b[j])) {
      order = is_digit(a[i]) ? -1 : 1;
    } else {
      order = lower(a[i++]) - lower(b[j++]);
    }
    if (order != 0) return order;
  }
  if (i < a_len || j < b_len) return i < a_len ? 1 : -1;
  int order = memcmp(a_text, b_text, (size_t)(a_len < b_len ? a_len : b_len));
  return order != 0 ? order : a_len - b_len;
}

/* Registers the collation c_natural. Returns a result code. */
int commensal_bench_register_collation(sqlite3 *db) {
  return sqlite3_create_collation_v2(db, "c_natural", SQLITE_UTF8, 0, natural, 0);
}
