/*
** SQLite's C API for guests of Commensal, which extensions are compiled against. Names, types and numbers
** are those of https://www.sqlite.org/c3ref/intro.html. If a function is declared and not implemented, the
** linker names it.
**
** The include guard is that of SQLite's own header, so that a copy beside an extension's source has no
** effect.
*/
#ifndef SQLITE3_H
#define SQLITE3_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SQLITE_API
#define SQLITE_EXTERN extern
#define SQLITE_CALLBACK
#define SQLITE_CDECL
#define SQLITE_STDCALL
#define SQLITE_SYSAPI
#define SQLITE_APICALL

/* The version that the shim follows. It lacks some of that version's functions. */
#define SQLITE_VERSION "3.53.0"
#define SQLITE_VERSION_NUMBER 3053000
#define SQLITE_SOURCE_ID "commensal"

typedef long long int sqlite_int64;
typedef unsigned long long int sqlite_uint64;
typedef sqlite_int64 sqlite3_int64;
typedef sqlite_uint64 sqlite3_uint64;

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_blob sqlite3_blob;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_index_info sqlite3_index_info;
typedef struct sqlite3_module sqlite3_module;
typedef struct sqlite3_mutex sqlite3_mutex;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_str sqlite3_str;
typedef struct sqlite3_value sqlite3_value;
typedef struct sqlite3_vfs sqlite3_vfs;
typedef struct sqlite3_vtab sqlite3_vtab;
typedef struct sqlite3_vtab_cursor sqlite3_vtab_cursor;
typedef const char *sqlite3_filename;
typedef int (*sqlite3_callback)(void*, int, char**, char**);
typedef void (*sqlite3_destructor_type)(void*);
typedef void (*sqlite3_syscall_ptr)(void);

/* Types of callbacks, which SQLite's header writes out. */
typedef void (*commensal_rows)(sqlite3_context*, int, sqlite3_value**);
typedef void (*commensal_result)(sqlite3_context*);
typedef int (*commensal_compare)(void*, int, const void*, int, const void*);

#define SQLITE_STATIC ((sqlite3_destructor_type)0)
#define SQLITE_TRANSIENT ((sqlite3_destructor_type)-1)
#define SQLITE_TEXT 3
#define SQLITE3_TEXT 3

