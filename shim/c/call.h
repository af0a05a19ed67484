/* What exports call: `commensal cc` writes one C function for each, which the linker exports. */
#ifndef COMMENSAL_CALL_H
#define COMMENSAL_CALL_H

#include "shim.h"

/* What init registered under this name and argument count in this instance; null if it did not. */
Registered *commensal_find(Kind kind, const char *name, int arguments);
/* The error of an export for which there is nothing. */
const Record *commensal_missing(void);

const Record *commensal_function(Registered *function, int count, const Record *records);
const Record *commensal_init(Registered *function);
const Record *commensal_step(int count, const Record *records);
const Record *commensal_inverse(int count, const Record *records);
const Record *commensal_value(const Record *records);
const Record *commensal_finalize(const Record *records);
const Record *commensal_drop(const Record *records);
const Record *commensal_compare_texts(Registered *collation, const Record *records);

#endif
