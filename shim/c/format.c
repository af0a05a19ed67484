/*
** sqlite3_str and the printf family, with SQLite's own conversions, except those of its parser (%T, %S):
** https://www.sqlite.org/printf.html.
*/
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* The most digits after the point: SQLite's limit. */
enum { PRECISION_MAX = 100000000 };

struct sqlite3_str {
  char *text;
  uint64_t used;
  uint64_t capacity;
  /* Whether the buffer is the caller's. Then it does not grow, and what does not fit is cut off. */
  int fixed;
  int error;
};

static void fail(sqlite3_str *out, int error) {
  if (!out->fixed) {
    free(out->text);
    out->text = 0;
    out->used = out->capacity = 0;
  }
  out->error = error;
}

/* Makes room for `len` more bytes and a NUL, or for as many as possible. */
static uint64_t room(sqlite3_str *out, uint64_t len) {
  if (out->error) return 0;
  uint64_t needed = out->used + len + 1;
  if (needed <= out->capacity) return len;
  if (out->fixed) {
    out->error = SQLITE_TOOBIG;
    return out->capacity - out->used - 1;
  }
  if (needed > LENGTH_MAX) {
    fail(out, SQLITE_TOOBIG);
    return 0;
  }
  uint64_t capacity = needed + out->used;
  char *text = realloc(out->text, capacity);
  if (!text) {
    fail(out, SQLITE_NOMEM);
    return 0;
  }
  text[out->used] = 0;
  out->text = text;
  out->capacity = capacity;
  return len;
}

/* Also without bytes, this makes a text: SQLite's own does. */
static void append(sqlite3_str *out, const char *bytes, uint64_t len) {
  len = room(out, len);
  if (len == 0) return;
  memcpy(out->text + out->used, bytes, len);
  out->used += len;
  out->text[out->used] = 0;
}

static void repeat(sqlite3_str *out, char c, int64_t times) {
  if (times <= 0) return;
  uint64_t len = room(out, times);
  if (len == 0) return;
  memset(out->text + out->used, c, len);
  out->used += len;
  out->text[out->used] = 0;
}

/* What stands between a percent sign and its letter. */
typedef struct Conversion {
  int64_t width;
  int64_t precision; /* -1: none was given */
  char sign;         /* + or space, or 0 */
  char left, alternate, bang, zeros, comma;
  int longs;
} Conversion;

/* Appends a text, padded to the width. With `bang` the width counts characters. */
static void padded(
    sqlite3_str *out, const Conversion *conversion, const char *text, uint64_t len) {
  int64_t width = conversion->width;
  if (conversion->bang) {
    for (uint64_t i = 0; i < len; i++) width += (text[i] & 0xc0) == 0x80;
  }
  int64_t pad = width - (int64_t)len;
  if (!conversion->left) repeat(out, ' ', pad);
  append(out, text, len);
  if (conversion->left) repeat(out, ' ', pad);
}

/* The bytes of the first `precision` bytes of a text, or with `bang` characters; -1 for all. */
static uint64_t taken(const char *text, const Conversion *conversion) {
  int64_t left = conversion->precision;
  uint64_t len = 0;
  for (; left != 0 && text[len]; left--) {
    len++;
    if (conversion->bang && (text[len - 1] & 0xc0) == 0xc0) {
      while ((text[len] & 0xc0) == 0x80) len++;
    }
  }
  return len;
}

static void integer(sqlite3_str *out, const Conversion *conversion, char letter, uint64_t value,
    char sign) {
  unsigned base = letter == 'o' ? 8 : letter == 'x' || letter == 'X' || letter == 'p' ? 16 : 10;
  const char *digits = letter == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
  char buffer[40], *at = buffer + sizeof buffer;
  int64_t precision = conversion->precision;
  if (conversion->zeros && precision < conversion->width - (sign != 0)) {
    precision = conversion->width - (sign != 0);
  }
  const char *prefix = "";
  if (conversion->alternate && value != 0) {
    prefix = letter == 'o' ? "0" : letter == 'x' || letter == 'p' ? "0x" : letter == 'X' ? "0X" : "";
  }
  if (letter == 'r') {
    unsigned last = value % 10;
    if (last >= 4 || value / 10 % 10 == 1) last = 0;
    at -= 2;
    memcpy(at, &"thstndrd"[last * 2], 2);
  }
  do {
    *--at = digits[value % base];
    value /= base;
  } while (value);
  int64_t count = buffer + sizeof buffer - at, zeros = precision > count ? precision - count : 0;
  int64_t all = zeros + count;
  int64_t commas = conversion->comma && base == 10 && letter != 'r' ? (all - 1) / 3 : 0;
  int64_t pad = conversion->width - (sign != 0) - (int64_t)strlen(prefix) - all - commas;
  if (!conversion->left) repeat(out, ' ', pad);
  if (sign) append(out, &sign, 1);
  append(out, prefix, strlen(prefix));
  if (commas) {
    for (int64_t i = 0; i < all; i++) {
      if (i && (all - i) % 3 == 0) append(out, ",", 1);
      append(out, i < zeros ? "0" : at + (i - zeros), 1);
    }
  } else {
    repeat(out, '0', zeros);
    append(out, at, count);
  }
  if (conversion->left) repeat(out, ' ', pad);
}