#define SQLITE_OK 0
#define SQLITE_ERROR 1
#define SQLITE_INTERNAL 2
#define SQLITE_PERM 3
#define SQLITE_ABORT 4
#define SQLITE_BUSY 5
#define SQLITE_LOCKED 6
#define SQLITE_NOMEM 7
#define SQLITE_READONLY 8
#define SQLITE_INTERRUPT 9
#define SQLITE_IOERR 10
#define SQLITE_CORRUPT 11
#define SQLITE_NOTFOUND 12
#define SQLITE_FULL 13
#define SQLITE_CANTOPEN 14
#define SQLITE_PROTOCOL 15
#define SQLITE_EMPTY 16
#define SQLITE_SCHEMA 17
#define SQLITE_TOOBIG 18
#define SQLITE_CONSTRAINT 19
#define SQLITE_MISMATCH 20
#define SQLITE_MISUSE 21
#define SQLITE_NOLFS 22
#define SQLITE_AUTH 23
#define SQLITE_FORMAT 24
#define SQLITE_RANGE 25
#define SQLITE_NOTADB 26
#define SQLITE_NOTICE 27
#define SQLITE_WARNING 28
#define SQLITE_ROW 100
#define SQLITE_DONE 101
#define SQLITE_ERROR_MISSING_COLLSEQ (SQLITE_ERROR | (1 << 8))
#define SQLITE_ERROR_RETRY (SQLITE_ERROR | (2 << 8))
#define SQLITE_ERROR_SNAPSHOT (SQLITE_ERROR | (3 << 8))
#define SQLITE_ERROR_RESERVESIZE (SQLITE_ERROR | (4 << 8))
#define SQLITE_ERROR_KEY (SQLITE_ERROR | (5 << 8))
#define SQLITE_ERROR_UNABLE (SQLITE_ERROR | (6 << 8))
#define SQLITE_IOERR_READ (SQLITE_IOERR | (1 << 8))
#define SQLITE_IOERR_SHORT_READ (SQLITE_IOERR | (2 << 8))
#define SQLITE_IOERR_WRITE (SQLITE_IOERR | (3 << 8))
#define SQLITE_IOERR_FSYNC (SQLITE_IOERR | (4 << 8))
#define SQLITE_IOERR_DIR_FSYNC (SQLITE_IOERR | (5 << 8))
#define SQLITE_IOERR_TRUNCATE (SQLITE_IOERR | (6 << 8))
#define SQLITE_IOERR_FSTAT (SQLITE_IOERR | (7 << 8))
#define SQLITE_IOERR_UNLOCK (SQLITE_IOERR | (8 << 8))
#define SQLITE_IOERR_RDLOCK (SQLITE_IOERR | (9 << 8))
#define SQLITE_IOERR_DELETE (SQLITE_IOERR | (10 << 8))
#define SQLITE_IOERR_BLOCKED (SQLITE_IOERR | (11 << 8))
#define SQLITE_IOERR_NOMEM (SQLITE_IOERR | (12 << 8))
#define SQLITE_IOERR_ACCESS (SQLITE_IOERR | (13 << 8))
#define SQLITE_IOERR_CHECKRESERVEDLOCK (SQLITE_IOERR | (14 << 8))
#define SQLITE_IOERR_LOCK (SQLITE_IOERR | (15 << 8))
#define SQLITE_IOERR_CLOSE (SQLITE_IOERR | (16 << 8))
#define SQLITE_IOERR_DIR_CLOSE (SQLITE_IOERR | (17 << 8))
#define SQLITE_IOERR_SHMOPEN (SQLITE_IOERR | (18 << 8))
#define SQLITE_IOERR_SHMSIZE (SQLITE_IOERR | (19 << 8))
#define SQLITE_IOERR_SHMLOCK (SQLITE_IOERR | (20 << 8))
#define SQLITE_IOERR_SHMMAP (SQLITE_IOERR | (21 << 8))
#define SQLITE_IOERR_SEEK (SQLITE_IOERR | (22 << 8))
#define SQLITE_IOERR_DELETE_NOENT (SQLITE_IOERR | (23 << 8))
#define SQLITE_IOERR_MMAP (SQLITE_IOERR | (24 << 8))
#define SQLITE_IOERR_GETTEMPPATH (SQLITE_IOERR | (25 << 8))
#define SQLITE_IOERR_CONVPATH (SQLITE_IOERR | (26 << 8))
#define SQLITE_IOERR_VNODE (SQLITE_IOERR | (27 << 8))
#define SQLITE_IOERR_AUTH (SQLITE_IOERR | (28 << 8))
#define SQLITE_IOERR_BEGIN_ATOMIC (SQLITE_IOERR | (29 << 8))
#define SQLITE_IOERR_COMMIT_ATOMIC (SQLITE_IOERR | (30 << 8))
#define SQLITE_IOERR_ROLLBACK_ATOMIC (SQLITE_IOERR | (31 << 8))
#define SQLITE_IOERR_DATA (SQLITE_IOERR | (32 << 8))
#define SQLITE_IOERR_CORRUPTFS (SQLITE_IOERR | (33 << 8))
#define SQLITE_IOERR_IN_PAGE (SQLITE_IOERR | (34 << 8))
#define SQLITE_IOERR_BADKEY (SQLITE_IOERR | (35 << 8))
#define SQLITE_IOERR_CODEC (SQLITE_IOERR | (36 << 8))
#define SQLITE_LOCKED_SHAREDCACHE (SQLITE_LOCKED | (1 << 8))
#define SQLITE_LOCKED_VTAB (SQLITE_LOCKED | (2 << 8))
#define SQLITE_BUSY_RECOVERY (SQLITE_BUSY | (1 << 8))
#define SQLITE_BUSY_SNAPSHOT (SQLITE_BUSY | (2 << 8))
#define SQLITE_BUSY_TIMEOUT (SQLITE_BUSY | (3 << 8))
#define SQLITE_CANTOPEN_NOTEMPDIR (SQLITE_CANTOPEN | (1 << 8))
#define SQLITE_CANTOPEN_ISDIR (SQLITE_CANTOPEN | (2 << 8))
#define SQLITE_CANTOPEN_FULLPATH (SQLITE_CANTOPEN | (3 << 8))
#define SQLITE_CANTOPEN_CONVPATH (SQLITE_CANTOPEN | (4 << 8))
#define SQLITE_CANTOPEN_DIRTYWAL (SQLITE_CANTOPEN | (5 << 8))
#define SQLITE_CANTOPEN_SYMLINK (SQLITE_CANTOPEN | (6 << 8))
#define SQLITE_CORRUPT_VTAB (SQLITE_CORRUPT | (1 << 8))
#define SQLITE_CORRUPT_SEQUENCE (SQLITE_CORRUPT | (2 << 8))
#define SQLITE_CORRUPT_INDEX (SQLITE_CORRUPT | (3 << 8))
#define SQLITE_READONLY_RECOVERY (SQLITE_READONLY | (1 << 8))
#define SQLITE_READONLY_CANTLOCK (SQLITE_READONLY | (2 << 8))
#define SQLITE_READONLY_ROLLBACK (SQLITE_READONLY | (3 << 8))
#define SQLITE_READONLY_DBMOVED (SQLITE_READONLY | (4 << 8))
#define SQLITE_READONLY_CANTINIT (SQLITE_READONLY | (5 << 8))
#define SQLITE_READONLY_DIRECTORY (SQLITE_READONLY | (6 << 8))
#define SQLITE_ABORT_ROLLBACK (SQLITE_ABORT | (2 << 8))
#define SQLITE_CONSTRAINT_CHECK (SQLITE_CONSTRAINT | (1 << 8))
#define SQLITE_CONSTRAINT_COMMITHOOK (SQLITE_CONSTRAINT | (2 << 8))
#define SQLITE_CONSTRAINT_FOREIGNKEY (SQLITE_CONSTRAINT | (3 << 8))
#define SQLITE_CONSTRAINT_FUNCTION (SQLITE_CONSTRAINT | (4 << 8))
#define SQLITE_CONSTRAINT_NOTNULL (SQLITE_CONSTRAINT | (5 << 8))
#define SQLITE_CONSTRAINT_PRIMARYKEY (SQLITE_CONSTRAINT | (6 << 8))
#define SQLITE_CONSTRAINT_TRIGGER (SQLITE_CONSTRAINT | (7 << 8))
#define SQLITE_CONSTRAINT_UNIQUE (SQLITE_CONSTRAINT | (8 << 8))
#define SQLITE_CONSTRAINT_VTAB (SQLITE_CONSTRAINT | (9 << 8))
#define SQLITE_CONSTRAINT_ROWID (SQLITE_CONSTRAINT | (10 << 8))
#define SQLITE_CONSTRAINT_PINNED (SQLITE_CONSTRAINT | (11 << 8))
#define SQLITE_CONSTRAINT_DATATYPE (SQLITE_CONSTRAINT | (12 << 8))
#define SQLITE_NOTICE_RECOVER_WAL (SQLITE_NOTICE | (1 << 8))
#define SQLITE_NOTICE_RECOVER_ROLLBACK (SQLITE_NOTICE | (2 << 8))
#define SQLITE_NOTICE_RBU (SQLITE_NOTICE | (3 << 8))
#define SQLITE_WARNING_AUTOINDEX (SQLITE_WARNING | (1 << 8))
#define SQLITE_AUTH_USER (SQLITE_AUTH | (1 << 8))
#define SQLITE_OK_LOAD_PERMANENTLY (SQLITE_OK | (1 << 8))
#define SQLITE_OK_SYMLINK (SQLITE_OK | (2 << 8))
#define SQLITE_OPEN_READONLY 0x1
#define SQLITE_OPEN_READWRITE 0x2
#define SQLITE_OPEN_CREATE 0x4
#define SQLITE_OPEN_DELETEONCLOSE 0x8
#define SQLITE_OPEN_EXCLUSIVE 0x10
#define SQLITE_OPEN_AUTOPROXY 0x20
#define SQLITE_OPEN_URI 0x40
#define SQLITE_OPEN_MEMORY 0x80
#define SQLITE_OPEN_MAIN_DB 0x100
#define SQLITE_OPEN_TEMP_DB 0x200
#define SQLITE_OPEN_TRANSIENT_DB 0x400
#define SQLITE_OPEN_MAIN_JOURNAL 0x800
#define SQLITE_OPEN_TEMP_JOURNAL 0x1000
#define SQLITE_OPEN_SUBJOURNAL 0x2000
#define SQLITE_OPEN_SUPER_JOURNAL 0x4000
#define SQLITE_OPEN_NOMUTEX 0x8000
#define SQLITE_OPEN_FULLMUTEX 0x10000
#define SQLITE_OPEN_SHAREDCACHE 0x20000
#define SQLITE_OPEN_PRIVATECACHE 0x40000
#define SQLITE_OPEN_WAL 0x80000
#define SQLITE_OPEN_NOFOLLOW 0x1000000
#define SQLITE_OPEN_EXRESCODE 0x2000000
#define SQLITE_OPEN_MASTER_JOURNAL 0x4000
#define SQLITE_ACCESS_EXISTS 0
#define SQLITE_ACCESS_READWRITE 1
#define SQLITE_ACCESS_READ 2
#define SQLITE_DBCONFIG_MAINDBNAME 1000
#define SQLITE_DBCONFIG_LOOKASIDE 1001
#define SQLITE_DBCONFIG_ENABLE_FKEY 1002
#define SQLITE_DBCONFIG_ENABLE_TRIGGER 1003
#define SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER 1004
#define SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION 1005
#define SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE 1006
#define SQLITE_DBCONFIG_ENABLE_QPSG 1007
#define SQLITE_DBCONFIG_TRIGGER_EQP 1008
#define SQLITE_DBCONFIG_RESET_DATABASE 1009
#define SQLITE_DBCONFIG_DEFENSIVE 1010
#define SQLITE_DBCONFIG_WRITABLE_SCHEMA 1011
#define SQLITE_DBCONFIG_LEGACY_ALTER_TABLE 1012
#define SQLITE_DBCONFIG_DQS_DML 1013
#define SQLITE_DBCONFIG_DQS_DDL 1014
#define SQLITE_DBCONFIG_ENABLE_VIEW 1015
#define SQLITE_DBCONFIG_LEGACY_FILE_FORMAT 1016
#define SQLITE_DBCONFIG_TRUSTED_SCHEMA 1017
#define SQLITE_DBCONFIG_STMT_SCANSTATUS 1018
#define SQLITE_DBCONFIG_REVERSE_SCANORDER 1019
#define SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE 1020
#define SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE 1021
#define SQLITE_DBCONFIG_ENABLE_COMMENTS 1022
#define SQLITE_DBCONFIG_FP_DIGITS 1023
#define SQLITE_DBCONFIG_MAX 1023
#define SQLITE_DENY 1
#define SQLITE_IGNORE 2
#define SQLITE_CREATE_INDEX 1
#define SQLITE_CREATE_TABLE 2
#define SQLITE_CREATE_TEMP_INDEX 3
#define SQLITE_CREATE_TEMP_TABLE 4
#define SQLITE_CREATE_TEMP_TRIGGER 5
#define SQLITE_CREATE_TEMP_VIEW 6
#define SQLITE_CREATE_TRIGGER 7
#define SQLITE_CREATE_VIEW 8
#define SQLITE_DELETE 9
#define SQLITE_DROP_INDEX 10
#define SQLITE_DROP_TABLE 11
#define SQLITE_DROP_TEMP_INDEX 12
#define SQLITE_DROP_TEMP_TABLE 13
#define SQLITE_DROP_TEMP_TRIGGER 14
#define SQLITE_DROP_TEMP_VIEW 15
#define SQLITE_DROP_TRIGGER 16
#define SQLITE_DROP_VIEW 17
#define SQLITE_INSERT 18
#define SQLITE_PRAGMA 19
#define SQLITE_READ 20
#define SQLITE_SELECT 21
#define SQLITE_TRANSACTION 22
#define SQLITE_UPDATE 23
#define SQLITE_ATTACH 24
#define SQLITE_DETACH 25
#define SQLITE_ALTER_TABLE 26
#define SQLITE_REINDEX 27
#define SQLITE_ANALYZE 28
#define SQLITE_CREATE_VTABLE 29
#define SQLITE_DROP_VTABLE 30
#define SQLITE_FUNCTION 31
#define SQLITE_SAVEPOINT 32
#define SQLITE_RECURSIVE 33
#define SQLITE_LIMIT_LENGTH 0
#define SQLITE_LIMIT_SQL_LENGTH 1
#define SQLITE_LIMIT_COLUMN 2
#define SQLITE_LIMIT_EXPR_DEPTH 3
#define SQLITE_LIMIT_COMPOUND_SELECT 4
#define SQLITE_LIMIT_VDBE_OP 5
#define SQLITE_LIMIT_FUNCTION_ARG 6
#define SQLITE_LIMIT_ATTACHED 7
#define SQLITE_LIMIT_LIKE_PATTERN_LENGTH 8
#define SQLITE_LIMIT_VARIABLE_NUMBER 9
#define SQLITE_LIMIT_TRIGGER_DEPTH 10
#define SQLITE_LIMIT_WORKER_THREADS 11
#define SQLITE_LIMIT_PARSER_DEPTH 12
#define SQLITE_LIMIT_SCHEMA 13
#define SQLITE_LIMIT_TRIGGER_STEPS 14
#define SQLITE_PREPARE_PERSISTENT 0x1
#define SQLITE_PREPARE_NORMALIZE 0x2
#define SQLITE_PREPARE_NO_VTAB 0x4
#define SQLITE_PREPARE_DONT_LOG 0x10
#define SQLITE_PREPARE_FROM_DDL 0x20
#define SQLITE_INTEGER 1
#define SQLITE_FLOAT 2
#define SQLITE_BLOB 4
#define SQLITE_NULL 5
#define SQLITE_UTF8 1
#define SQLITE_UTF16LE 2
#define SQLITE_UTF16BE 3
#define SQLITE_UTF16 4
#define SQLITE_ANY 5
#define SQLITE_UTF16_ALIGNED 8
#define SQLITE_UTF8_ZT 16
#define SQLITE_DETERMINISTIC 0x800
#define SQLITE_DIRECTONLY 0x80000
#define SQLITE_SUBTYPE 0x100000
#define SQLITE_INNOCUOUS 0x200000
#define SQLITE_RESULT_SUBTYPE 0x1000000
#define SQLITE_SELFORDER1 0x2000000
#define SQLITE_TXN_NONE 0
#define SQLITE_TXN_READ 1
#define SQLITE_TXN_WRITE 2
#define SQLITE_INDEX_SCAN_UNIQUE 0x1
#define SQLITE_INDEX_SCAN_HEX 0x2
#define SQLITE_INDEX_CONSTRAINT_EQ 2
#define SQLITE_INDEX_CONSTRAINT_GT 4
#define SQLITE_INDEX_CONSTRAINT_LE 8
#define SQLITE_INDEX_CONSTRAINT_LT 16
#define SQLITE_INDEX_CONSTRAINT_GE 32
#define SQLITE_INDEX_CONSTRAINT_MATCH 64
#define SQLITE_INDEX_CONSTRAINT_LIKE 65
#define SQLITE_INDEX_CONSTRAINT_GLOB 66
#define SQLITE_INDEX_CONSTRAINT_REGEXP 67
#define SQLITE_INDEX_CONSTRAINT_NE 68
#define SQLITE_INDEX_CONSTRAINT_ISNOT 69
#define SQLITE_INDEX_CONSTRAINT_ISNOTNULL 70
#define SQLITE_INDEX_CONSTRAINT_ISNULL 71
#define SQLITE_INDEX_CONSTRAINT_IS 72
#define SQLITE_INDEX_CONSTRAINT_LIMIT 73
#define SQLITE_INDEX_CONSTRAINT_OFFSET 74
#define SQLITE_INDEX_CONSTRAINT_FUNCTION 150
#define SQLITE_COPY 0
#define SQLITE_XFER 1
#define SQLITE_FINISH 2
#define SQLITE_STATUS_MEMORY_USED 0
#define SQLITE_STATUS_PAGECACHE_USED 1
#define SQLITE_STATUS_PAGECACHE_OVERFLOW 2
#define SQLITE_STATUS_SCRATCH_USED 3
#define SQLITE_STATUS_SCRATCH_OVERFLOW 4
#define SQLITE_STATUS_MALLOC_SIZE 5
#define SQLITE_STATUS_PARSER_STACK 6
#define SQLITE_STATUS_PAGECACHE_SIZE 7
#define SQLITE_STATUS_SCRATCH_SIZE 8
#define SQLITE_STATUS_MALLOC_COUNT 9
#define SQLITE_DBSTATUS_LOOKASIDE_USED 0
#define SQLITE_DBSTATUS_CACHE_USED 1
#define SQLITE_DBSTATUS_SCHEMA_USED 2
#define SQLITE_DBSTATUS_STMT_USED 3
#define SQLITE_DBSTATUS_LOOKASIDE_HIT 4
#define SQLITE_DBSTATUS_LOOKASIDE_MISS_SIZE 5
#define SQLITE_DBSTATUS_LOOKASIDE_MISS_FULL 6
#define SQLITE_DBSTATUS_CACHE_HIT 7
#define SQLITE_DBSTATUS_CACHE_MISS 8
#define SQLITE_DBSTATUS_CACHE_WRITE 9
#define SQLITE_DBSTATUS_DEFERRED_FKS 10
#define SQLITE_DBSTATUS_CACHE_USED_SHARED 11
#define SQLITE_DBSTATUS_CACHE_SPILL 12
#define SQLITE_DBSTATUS_TEMPBUF_SPILL 13
#define SQLITE_DBSTATUS_MAX 13
#define SQLITE_STMTSTATUS_FULLSCAN_STEP 1
#define SQLITE_STMTSTATUS_SORT 2
#define SQLITE_STMTSTATUS_AUTOINDEX 3
#define SQLITE_STMTSTATUS_VM_STEP 4
#define SQLITE_STMTSTATUS_REPREPARE 5
#define SQLITE_STMTSTATUS_RUN 6
#define SQLITE_STMTSTATUS_FILTER_MISS 7
#define SQLITE_STMTSTATUS_FILTER_HIT 8
#define SQLITE_STMTSTATUS_MEMUSED 99
#define SQLITE_VTAB_CONSTRAINT_SUPPORT 1
#define SQLITE_VTAB_INNOCUOUS 2
#define SQLITE_VTAB_DIRECTONLY 3
#define SQLITE_VTAB_USES_ALL_SCHEMAS 4
#define SQLITE_ROLLBACK 1
#define SQLITE_FAIL 3
#define SQLITE_REPLACE 5

