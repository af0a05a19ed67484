/* UTF-16, for extensions that ask for it: the database speaks UTF-8. */
#include <stdlib.h>

#include "shim.h"

static uint32_t unit(const uint8_t *at, int big_endian) {
  return big_endian ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

/* What is no UTF-16 becomes U+FFFD. */
char *utf8_of(const void *text, uint32_t len, int big_endian, uint32_t *utf8_len) {
  const uint8_t *at = text, *end = at + (len & ~(uint32_t)1);
  char *utf8 = malloc((uint64_t)len / 2 * 3 + 1), *to = utf8;
  if (!utf8) return 0;
  while (at < end) {
    uint32_t c = unit(at, big_endian);
    at += 2;
    if (c >= 0xd800 && c < 0xe000) {
      uint32_t low = c < 0xdc00 && at < end ? unit(at, big_endian) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        at += 2;
      } else {
        c = 0xfffd;
      }
    }
    if (c < 0x80) {
      *to++ = c;
    } else if (c < 0x800) {
      *to++ = 0xc0 | c >> 6;
      *to++ = 0x80 | (c & 0x3f);
    } else if (c < 0x10000) {
      *to++ = 0xe0 | c >> 12;
      *to++ = 0x80 | (c >> 6 & 0x3f);
      *to++ = 0x80 | (c & 0x3f);
    } else {
      *to++ = 0xf0 | c >> 18;
      *to++ = 0x80 | (c >> 12 & 0x3f);
      *to++ = 0x80 | (c >> 6 & 0x3f);
      *to++ = 0x80 | (c & 0x3f);
    }
  }
  *to = 0;
  *utf8_len = to - utf8;
  return utf8;
}

/* Bytes of the UTF-8 sequence at `at`, and its character; what is none is one byte, U+FFFD. */
static int character(const uint8_t *at, const uint8_t *end, uint32_t *c) {
  int more = *at < 0xc0 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf8 ? 3 : 0;
  *c = *at < 0x80 ? *at : 0xfffd;
  if (!more || end - at <= more) return 1;
  uint32_t value = *at & (0x3f >> more);
  for (int i = 1; i <= more; i++) {
    if ((at[i] & 0xc0) != 0x80) return 1;
    value = value << 6 | (at[i] & 0x3f);
  }
  if (value < 0x80 || (value & 0xfffff800) == 0xd800 || value > 0x10ffff) return 1;
  *c = value;
  return more + 1;
}

uint16_t *utf16_of(const char *text, uint32_t len, int big_endian, uint32_t *utf16_len) {
  const uint8_t *at = (const uint8_t *)text, *end = at + len;
  uint16_t *wide = len < UINT32_MAX / 2 - 1 ? malloc(((size_t)len + 1) * 2) : 0, *to = wide;
  if (!wide) return 0;
  while (at < end) {
    uint32_t c;
    at += character(at, end, &c);
    if (c >= 0x10000) {
      *to++ = 0xd800 + ((c - 0x10000) >> 10);
      c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    *to++ = c;
  }
  *to = 0;
  *utf16_len = (to - wide) * 2;
  if (big_endian) {
    for (uint16_t *it = wide; it < to; it++) *it = *it << 8 | *it >> 8;
  }
  return wide;
}

uint64_t wide_length(const void *text, int len) {
  if (!text) return 0;
  if (len >= 0) return len & ~1;
  const uint8_t *at = text;
  uint64_t bytes = 0;
  while (at[bytes] || at[bytes + 1]) bytes += 2;
  return bytes;
}
