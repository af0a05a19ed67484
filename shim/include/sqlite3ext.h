/*
** SQLite's sqlite3ext.h for guests. There, a loadable extension calls SQLite through a table of pointers.
** A guest is linked with the functions it calls, so these macros are empty.
*/
#ifndef SQLITE3EXT_H
#define SQLITE3EXT_H

#include "sqlite3.h"

typedef struct sqlite3_api_routines sqlite3_api_routines;

typedef int (*sqlite3_loadext_entry)(sqlite3 *db, char **pzErrMsg,
    const sqlite3_api_routines *pThunk);

#define SQLITE_EXTENSION_INIT1
#define SQLITE_EXTENSION_INIT2(v) (void)(v)
#define SQLITE_EXTENSION_INIT3

#endif