/* Virtual tables */

struct sqlite3_module {
  int iVersion;
  int (*xCreate)(sqlite3*, void*, int, const char *const*, sqlite3_vtab**, char**);
  int (*xConnect)(sqlite3*, void*, int, const char *const*, sqlite3_vtab**, char**);
  int (*xBestIndex)(sqlite3_vtab*, sqlite3_index_info*);
  int (*xDisconnect)(sqlite3_vtab*);
  int (*xDestroy)(sqlite3_vtab*);
  int (*xOpen)(sqlite3_vtab*, sqlite3_vtab_cursor**);
  int (*xClose)(sqlite3_vtab_cursor*);
  int (*xFilter)(sqlite3_vtab_cursor*, int, const char*, int, sqlite3_value**);
  int (*xNext)(sqlite3_vtab_cursor*);
  int (*xEof)(sqlite3_vtab_cursor*);
  int (*xColumn)(sqlite3_vtab_cursor*, sqlite3_context*, int);
  int (*xRowid)(sqlite3_vtab_cursor*, sqlite3_int64*);
  int (*xUpdate)(sqlite3_vtab*, int, sqlite3_value**, sqlite3_int64*);
  int (*xBegin)(sqlite3_vtab*);
  int (*xSync)(sqlite3_vtab*);
  int (*xCommit)(sqlite3_vtab*);
  int (*xRollback)(sqlite3_vtab*);
  int (*xFindFunction)(sqlite3_vtab*, int, const char*, commensal_rows*, void**);
  int (*xRename)(sqlite3_vtab*, const char*);
  int (*xSavepoint)(sqlite3_vtab*, int);
  int (*xRelease)(sqlite3_vtab*, int);
  int (*xRollbackTo)(sqlite3_vtab*, int);
  int (*xShadowName)(const char*);
  int (*xIntegrity)(sqlite3_vtab*, const char*, const char*, int, char**);
};

