/* The functions that exports call. `commensal cc` writes a C function for each export. */
#ifndef COMMENSAL_CALL_H
#define COMMENSAL_CALL_H

#include "shim.h"

/* What init registered in this instance under this name and argument count; null if it registered nothing. */
Registered *commensal_find(Kind kind, const char *name, int arguments);
/* Returns the error of an export for which nothing was registered. */
const Record *commensal_missing(void);

const Record *commensal_function(Registered *function, int count, const Record *records);
const Record *commensal_init(Registered *function);
const Record *commensal_step(int count, const Record *records);
const Record *commensal_inverse(int count, const Record *records);
const Record *commensal_value(const Record *records);
const Record *commensal_finalize(const Record *records);
const Record *commensal_drop(const Record *records);
const Record *commensal_compare_texts(Registered *collation, const Record *records);

/* The host tells that it no longer keeps a number of auxdata.c. */
void commensal_auxdata_gone(int count, const Record *records);

const Record *commensal_connect(Registered *module, int creates, int count, const Record *records);
const Record *commensal_disconnect(const Record *records);
const Record *commensal_destroy(const Record *records);
const Record *commensal_best_index(const Record *records);
const Record *commensal_open(const Record *records);
const Record *commensal_filter(int count, const Record *records);
const Record *commensal_next(const Record *records);
const Record *commensal_close(const Record *records);
const Record *commensal_update(int count, const Record *records);
const Record *commensal_begin(const Record *records);
const Record *commensal_sync(const Record *records);
const Record *commensal_commit(const Record *records);
const Record *commensal_rollback(const Record *records);
const Record *commensal_savepoint(const Record *records);
const Record *commensal_release(const Record *records);
const Record *commensal_rollback_to(const Record *records);
const Record *commensal_rename(const Record *records);
const Record *commensal_find_function(const Record *records);
const Record *commensal_overload(int count, const Record *records);

#endif
