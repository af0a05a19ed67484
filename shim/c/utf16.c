/*
** UTF-16, for extensions that ask for it, because the database uses UTF-8. Invalid text is converted as
** SQLite converts it, even where the result is odd.
*/
#include <stdlib.h>

#include "shim.h"

static uint32_t unit(const uint8_t *at, int big_endian) {
  return big_endian ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

/*
** A byte-order mark decides the order, whatever the caller said, and is not part of the text. Any surrogate
** forms a character with the unit after it. At the end it stays alone, and its UTF-8 is not valid.
*/
char *utf8_of(const void *text, uint32_t len, int big_endian, uint32_t *utf8_len) {
  const uint8_t *at = text, *end = at + (len & ~(uint32_t)1);
  char *utf8 = malloc((uint64_t)len / 2 * 3 + 1), *to = utf8;
  if (!utf8) return 0;
  if (at < end) {
    uint32_t mark = unit(at, 0);
    if (mark == 0xfeff || mark == 0xfffe) {
      big_endian = mark == 0xfffe;
      at += 2;
    }
  }
  while (at < end) {
    uint32_t c = unit(at, big_endian);
    at += 2;
    if (c >= 0xd800 && c < 0xe000 && at < end) {
      uint32_t low = unit(at, big_endian);
      c = (low & 0x3ff) + ((c & 0x3f) << 10) + (((c & 0x3c0) + 0x40) << 10);
      at += 2;
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

/* Reads the character at `*at` and moves behind it and all bytes that could continue it. */
static uint32_t character(const uint8_t **at, const uint8_t *end) {
  uint32_t c = *(*at)++;
  if (c < 0xc0) return c;
  c &= c < 0xe0 ? 0x1f : c < 0xf0 ? 0x0f : c < 0xf8 ? 0x07 : c < 0xfc ? 0x03 : c < 0xfe ? 0x01 : 0;
  while (*at < end && (**at & 0xc0) == 0x80) c = c << 6 | (*(*at)++ & 0x3f);
  return c < 0x80 || (c & 0xfffff800) == 0xd800 ? 0xfffd : c;
}

uint16_t *utf16_of(const char *text, uint32_t len, int big_endian, uint32_t *utf16_len) {
  const uint8_t *at = (const uint8_t *)text, *end = at + len;
  uint16_t *wide = len < UINT32_MAX / 2 - 1 ? malloc(((size_t)len + 1) * 2) : 0, *to = wide;
  if (!wide) return 0;
  while (at < end) {
    uint32_t c = character(&at, end);
    if (c >= 0x10000) {
      *to++ = 0xd800 | (((c - 0x10000) >> 18 & 3) << 8) |
          ((c >> 10 & 0x3f) + ((c - 0x10000) >> 10 & 0xc0));
      c = 0xdc00 | (c & 0x3ff);
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
