/* sqlite3_complete: whether a text ends with a whole statement. A trigger has statements within it. */
#include <string.h>

#include "shim.h"

typedef enum { SEMICOLON, SPACE, OTHER, EXPLAIN, CREATE, TEMP, TRIGGER, END } Token;

/* The state after the tokens so far. */
typedef enum {
  NOTHING,
  BETWEEN,
  WITHIN,
  AFTER_EXPLAIN,
  AFTER_CREATE,
  IN_TRIGGER,
  AFTER_SEMICOLON,
  AFTER_END
} Place;

static const uint8_t next_places[][8] = {
    [NOTHING] = {BETWEEN, NOTHING, WITHIN, AFTER_EXPLAIN, AFTER_CREATE, WITHIN, WITHIN, WITHIN},
    [BETWEEN] = {BETWEEN, BETWEEN, WITHIN, AFTER_EXPLAIN, AFTER_CREATE, WITHIN, WITHIN, WITHIN},
    [WITHIN] = {BETWEEN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN, WITHIN},
    [AFTER_EXPLAIN] = {BETWEEN, AFTER_EXPLAIN, AFTER_EXPLAIN, WITHIN, AFTER_CREATE, WITHIN, WITHIN,
        WITHIN},
    [AFTER_CREATE] = {BETWEEN, AFTER_CREATE, WITHIN, WITHIN, WITHIN, AFTER_CREATE, IN_TRIGGER,
        WITHIN},
    [IN_TRIGGER] = {AFTER_SEMICOLON, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER,
        IN_TRIGGER, IN_TRIGGER},
    [AFTER_SEMICOLON] = {AFTER_SEMICOLON, AFTER_SEMICOLON, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER,
        IN_TRIGGER, IN_TRIGGER, AFTER_END},
    [AFTER_END] = {BETWEEN, AFTER_END, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER, IN_TRIGGER,
        IN_TRIGGER},
};

static int is_identifier(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
      c == '$' || c >= 0x80;
}

static Token keyword(const char *word, int len) {
  static const struct {
    const char *word;
    Token token;
  } keywords[] = {{"explain", EXPLAIN}, {"create", CREATE}, {"temp", TEMP}, {"temporary", TEMP},
      {"trigger", TRIGGER}, {"end", END}};
  for (unsigned i = 0; i < sizeof keywords / sizeof *keywords; i++) {
    if ((int)strlen(keywords[i].word) == len && !sqlite3_strnicmp(word, keywords[i].word, len)) {
      return keywords[i].token;
    }
  }
  return OTHER;
}

/* The end of a comment or quoted text that begins here; null if it is not closed. */
static const char *closed(const char *at) {
  if (*at == '/') {
    const char *end = strstr(at + 2, "*/");
    return end ? end + 2 : 0;
  }
  const char *end = strchr(at + 1, *at == '[' ? ']' : *at);
  return end ? end + 1 : 0;
}

int sqlite3_complete(const char *sql) {
  Place place = NOTHING;
  const char *at = sql;
  while (*at) {
    Token token = OTHER;
    if (*at == ';') {
      token = SEMICOLON;
      at++;
    } else if (strchr(" \t\n\f\r", *at)) {
      token = SPACE;
      at++;
    } else if (at[0] == '-' && at[1] == '-') {
      token = SPACE;
      at = strchr(at, '\n');
      /* Newer versions of SQLite require the end of the line. */
      if (!at) return 0;
      at++;
    } else if ((at[0] == '/' && at[1] == '*') || strchr("[`\"'", *at)) {
      token = *at == '/' ? SPACE : OTHER;
      at = closed(at);
      if (!at) return 0;
    } else if (is_identifier(*at)) {
      const char *word = at;
      while (is_identifier(*at)) at++;
      token = keyword(word, at - word);
    } else {
      at++;
    }
    place = next_places[place][token];
  }
  return place == BETWEEN;
}
