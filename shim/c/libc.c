/*
** Functions of the C library that behave otherwise in wasi-libc than in the libraries that extensions are written for.
** sqlite3ext.h renames the calls.
*/
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/*
** A text without a number is no error: glibc and others leave errno as it was, and musl sets EINVAL. That also stands
** for a base that does not exist.
*/
#define WITHOUT_EINVAL(type, name, convert, base_is_good) \
  type { \
    int before = errno; \
    char *rest = (char *)text; \
    errno = 0; \
    name value = convert; \
    if (end) *end = rest; \
    if (errno == 0 || (errno == EINVAL && rest == text && (base_is_good))) errno = before; \
    return value; \
  }

#define REAL(name, type, function) \
  WITHOUT_EINVAL(type name(const char *text, char **end), type, function(text, &rest), 1)
#define INTEGER(name, type, function) \
  WITHOUT_EINVAL(type name(const char *text, char **end, int base), type, function(text, &rest, base), \
      base == 0 || (base >= 2 && base <= 36))

REAL(commensal_strtof, float, strtof)
REAL(commensal_strtod, double, strtod)
REAL(commensal_strtold, long double, strtold)
INTEGER(commensal_strtol, long, strtol)
INTEGER(commensal_strtoul, unsigned long, strtoul)
INTEGER(commensal_strtoll, long long, strtoll)
INTEGER(commensal_strtoull, unsigned long long, strtoull)