struct sqlite3_index_info {
  int nConstraint;
  struct sqlite3_index_constraint {
    int iColumn;
    unsigned char op;
    unsigned char usable;
    int iTermOffset;
  } *aConstraint;
  int nOrderBy;
  struct sqlite3_index_orderby {
    int iColumn;
    unsigned char desc;
  } *aOrderBy;
  struct sqlite3_index_constraint_usage {
    int argvIndex;
    unsigned char omit;
  } *aConstraintUsage;
  int idxNum;
  char *idxStr;
  int needToFreeIdxStr;
  int orderByConsumed;
  double estimatedCost;
  sqlite3_int64 estimatedRows;
  int idxFlags;
  sqlite3_uint64 colUsed;
};

struct sqlite3_vtab {
  const sqlite3_module *pModule;
  int nRef;
  char *zErrMsg;
};

struct sqlite3_vtab_cursor {
  sqlite3_vtab *pVtab;
};

/* Registration */
int sqlite3_create_function(sqlite3*, const char*, int, int, void*, commensal_rows, commensal_rows,
    commensal_result);
int sqlite3_create_function16(sqlite3*, const void*, int, int, void*, commensal_rows,
    commensal_rows, commensal_result);
int sqlite3_create_function_v2(sqlite3*, const char*, int, int, void*, commensal_rows,
    commensal_rows, commensal_result, sqlite3_destructor_type);