/* The digits of a real, in either form and without padding. */
static void digits_of(sqlite3_str *out, const Conversion *conversion, const Decimal *decimal,
    char letter, int64_t precision, int no_zeros) {
  int is_exponent = letter == 'e' || letter == 'E';
  int whole = is_exponent ? 1 : decimal->point, next = 0;
  int has_point = precision > 0 || conversion->alternate || conversion->bang;
  if (whole <= 0) append(out, "0", 1);
  if (whole > 0 && conversion->comma) {
    for (int i = whole - 1; i >= 0; i--) {
      append(out, next < decimal->count ? decimal->digits + next++ : "0", 1);
      if (i % 3 == 0 && i > 1) append(out, ",", 1);
    }
  } else if (whole > 0) {
    next = whole < decimal->count ? whole : decimal->count;
    append(out, decimal->digits, next);
    repeat(out, '0', whole - next);
  }
  uint64_t before_point = out->used;
  if (has_point) append(out, ".", 1);
  if (whole < 0 && precision > 0) {
    int64_t zeros = -whole < precision ? -whole : precision;
    repeat(out, '0', zeros);
    precision -= zeros;
  }
  if (precision > 0) {
    int64_t more = decimal->count - next;
    if (more > precision) more = precision;
    if (more > 0) {
      append(out, decimal->digits + next, more);
      precision -= more;
    }
    if (!no_zeros) repeat(out, '0', precision);
  }
  if (no_zeros && has_point && !out->error) {
    while (out->text[out->used - 1] == '0' && out->used > before_point) out->used--;
    if (out->text[out->used - 1] == '.') {
      if (conversion->bang) {
        append(out, "0", 1);
      } else {
        out->used--;
      }
    }
    out->text[out->used] = 0;
  }
  if (is_exponent) {
    int exponent = decimal->point - 1;
    append(out, &letter, 1);
    append(out, exponent < 0 ? "-" : "+", 1);
    if (exponent < 0) exponent = -exponent;
    char two[3] = {'0' + exponent / 100, '0' + exponent / 10 % 10, '0' + exponent % 10};
    append(out, exponent >= 100 ? two : two + 1, exponent >= 100 ? 3 : 2);
  }
}

static void real(sqlite3_str *out, const Conversion *conversion, char letter, double value) {
  int64_t precision = conversion->precision < 0 ? 6 : conversion->precision;
  if (precision > PRECISION_MAX) precision = PRECISION_MAX;
  int round, no_zeros = conversion->bang;
  if (letter == 'f') {
    round = -(int)precision;
  } else if (letter == 'g' || letter == 'G') {
    if (precision == 0) precision = 1;
    round = precision;
  } else {
    round = precision + 1;
  }
  Decimal decimal;
  decimal_of(&decimal, value, round, conversion->bang ? 20 : 16);
  Conversion text = *conversion;
  text.bang = 0;
  if (decimal.special == 2) {
    const char *name = conversion->zeros ? "null" : "NaN";
    padded(out, &text, name, strlen(name));
    return;
  }
  if (decimal.special && !conversion->zeros) {
    const char *name = decimal.sign == '-'       ? "-Inf"
                       : conversion->sign == '+' ? "+Inf"
                       : conversion->sign        ? " Inf"
                                                 : "Inf";
    padded(out, &text, name, strlen(name));
    return;
  }
  if (decimal.special) {
    decimal.buffer[0] = '9';
    decimal.digits = decimal.buffer;
    decimal.count = 1;
    decimal.point = 1000;
  }
  char sign = conversion->sign;
  if (decimal.sign == '-') {
    /* %#f shows no sign before a value that is rounded to zero. */
    int is_zero = conversion->alternate && !sign && letter == 'f' && decimal.point <= round;
    sign = is_zero ? 0 : '-';
  }
  if (letter == 'g' || letter == 'G') {
    int exponent = decimal.point - 1;
    precision--;
    no_zeros = !conversion->alternate;
    if (exponent < -4 || exponent > precision) {
      letter = letter == 'g' ? 'e' : 'E';
    } else {
      precision -= exponent;
      letter = 'f';
    }
  }
  sqlite3_str number = {0};
  if (sign) append(&number, &sign, 1);
  digits_of(&number, conversion, &decimal, letter, precision, no_zeros);
  if (number.error) {
    fail(out, number.error);
  } else if (conversion->zeros && !conversion->left && (int64_t)number.used < conversion->width) {
    append(out, number.text, sign != 0);
    repeat(out, '0', conversion->width - (int64_t)number.used);
    append(out, number.text + (sign != 0), number.used - (sign != 0));
  } else {
    padded(out, &text, number.text, number.used);
  }
  free(number.text);
}

