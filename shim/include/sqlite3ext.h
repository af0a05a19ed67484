/*
** What SQLite's sqlite3ext.h gives a loadable extension. There it reaches SQLite through a table of
** pointers; a guest is linked with the functions it calls, so the macros have nothing to do.
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
