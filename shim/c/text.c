/* Compares and matches text as SQLite does: only ASCII letters have two cases. */
#include "shim.h"

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

int sqlite3_stricmp(const char *left, const char *right) {
  if (!left) return right ? -1 : 0;
  if (!right) return 1;
  const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;
  while (*a && lower(*a) == lower(*b)) a++, b++;
  return lower(*a) - lower(*b);
}

int sqlite3_strnicmp(const char *left, const char *right, int len) {
  if (!left) return right ? -1 : 0;
  if (!right) return 1;
  const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;
  while (len-- > 0 && *a && lower(*a) == lower(*b)) a++, b++;
  return len < 0 ? 0 : lower(*a) - lower(*b);
}

/* Reads the character at `*at` and moves behind it. */
static uint32_t next(const uint8_t **at) {
  static const uint8_t first_bits[] = {0x1f, 0x1f, 0x0f, 0x07};
  uint32_t c = *(*at)++;
  if (c < 0xc0) return c;
  c &= c < 0xe0 ? first_bits[1] : c < 0xf0 ? first_bits[2] : first_bits[3];
  while ((**at & 0xc0) == 0x80) c = c << 6 | (*(*at)++ & 0x3f);
  return c;
}

/* Whether `c` is in the set after a bracket at `*pattern`, and moves behind the set; -1 if it is not closed. */
static int in_set(const uint8_t **pattern, uint32_t c) {
  uint32_t previous = 0;
  int found = 0, inverted = 0;
  uint32_t it = next(pattern);
  if (it == '^') {
    inverted = 1;
    it = next(pattern);
  }
  if (it == ']') {
    if (c == ']') found = 1;
    it = next(pattern);
  }
  while (it && it != ']') {
    if (it == '-' && **pattern != ']' && **pattern != 0 && previous > 0) {
      it = next(pattern);
      if (c >= previous && c <= it) found = 1;
      previous = 0;
    } else {
      if (c == it) found = 1;
      previous = it;
    }
    it = next(pattern);
  }
  if (!it) {
    --*pattern;
    return -1;
  }
  return found != inverted;
}

/* Only the last star is tried with more characters. What an earlier star has matched never changes. */
static int matches(const uint8_t *pattern, const uint8_t *text, int glob, uint32_t escape) {
  const uint32_t all = glob ? '*' : '%', one = glob ? '?' : '_';
  const uint8_t *after_star = 0, *star_text = 0;
  for (;;) {
    const uint8_t *at = pattern;
    uint32_t p = *at ? next(&at) : 0;
    int literal = 0, ok;
    if (p && p == escape && p != all) {
      if (!*at) return 0;
      p = next(&at);
      literal = 1;
    }
    if (p && p == all && !literal) {
      pattern = after_star = at;
      star_text = text;
      continue;
    }
    if (!p) {
      if (!*text) return 1;
      ok = 0;
    } else if (!*text) {
      return 0;
    } else {
      const uint8_t *rest = text;
      uint32_t c = next(&rest);
      if (literal || p != one) {
        if (glob && p == '[') {
          int found = in_set(&at, c);
          if (found < 0) return 0;
          ok = found;
        } else {
          ok = p == c || (!glob && p < 0x80 && c < 0x80 && lower(p) == lower(c));
        }
      } else {
        ok = 1;
      }
      if (ok) {
        pattern = at;
        text = rest;
        continue;
      }
    }
    if (!after_star || !*star_text) return 0;
    next(&star_text);
    text = star_text;
    pattern = after_star;
  }
}

int sqlite3_strglob(const char *pattern, const char *text) {
  if (!text) return pattern != 0;
  if (!pattern) return 1;
  return !matches((const uint8_t *)pattern, (const uint8_t *)text, 1, 0);
}

int sqlite3_strlike(const char *pattern, const char *text, unsigned int escape) {
  if (!text) return pattern != 0;
  if (!pattern) return 1;
  return !matches((const uint8_t *)pattern, (const uint8_t *)text, 0, escape);
}