static int encode(char *to, uint32_t c) {
  if (c < 0x80) {
    to[0] = c;
    return 1;
  }
  if (c < 0x800) {
    to[0] = 0xc0 | (c >> 6 & 0x1f);
    to[1] = 0x80 | (c & 0x3f);
    return 2;
  }
  if (c < 0x10000) {
    to[0] = 0xe0 | (c >> 12 & 0x0f);
    to[1] = 0x80 | (c >> 6 & 0x3f);
    to[2] = 0x80 | (c & 0x3f);
    return 3;
  }
  to[0] = 0xf0 | (c >> 18 & 0x07);
  to[1] = 0x80 | (c >> 12 & 0x3f);
  to[2] = 0x80 | (c >> 6 & 0x3f);
  to[3] = 0x80 | (c & 0x3f);
  return 4;
}

/* %c: the character, repeated as often as the precision says. */
static void character(sqlite3_str *out, const Conversion *conversion, uint32_t c) {
  char text[4];
  int len = encode(text, c);
  int64_t times = conversion->precision > 1 ? conversion->precision : 1;
  int64_t pad = conversion->width - times;
  if (!conversion->left) repeat(out, ' ', pad);
  while (times-- > 0 && !out->error) append(out, text, len);
  if (conversion->left) repeat(out, ' ', pad);
}

/* %q, %Q, %w double the quotes. With #, control characters become escapes of unistr(). */
static void quoted(
    sqlite3_str *out, const Conversion *conversion, char letter, const char *text) {
  char quote = letter == 'w' ? '"' : '\'';
  int is_literal = letter == 'Q' && text, escapes = conversion->alternate && letter != 'w';
  if (!text) text = letter == 'Q' ? "NULL" : "(NULL)";
  uint64_t len = taken(text, conversion);
  if (escapes && letter == 'Q') {
    escapes = 0;
    for (uint64_t i = 0; i < len; i++) escapes |= (uint8_t)text[i] < 0x20;
  }
  sqlite3_str piece = {0};
  if (is_literal && escapes) append(&piece, "unistr(", 7);
  if (is_literal) append(&piece, "'", 1);
  for (uint64_t i = 0; i < len && !piece.error; i++) {
    if (escapes && text[i] == '\\') {
      append(&piece, "\\\\", 2);
    } else if (escapes && (uint8_t)text[i] < 0x20) {
      static const char hex[] = "0123456789abcdef";
      char code[6] = {'\\', 'u', '0', '0', hex[text[i] >> 4], hex[text[i] & 15]};
      append(&piece, code, 6);
    } else {
      if (text[i] == quote) append(&piece, &quote, 1);
      append(&piece, &text[i], 1);
    }
  }
  if (is_literal) append(&piece, "'", 1);
  if (is_literal && escapes) append(&piece, ")", 1);
  if (piece.error) {
    fail(out, piece.error);
  } else {
    padded(out, conversion, piece.used ? piece.text : "", piece.used);
  }
  free(piece.text);
}

/* Reads digits at `*at` like SQLite: on overflow, high bits are lost. */
static int64_t count_at(const char **at) {
  unsigned count = 0;
  for (; **at >= '0' && **at <= '9'; ++*at) count = count * 10 + (**at - '0');
  return count & INT_MAX;
}