int sqlite3_create_window_function(sqlite3*, const char*, int, int, void*, commensal_rows,
    commensal_result, commensal_result, commensal_rows, sqlite3_destructor_type);
int sqlite3_create_collation(sqlite3*, const char*, int, void*, commensal_compare);
int sqlite3_create_collation16(sqlite3*, const void*, int, void*, commensal_compare);
int sqlite3_create_collation_v2(sqlite3*, const char*, int, void*, commensal_compare,
    sqlite3_destructor_type);
int sqlite3_create_module(sqlite3*, const char*, const sqlite3_module*, void*);
int sqlite3_create_module_v2(sqlite3*, const char*, const sqlite3_module*, void*,
    sqlite3_destructor_type);
int sqlite3_overload_function(sqlite3*, const char*, int);
int sqlite3_collation_needed(sqlite3*, void*,
    void (*)(void*, sqlite3*, int, const char*));
int sqlite3_auto_extension(void (*)(void));
int sqlite3_cancel_auto_extension(void (*)(void));

/* Values */
int sqlite3_value_type(sqlite3_value*);
int sqlite3_value_numeric_type(sqlite3_value*);
int sqlite3_value_int(sqlite3_value*);
sqlite3_int64 sqlite3_value_int64(sqlite3_value*);
double sqlite3_value_double(sqlite3_value*);
const unsigned char *sqlite3_value_text(sqlite3_value*);
const void *sqlite3_value_blob(sqlite3_value*);
int sqlite3_value_bytes(sqlite3_value*);
const void *sqlite3_value_text16(sqlite3_value*);
const void *sqlite3_value_text16le(sqlite3_value*);
const void *sqlite3_value_text16be(sqlite3_value*);
int sqlite3_value_bytes16(sqlite3_value*);
unsigned int sqlite3_value_subtype(sqlite3_value*);
void *sqlite3_value_pointer(sqlite3_value*, const char*);
int sqlite3_value_nochange(sqlite3_value*);
int sqlite3_value_frombind(sqlite3_value*);
int sqlite3_value_encoding(sqlite3_value*);
sqlite3_value *sqlite3_value_dup(const sqlite3_value*);
void sqlite3_value_free(sqlite3_value*);

