/*
** SQLite's sqlite3ext.h for guests. There, a loadable extension calls SQLite through a table of pointers.
** A guest is linked with the functions it calls, so these macros are empty. The semicolon is SQLite's: some
** extensions leave it out.
*/
#ifndef SQLITE3EXT_H
#define SQLITE3EXT_H

#include "sqlite3.h"

typedef struct sqlite3_api_routines sqlite3_api_routines;

typedef int (*sqlite3_loadext_entry)(sqlite3 *db, char **pzErrMsg,
    const sqlite3_api_routines *pThunk);

#define SQLITE_EXTENSION_INIT1
#define SQLITE_EXTENSION_INIT2(v) (void)(v);
#define SQLITE_EXTENSION_INIT3

/* These set errno for a text without a number, unlike those of the author's machine. */
#define strtof commensal_strtof
#define strtod commensal_strtod
#define strtold commensal_strtold
#define strtol commensal_strtol
#define strtoul commensal_strtoul
#define strtoll commensal_strtoll
#define strtoull commensal_strtoull

/* Sources that count the bits of 64-bit numbers take `long` for 64 bits. The wider functions give the same for 32. */
#define __builtin_popcountl __builtin_popcountll
#define __builtin_parityl __builtin_parityll
#define __builtin_ffsl __builtin_ffsll

#endif
