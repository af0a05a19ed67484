/*
** Numbers and their decimal digits, as SQLite converts them since 3.53: with the leading 18 or 19 digits.
** Powers of ten are computed with integers of as many bits as necessary, not looked up.
*/
#include <string.h>

#include "shim.h"

/* An integer of up to 1,536 bits, the least significant part first. */
typedef struct Big {
  int count;
  uint32_t part[48];
} Big;

static Big big_of(uint64_t value) {
  Big big = {.count = 0};
  for (; value; value >>= 32) big.part[big.count++] = (uint32_t)value;
  return big;
}

static void multiply(Big *big, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < big->count; i++) {
    carry += (uint64_t)big->part[i] * factor;
    big->part[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry) big->part[big->count++] = (uint32_t)carry;
}

/* Divides. Returns whether there is a remainder. */
static int divide(Big *big, uint32_t divisor) {
  uint64_t rest = 0;
  for (int i = big->count - 1; i >= 0; i--) {
    rest = rest << 32 | big->part[i];
    big->part[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  while (big->count && !big->part[big->count - 1]) big->count--;
  return rest != 0;
}

static void shift_left(Big *big, int bits) {
  int parts = bits / 32;
  bits %= 32;
  if (bits) multiply(big, (uint32_t)1 << bits);
  if (!parts || !big->count) return;
  memmove(big->part + parts, big->part, big->count * sizeof *big->part);
  memset(big->part, 0, parts * sizeof *big->part);
  big->count += parts;
}

static int bit(const Big *big, int number) {
  int part = number / 32;
  return number >= 0 && part < big->count && (big->part[part] >> number % 32 & 1);
}

static int bits_of(const Big *big) {
  if (!big->count) return 0;
  return big->count * 32 - __builtin_clz(big->part[big->count - 1]);
}

/* The 64 bits from bit `from` on. */
static uint64_t bits_from(const Big *big, int from) {
  uint64_t value = 0;
  for (int i = 2; i >= 0; i--) {
    int part = from / 32 + i;
    uint64_t it = part < big->count ? big->part[part] : 0;
    int place = i * 32 - from % 32;
    if (place < 64) value |= place >= 0 ? it << place : it >> -place;
  }
  return value;
}

/* Whether one of the bits below `end` is set. */
static int any_below(const Big *big, int end) {
  for (int i = 0; i < big->count && i * 32 < end; i++) {
    uint32_t part = big->part[i];
    if (end - i * 32 < 32) part &= ((uint32_t)1 << (end - i * 32)) - 1;
    if (part) return 1;
  }
  return 0;
}

/* 5 to the 13th, the largest power that fits. */
static const uint32_t FIVES = 1220703125;

static uint32_t power_of_5(int exponent) {
  uint32_t power = 1;
  while (exponent-- > 0) power *= 5;
  return power;
}

static void multiply_by_5(Big *big, int times) {
  for (; times >= 13; times -= 13) multiply(big, FIVES);
  if (times > 0) multiply(big, power_of_5(times));
}

static int divide_by_5(Big *big, int times) {
  int rest = 0;
  for (; times >= 13; times -= 13) rest |= divide(big, FIVES);
  if (times > 0) rest |= divide(big, power_of_5(times));
  return rest;
}

/* The real nearest to digits * 10^exponent. If two are equally near, the even one. */
static double real_from(uint64_t digits, int exponent) {
  if (digits == 0 || exponent < -348) return 0.0;
  if (exponent > 347) return __builtin_inf();
  Big big = big_of(digits);
  /* The value is big * 2^shift, and a little more if there is a remainder. */
  int shift = exponent, rest = 0;
  if (exponent >= 0) {
    multiply_by_5(&big, exponent);
  } else {
    /* 5^n has fewer than 2.33 n bits, so 66 bits or more remain. */
    int more = -exponent * 7 / 3 + 68;
    shift_left(&big, more);
    rest = divide_by_5(&big, -exponent);
    shift -= more;
  }
  /* The leading 53 bits, or those from 2^-1074 on. */
  int bits = bits_of(&big), from = bits - 53;
  if (from + shift < -1074) from = -1074 - shift;
  if (from < 0) {
    shift_left(&big, -from);
    shift += from;
    from = 0;
  }
  uint64_t mantissa = bits_from(&big, from);
  if (bit(&big, from - 1) && ((mantissa & 1) || rest || any_below(&big, from - 1))) mantissa++;
  int power = from + shift;
  if (mantissa >> 53) {
    mantissa >>= 1;
    power++;
  }
  if (power > 971) return __builtin_inf();
  /* If the first bit of the mantissa is missing, the exponent is that of the smallest numbers. */
  uint64_t image = mantissa >> 52 ? (uint64_t)(power + 1075) << 52 | (mantissa & (((uint64_t)1 << 52) - 1)) : mantissa;
  double real;
  memcpy(&real, &image, sizeof real);
  return real;
}

/* The largest n with 10^n <= 2^exponent. */
static int log10_of_power_of_2(int exponent) { return exponent * 78913 >> 18; }

/* The leading 64 bits of 10^exponent, cut off, and the power of 2 of the first of them. */
static uint64_t power_of_10(int exponent, int *first) {
  Big big;
  int shift = exponent;
  if (exponent >= 0) {
    big = big_of(1);
    multiply_by_5(&big, exponent);
  } else {
    int more = -exponent * 7 / 3 + 68;
    big = big_of(1);
    shift_left(&big, more);
    divide_by_5(&big, -exponent);
    shift -= more;
  }
  int bits = bits_of(&big);
  *first = bits - 1 + shift;
  return bits < 64 ? bits_from(&big, 0) << (64 - bits) : bits_from(&big, bits - 64);
}

/* The upper 64 bits of a product. */
static uint64_t multiply_high(uint64_t a, uint64_t b) {
  uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
  uint64_t low = a_low * b_low, one = a_low * b_high, two = a_high * b_low;
  uint64_t middle = (low >> 32) + (uint32_t)one + (uint32_t)two;
  return a_high * b_high + (one >> 32) + (two >> 32) + (middle >> 32);
}

/*
** The leading digits of mantissa * 2^exponent, whose first bit is set: `count` or `count` + 1 digits, cut off,
** or 18 or 19 digits, rounded. They stand for digits * 10^*power. Like SQLite, this uses 64 bits of the power
** of ten. More bits would be closer to the number, and differ from what SQLite shows.
*/
static uint64_t leading_digits(uint64_t mantissa, int exponent, int count, int *power) {
  int first, scale = count - 1 - log10_of_power_of_2(exponent + 63);
  uint64_t digits = multiply_high(mantissa, power_of_10(scale, &first));
  *power = -scale;
  if (count < 18) return digits >> -(exponent + first + 1);
  digits >>= -(exponent + first + 2);
  return (digits >> 1) + (digits & 1);
}

/* The number that the digits of a text before `end` stand for. */
static uint64_t number_of(const char *digits, int end) {
  uint64_t number = 0;
  for (int i = 0; i < end; i++) number = number * 10 + (digits[i] - '0');
  return number;
}

/* How many of 17 digits are enough to read the same number again, if the others are nines or zeros. */
static int shortest(const char *digits, int count, int point, double real, int power) {
  int end;
  uint64_t shorter;
  if (digits[15] == '9' && digits[14] == '9') {
    for (end = 14; end > 0 && digits[end - 1] == '9'; end--) {
    }
    shorter = end ? number_of(digits, end) + 1 : 1;
  } else if (point >= count || (digits[15] == '0' && digits[14] == '0' && digits[13] == '0')) {
    for (end = 13; end > 1 && digits[end - 1] == '0'; end--) {
    }
    shorter = number_of(digits, end);
  } else {
    return 17;
  }
  return real == real_from(shorter, power + count - end) ? end + 1 : 17;
}

void decimal_of(Decimal *decimal, double real, int round, int most) {
  decimal->special = 0;
  decimal->sign = real < 0.0 ? '-' : '+';
  if (real < 0.0) real = -real;
  decimal->digits = decimal->buffer;
  if (real == 0.0) {
    decimal->count = decimal->point = 1;
    decimal->buffer[0] = '0';
    return;
  }
  uint64_t mantissa;
  memcpy(&mantissa, &real, sizeof mantissa);
  int exponent = mantissa >> 52 & 0x7ff;
  mantissa &= ((uint64_t)1 << 52) - 1;
  if (exponent == 0x7ff) {
    decimal->special = mantissa ? 2 : 1;
    decimal->count = decimal->point = 0;
    return;
  }
  if (exponent == 0) {
    int zeros = __builtin_clzll(mantissa);
    mantissa <<= zeros;
    exponent = -1074 - zeros;
  } else {
    mantissa = mantissa << 11 | (uint64_t)1 << 63;
    exponent -= 1086;
  }
  int power;
  uint64_t value =
      leading_digits(mantissa, exponent, round <= 0 || round >= 18 ? 18 : round + 1, &power);
  char *digits = decimal->buffer + sizeof decimal->buffer;
  int count = 0;
  for (; value; value /= 10, count++) *--digits = '0' + value % 10;
  decimal->point = count + power;
  if (round <= 0) {
    round = decimal->point - round;
    /* Nothing is left except a carry from rounding up. */
    if (round == 0 && digits[0] >= '5') {
      round = 1;
      *--digits = '0';
      count++;
      decimal->point++;
    }
  }
  if (round > 0 && (round < count || count > most)) {
    if (round > most) round = most;
    if (round == 17) round = shortest(digits, count, decimal->point, real, power);
    count = round;
    if (digits[round] >= '5') {
      int place = round - 1;
      while (place >= 0 && digits[place] == '9') digits[place--] = '0';
      if (place >= 0) {
        digits[place]++;
      } else {
        *--digits = '1';
        count++;
        decimal->point++;
      }
    }
  }
  while (count > 1 && digits[count - 1] == '0') count--;
  decimal->count = count;
  decimal->digits = digits;
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* As in SQLite, digits after the first 19 count as zeros. */
int real_of(const char *text, uint32_t len, double *real) {
  const char *at = text, *end = text + len;
  const uint64_t full = (UINT64_MAX - 9) / 10;
  uint64_t digits = 0;
  int exponent = 0, any = 0, what = WHOLE, negative = 0;
  *real = 0.0;
  while (at < end && is_space(*at)) at++;
  if (at < end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  for (; at < end && is_digit(*at); at++, any = 1) {
    if (digits < full) {
      digits = digits * 10 + (*at - '0');
    } else {
      exponent++;
    }
  }
  if (at < end && *at == '.') {
    at++;
    for (; at < end && is_digit(*at); at++, any = 1) {
      if (digits < full) {
        digits = digits * 10 + (*at - '0');
        exponent--;
      }
    }
    what = FRACTIONAL;
  }
  if (!any) return NOT_A_NUMBER;
  if (at < end && (*at == 'e' || *at == 'E')) {
    const char *after = at + 1;
    int sign = 1, given = 0;
    if (after < end && (*after == '-' || *after == '+')) sign = *after++ == '-' ? -1 : 1;
    if (after < end && is_digit(*after)) {
      for (; after < end && is_digit(*after); after++) {
        given = given < 10000 ? given * 10 + (*after - '0') : 10000;
      }
      exponent += sign * given;
      what = FRACTIONAL;
      at = after;
    }
  }
  *real = real_from(digits, exponent);
  if (negative) *real = -*real;
  while (at < end && is_space(*at)) at++;
  return at == end ? what : what | WITH_PREFIX;
}

int integer_of(const char *text, uint32_t len, int64_t *integer) {
  const char *at = text, *end = text + len;
  uint64_t value = 0;
  int negative = 0, fits = 1, any = 0;
  while (at < end && is_space(*at)) at++;
  if (at < end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  uint64_t most = (uint64_t)INT64_MAX + negative;
  for (; at < end && is_digit(*at); at++, any = 1) {
    unsigned digit = *at - '0';
    if (value > (most - digit) / 10) fits = 0;
    if (fits) value = value * 10 + digit;
  }
  if (!fits) value = most;
  *integer = negative ? (int64_t)(0 - value) : (int64_t)value;
  while (at < end && is_space(*at)) at++;
  return any && fits && at == end ? 0 : 1;
}