/* Results */
void sqlite3_result_null(sqlite3_context*);
void sqlite3_result_int(sqlite3_context*, int);
void sqlite3_result_int64(sqlite3_context*, sqlite3_int64);
void sqlite3_result_double(sqlite3_context*, double);
void sqlite3_result_text(sqlite3_context*, const char*, int, sqlite3_destructor_type);
void sqlite3_result_text64(sqlite3_context*, const char*, sqlite3_uint64, sqlite3_destructor_type,
    unsigned char);
void sqlite3_result_text16(sqlite3_context*, const void*, int, sqlite3_destructor_type);
void sqlite3_result_text16le(sqlite3_context*, const void*, int, sqlite3_destructor_type);
void sqlite3_result_text16be(sqlite3_context*, const void*, int, sqlite3_destructor_type);
void sqlite3_result_blob(sqlite3_context*, const void*, int, sqlite3_destructor_type);
void sqlite3_result_blob64(sqlite3_context*, const void*, sqlite3_uint64, sqlite3_destructor_type);
void sqlite3_result_zeroblob(sqlite3_context*, int);
int sqlite3_result_zeroblob64(sqlite3_context*, sqlite3_uint64);
void sqlite3_result_value(sqlite3_context*, sqlite3_value*);
void sqlite3_result_str(sqlite3_context*, sqlite3_str*, int);
void sqlite3_result_pointer(sqlite3_context*, void*, const char*, sqlite3_destructor_type);
void sqlite3_result_subtype(sqlite3_context*, unsigned int);
void sqlite3_result_error(sqlite3_context*, const char*, int);
void sqlite3_result_error16(sqlite3_context*, const void*, int);
void sqlite3_result_error_code(sqlite3_context*, int);
void sqlite3_result_error_nomem(sqlite3_context*);
void sqlite3_result_error_toobig(sqlite3_context*);

/* Calls */
void *sqlite3_user_data(sqlite3_context*);
void *sqlite3_aggregate_context(sqlite3_context*, int);
int sqlite3_aggregate_count(sqlite3_context*);
void *sqlite3_get_auxdata(sqlite3_context*, int);
void sqlite3_set_auxdata(sqlite3_context*, int, void*, sqlite3_destructor_type);
sqlite3 *sqlite3_context_db_handle(sqlite3_context*);

/* Memory, text, numbers */
void *sqlite3_malloc(int);
void *sqlite3_malloc64(sqlite3_uint64);
void *sqlite3_realloc(void*, int);
void *sqlite3_realloc64(void*, sqlite3_uint64);
void sqlite3_free(void*);
sqlite3_uint64 sqlite3_msize(void*);
char *sqlite3_mprintf(const char*, ...);
char *sqlite3_vmprintf(const char*, va_list);
char *sqlite3_snprintf(int, char*, const char*, ...);
char *sqlite3_vsnprintf(int, char*, const char*, va_list);
sqlite3_str *sqlite3_str_new(sqlite3*);
char *sqlite3_str_finish(sqlite3_str*);
void sqlite3_str_appendf(sqlite3_str*, const char*, ...);
void sqlite3_str_vappendf(sqlite3_str*, const char*, va_list);

/*
** The same with the sizes of the arguments, in bytes. A format of the author's machine can name 64 bits for an argument
** of 32, or the other way round: `%d` for a sqlite3_int64, `%lld` for a size_t. There, each argument has a register
** or 8 bytes, so nobody noticed. Sizes are not known of more than 64 arguments, nor where the functions are called by
** their addresses.
*/
char *commensal_mprintf(const unsigned char *sizes, const char*, ...);
char *commensal_snprintf(const unsigned char *sizes, int, char*, const char*, ...);
void commensal_str_appendf(const unsigned char *sizes, sqlite3_str*, const char*, ...);

#ifndef COMMENSAL_SHIM
#define COMMENSAL_SCAN(...) COMMENSAL_SCAN1(COMMENSAL_SCAN1(COMMENSAL_SCAN1(COMMENSAL_SCAN1(__VA_ARGS__))))
#define COMMENSAL_SCAN1(...) COMMENSAL_SCAN2(COMMENSAL_SCAN2(COMMENSAL_SCAN2(COMMENSAL_SCAN2(__VA_ARGS__))))
#define COMMENSAL_SCAN2(...) COMMENSAL_SCAN3(COMMENSAL_SCAN3(COMMENSAL_SCAN3(COMMENSAL_SCAN3(__VA_ARGS__))))
#define COMMENSAL_SCAN3(...) __VA_ARGS__
#define COMMENSAL_NOTHING ()
/* As it is passed: an array as a pointer, a float as a double, anything small as an int. */
#define COMMENSAL_PASSED(x) (1 ? (x) : (x))
#define COMMENSAL_SIZE(x) \
  _Generic(COMMENSAL_PASSED(x), float: sizeof(double), default: sizeof(COMMENSAL_PASSED(x)))