/* The arguments of a format. `sizes` has the size of each in bytes, up to a 0: then the format says it. */
typedef struct Arguments {
  va_list list;
  const unsigned char *sizes;
} Arguments;

static size_t size_of_next(Arguments *arguments, size_t expected) {
  return *arguments->sizes ? *arguments->sizes++ : expected;
}

/* The next integer, which the format takes for one of `expected` bytes. */
static int64_t next(Arguments *arguments, size_t expected, int is_signed) {
  if (size_of_next(arguments, expected) == sizeof(int64_t)) return va_arg(arguments->list, int64_t);
  return is_signed ? va_arg(arguments->list, int32_t) : va_arg(arguments->list, uint32_t);
}

static double next_real(Arguments *arguments) {
  if (size_of_next(arguments, sizeof(double)) == sizeof(double)) return va_arg(arguments->list, double);
  return va_arg(arguments->list, int32_t);
}

static void *next_pointer(Arguments *arguments) { return (void *)(uintptr_t)next(arguments, sizeof(void *), 0); }

static size_t size_of(const Conversion *conversion) {
  return conversion->longs == 2 ? sizeof(long long) : conversion->longs == 1 ? sizeof(long) : sizeof(int);
}

static void write(sqlite3_str *out, const char *format, Arguments *arguments) {
  for (const char *at = format; *at;) {
    if (*at != '%') {
      const char *end = strchr(at, '%');
      uint64_t len = end ? (uint64_t)(end - at) : strlen(at);
      append(out, at, len);
      at += len;
      continue;
    }
    Conversion conversion = {.precision = -1};
    at++;
    for (;;) {
      switch (*at) {
        case '-': conversion.left = 1; at++; continue;
        case '+': conversion.sign = '+'; at++; continue;
        case ' ': conversion.sign = ' '; at++; continue;
        case '#': conversion.alternate = 1; at++; continue;
        case '!': conversion.bang = 1; at++; continue;
        case '0': conversion.zeros = 1; at++; continue;
        case ',': conversion.comma = 1; at++; continue;
      }
      break;
    }
    if (*at == '*') {
      conversion.width = (int)next(arguments, sizeof(int), 1);
      if (conversion.width < 0) {
        conversion.left = 1;
        conversion.width = conversion.width == INT_MIN ? 0 : -conversion.width;
      }
      at++;
    } else {
      conversion.width = count_at(&at);
    }
    if (*at == '.') {
      at++;
      if (*at == '*') {
        conversion.precision = (int)next(arguments, sizeof(int), 1);
        if (conversion.precision < 0) {
          conversion.precision =
              conversion.precision == INT_MIN ? -1 : -conversion.precision;
        }
        at++;
      } else {
        conversion.precision = count_at(&at);
      }
    }
    while (*at == 'l' && conversion.longs < 2) {
      conversion.longs++;
      at++;
    }
    char letter = *at;
    if (!letter) {
      append(out, "%", 1);
      return;
    }
    at++;
    switch (letter) {
      case 'd':
      case 'i':
      case 'r': {
        int64_t value = next(arguments, size_of(&conversion), 1);
        /* A long has 64 bits where the format was written. */
        if (conversion.longs == 0) value = (int)value;
        uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        integer(out, &conversion, letter, size, value < 0 ? '-' : conversion.sign);
        break;
      }
      case 'u':
      case 'o':
      case 'x':
      case 'X':
      case 'p': {
        uint64_t value = next(arguments, letter == 'p' ? sizeof(void *) : size_of(&conversion), 0);
        if (conversion.longs == 0) value = (unsigned)value;
        integer(out, &conversion, letter, value, 0);
        break;
      }
      case 'f':
      case 'e':
      case 'E':
      case 'g':
      case 'G': real(out, &conversion, letter, next_real(arguments)); break;
      case 'c': character(out, &conversion, (unsigned)next(arguments, sizeof(int), 0)); break;
      case 's':
      case 'z': {
        char *text = next_pointer(arguments);
        const char *shown = text ? text : "";
        padded(out, &conversion, shown,
            conversion.precision < 0 ? strlen(shown) : taken(shown, &conversion));
        if (letter == 'z') free(text);
        break;
      }
      case 'q':
      case 'Q':
      case 'w': quoted(out, &conversion, letter, next_pointer(arguments)); break;
      case 'n': *(int *)next_pointer(arguments) = out->used; break;
      case '%': padded(out, &conversion, "%", 1); break;
      /* SQLite stops at an unknown conversion. */
      default: return;
    }
  }
}