#define COMMENSAL_EACH(x, ...) \
  COMMENSAL_SIZE(x), __VA_OPT__(COMMENSAL_AGAIN COMMENSAL_NOTHING (__VA_ARGS__))
#define COMMENSAL_AGAIN() COMMENSAL_EACH
#define COMMENSAL_SIZES(...) ((const unsigned char[]){COMMENSAL_SCAN(COMMENSAL_EACH(__VA_ARGS__)) 0})
#define sqlite3_mprintf(...) commensal_mprintf(COMMENSAL_SIZES(__VA_ARGS__), __VA_ARGS__)
#define sqlite3_snprintf(...) commensal_snprintf(COMMENSAL_SIZES(__VA_ARGS__), __VA_ARGS__)
#define sqlite3_str_appendf(...) commensal_str_appendf(COMMENSAL_SIZES(__VA_ARGS__), __VA_ARGS__)
#endif
void sqlite3_str_append(sqlite3_str*, const char*, int);
void sqlite3_str_appendall(sqlite3_str*, const char*);
void sqlite3_str_appendchar(sqlite3_str*, int, char);
void sqlite3_str_reset(sqlite3_str*);
void sqlite3_str_free(sqlite3_str*);
int sqlite3_str_errcode(sqlite3_str*);
int sqlite3_str_length(sqlite3_str*);
char *sqlite3_str_value(sqlite3_str*);
int sqlite3_stricmp(const char*, const char*);
int sqlite3_strnicmp(const char*, const char*, int);
int sqlite3_strglob(const char*, const char*);
int sqlite3_strlike(const char*, const char*, unsigned int);
void sqlite3_randomness(int, void*);
void sqlite3_log(int, const char*, ...);
int sqlite3_keyword_count(void);
int sqlite3_keyword_name(int, const char**, int*);
int sqlite3_keyword_check(const char*, int);
int sqlite3_complete(const char*);

/* The connection */
const char *sqlite3_libversion(void);
int sqlite3_libversion_number(void);
const char *sqlite3_sourceid(void);
int sqlite3_threadsafe(void);
int sqlite3_errcode(sqlite3*);
int sqlite3_extended_errcode(sqlite3*);
int sqlite3_extended_result_codes(sqlite3*, int);
const char *sqlite3_errmsg(sqlite3*);
const void *sqlite3_errmsg16(sqlite3*);
const char *sqlite3_errstr(int);
int sqlite3_error_offset(sqlite3*);
int sqlite3_system_errno(sqlite3*);
int sqlite3_limit(sqlite3*, int, int);
int sqlite3_changes(sqlite3*);
sqlite3_int64 sqlite3_changes64(sqlite3*);
int sqlite3_total_changes(sqlite3*);
sqlite3_int64 sqlite3_total_changes64(sqlite3*);
sqlite3_int64 sqlite3_last_insert_rowid(sqlite3*);
void sqlite3_set_last_insert_rowid(sqlite3*, sqlite3_int64);
int sqlite3_get_autocommit(sqlite3*);
int sqlite3_txn_state(sqlite3*, const char*);
void sqlite3_interrupt(sqlite3*);
int sqlite3_is_interrupted(sqlite3*);
sqlite3_filename sqlite3_db_filename(sqlite3*, const char*);
const char *sqlite3_db_name(sqlite3*, int);
int sqlite3_db_readonly(sqlite3*, const char*);
int sqlite3_db_config(sqlite3*, int, ...);
int sqlite3_db_status(sqlite3*, int, int*, int*, int);
int sqlite3_db_cacheflush(sqlite3*);
int sqlite3_table_column_metadata(sqlite3*, const char*, const char*, const char*, const char**,
    const char**, int*, int*, int*);
int sqlite3_busy_timeout(sqlite3*, int);
int sqlite3_sleep(int);
sqlite3_mutex *sqlite3_db_mutex(sqlite3*);
sqlite3_mutex *sqlite3_mutex_alloc(int);
void sqlite3_mutex_free(sqlite3_mutex*);
void sqlite3_mutex_enter(sqlite3_mutex*);
int sqlite3_mutex_try(sqlite3_mutex*);
void sqlite3_mutex_leave(sqlite3_mutex*);
void *sqlite3_get_clientdata(sqlite3*, const char*);
int sqlite3_set_clientdata(sqlite3*, const char*, void*, sqlite3_destructor_type);
int sqlite3_set_authorizer(sqlite3*,
    int (*)(void*, int, const char*, const char*, const char*, const char*), void*);
int sqlite3_file_control(sqlite3*, const char*, int, void*);
int sqlite3_open(const char*, sqlite3**);
int sqlite3_open_v2(const char*, sqlite3**, int, const char*);
int sqlite3_close(sqlite3*);
int sqlite3_close_v2(sqlite3*);

/* Statements */
int sqlite3_prepare(sqlite3*, const char*, int, sqlite3_stmt**, const char**);
int sqlite3_prepare_v2(sqlite3*, const char*, int, sqlite3_stmt**, const char**);
int sqlite3_prepare_v3(sqlite3*, const char*, int, unsigned int, sqlite3_stmt**, const char**);
int sqlite3_prepare16(sqlite3*, const void*, int, sqlite3_stmt**, const void**);
int sqlite3_prepare16_v2(sqlite3*, const void*, int, sqlite3_stmt**, const void**);
int sqlite3_exec(sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**);
int sqlite3_step(sqlite3_stmt*);
int sqlite3_reset(sqlite3_stmt*);
int sqlite3_finalize(sqlite3_stmt*);
int sqlite3_clear_bindings(sqlite3_stmt*);
int sqlite3_bind_blob(sqlite3_stmt*, int, const void*, int, sqlite3_destructor_type);
int sqlite3_bind_blob64(sqlite3_stmt*, int, const void*, sqlite3_uint64, sqlite3_destructor_type);
int sqlite3_bind_double(sqlite3_stmt*, int, double);
int sqlite3_bind_int(sqlite3_stmt*, int, int);
int sqlite3_bind_int64(sqlite3_stmt*, int, sqlite3_int64);
int sqlite3_bind_null(sqlite3_stmt*, int);
int sqlite3_bind_text(sqlite3_stmt*, int, const char*, int, sqlite3_destructor_type);
int sqlite3_bind_text64(sqlite3_stmt*, int, const char*, sqlite3_uint64, sqlite3_destructor_type,
    unsigned char);
int sqlite3_bind_text16(sqlite3_stmt*, int, const void*, int, sqlite3_destructor_type);
int sqlite3_bind_value(sqlite3_stmt*, int, const sqlite3_value*);
int sqlite3_bind_pointer(sqlite3_stmt*, int, void*, const char*, sqlite3_destructor_type);
int sqlite3_bind_zeroblob(sqlite3_stmt*, int, int);
int sqlite3_bind_zeroblob64(sqlite3_stmt*, int, sqlite3_uint64);
int sqlite3_bind_parameter_count(sqlite3_stmt*);
int sqlite3_bind_parameter_index(sqlite3_stmt*, const char*);
const char *sqlite3_bind_parameter_name(sqlite3_stmt*, int);
int sqlite3_column_count(sqlite3_stmt*);
int sqlite3_data_count(sqlite3_stmt*);
const char *sqlite3_column_decltype(sqlite3_stmt*, int);
const char *sqlite3_column_name(sqlite3_stmt*, int);
const char *sqlite3_column_decltype(sqlite3_stmt*, int);
const char *sqlite3_column_table_name(sqlite3_stmt*, int);
const char *sqlite3_column_database_name(sqlite3_stmt*, int);
const char *sqlite3_column_origin_name(sqlite3_stmt*, int);
int sqlite3_column_type(sqlite3_stmt*, int);
int sqlite3_column_int(sqlite3_stmt*, int);
sqlite3_int64 sqlite3_column_int64(sqlite3_stmt*, int);
double sqlite3_column_double(sqlite3_stmt*, int);
const unsigned char *sqlite3_column_text(sqlite3_stmt*, int);
const void *sqlite3_column_text16(sqlite3_stmt*, int);
const void *sqlite3_column_blob(sqlite3_stmt*, int);
int sqlite3_column_bytes(sqlite3_stmt*, int);
int sqlite3_column_bytes16(sqlite3_stmt*, int);
sqlite3_value *sqlite3_column_value(sqlite3_stmt*, int);
const char *sqlite3_sql(sqlite3_stmt*);
char *sqlite3_expanded_sql(sqlite3_stmt*);
sqlite3 *sqlite3_db_handle(sqlite3_stmt*);
sqlite3_stmt *sqlite3_next_stmt(sqlite3*, sqlite3_stmt*);
int sqlite3_stmt_readonly(sqlite3_stmt*);
int sqlite3_stmt_busy(sqlite3_stmt*);
int sqlite3_stmt_isexplain(sqlite3_stmt*);
int sqlite3_stmt_status(sqlite3_stmt*, int, int);
int sqlite3_status(int, int*, int*, int);
int sqlite3_status64(int, sqlite3_int64*, sqlite3_int64*, int);
int sqlite3_get_table(sqlite3*, const char*, char***, int*, int*, char**);
void sqlite3_free_table(char**);

/* Virtual tables */
int sqlite3_declare_vtab(sqlite3*, const char*);
int sqlite3_vtab_config(sqlite3*, int, ...);
int sqlite3_vtab_on_conflict(sqlite3*);
int sqlite3_vtab_nochange(sqlite3_context*);
const char *sqlite3_vtab_collation(sqlite3_index_info*, int);
int sqlite3_vtab_distinct(sqlite3_index_info*);
int sqlite3_vtab_in(sqlite3_index_info*, int, int);
int sqlite3_vtab_in_first(sqlite3_value*, sqlite3_value**);
int sqlite3_vtab_in_next(sqlite3_value*, sqlite3_value**);
int sqlite3_vtab_rhs_value(sqlite3_index_info*, int, sqlite3_value**);

/* Blobs, files */
int sqlite3_blob_open(sqlite3*, const char*, const char*, const char*, sqlite3_int64, int,
    sqlite3_blob**);
int sqlite3_blob_reopen(sqlite3_blob*, sqlite3_int64);
int sqlite3_blob_close(sqlite3_blob*);
int sqlite3_blob_bytes(sqlite3_blob*);
int sqlite3_blob_read(sqlite3_blob*, void*, int, int);
int sqlite3_blob_write(sqlite3_blob*, const void*, int, int);
sqlite3_vfs *sqlite3_vfs_find(const char*);
int sqlite3_vfs_register(sqlite3_vfs*, int);
int sqlite3_vfs_unregister(sqlite3_vfs*);
const char *sqlite3_uri_parameter(sqlite3_filename, const char*);
int sqlite3_uri_boolean(sqlite3_filename, const char*, int);
sqlite3_int64 sqlite3_uri_int64(sqlite3_filename, const char*, sqlite3_int64);
const char *sqlite3_uri_key(sqlite3_filename, int);
const char *sqlite3_filename_database(sqlite3_filename);
const char *sqlite3_filename_journal(sqlite3_filename);
const char *sqlite3_filename_wal(sqlite3_filename);
sqlite3_file *sqlite3_database_file_object(const char*);

#ifdef __cplusplus
}
#endif

#endif