/* Begins with the arguments after the `fixed` ones; `sizes` may be null. */
static Arguments *begin(Arguments *arguments, va_list list, const unsigned char *sizes, int fixed) {
  va_copy(arguments->list, list);
  arguments->sizes = sizes ? sizes + fixed : (const unsigned char *)"";
  return arguments;
}

void sqlite3_str_vappendf(sqlite3_str *out, const char *format, va_list list) {
  Arguments arguments;
  write(out, format, begin(&arguments, list, 0, 0));
  va_end(arguments.list);
}

void commensal_str_appendf(const unsigned char *sizes, sqlite3_str *out, const char *format, ...) {
  va_list list;
  Arguments arguments;
  va_start(list, format);
  write(out, format, begin(&arguments, list, sizes, 2));
  va_end(arguments.list);
  va_end(list);
}

void sqlite3_str_appendf(sqlite3_str *out, const char *format, ...) {
  va_list list;
  va_start(list, format);
  sqlite3_str_vappendf(out, format, list);
  va_end(list);
}

/* Used if there is no memory for a new one. */
static sqlite3_str no_memory = {.fixed = 1, .error = SQLITE_NOMEM};

sqlite3_str *sqlite3_str_new(sqlite3 *db) {
  (void)db;
  sqlite3_str *out = calloc(1, sizeof *out);
  return out ? out : &no_memory;
}

char *sqlite3_str_finish(sqlite3_str *out) {
  if (!out || out == &no_memory) return 0;
  char *text = out->text;
  free(out);
  return text;
}

void sqlite3_str_free(sqlite3_str *out) { free(sqlite3_str_finish(out)); }

void sqlite3_str_append(sqlite3_str *out, const char *text, int len) {
  if (len >= 0) append(out, text, len);
}

void sqlite3_str_appendall(sqlite3_str *out, const char *text) {
  append(out, text, text ? strlen(text) : 0);
}

void sqlite3_str_appendchar(sqlite3_str *out, int times, char c) {
  if (times == 0) append(out, "", 0);
  repeat(out, c, times);
}

void sqlite3_str_reset(sqlite3_str *out) {
  if (!out || out == &no_memory) return;
  free(out->text);
  memset(out, 0, sizeof *out);
}

int sqlite3_str_errcode(sqlite3_str *out) { return out ? out->error : SQLITE_NOMEM; }
int sqlite3_str_length(sqlite3_str *out) { return out ? out->used : 0; }
char *sqlite3_str_value(sqlite3_str *out) { return out && out->used ? out->text : 0; }

static char *made(const char *format, va_list list, const unsigned char *sizes) {
  sqlite3_str out = {0};
  Arguments arguments;
  if (!format) return 0;
  write(&out, format, begin(&arguments, list, sizes, 1));
  va_end(arguments.list);
  if (!out.text && !out.error) out.text = calloc(1, 1);
  return out.text;
}

char *sqlite3_vmprintf(const char *format, va_list list) { return made(format, list, 0); }

char *commensal_mprintf(const unsigned char *sizes, const char *format, ...) {
  va_list list;
  va_start(list, format);
  char *text = made(format, list, sizes);
  va_end(list);
  return text;
}

char *sqlite3_mprintf(const char *format, ...) {
  va_list list;
  va_start(list, format);
  char *text = sqlite3_vmprintf(format, list);
  va_end(list);
  return text;
}

static char *put(int size, char *buffer, const char *format, va_list list, const unsigned char *sizes) {
  Arguments arguments;
  if (size <= 0 || !buffer) return buffer;
  sqlite3_str out = {.text = buffer, .capacity = size, .fixed = 1};
  buffer[0] = 0;
  write(&out, format, begin(&arguments, list, sizes, 3));
  va_end(arguments.list);
  return buffer;
}

char *sqlite3_vsnprintf(int size, char *buffer, const char *format, va_list list) {
  return put(size, buffer, format, list, 0);
}

char *commensal_snprintf(
    const unsigned char *sizes, int size, char *buffer, const char *format, ...) {
  va_list list;
  va_start(list, format);
  put(size, buffer, format, list, sizes);
  va_end(list);
  return buffer;
}

char *sqlite3_snprintf(int size, char *buffer, const char *format, ...) {
  va_list list;
  va_start(list, format);
  sqlite3_vsnprintf(size, buffer, format, list);
  va_end(list);
  return buffer;
}
