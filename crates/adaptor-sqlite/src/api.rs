//! SQLite's C API as a table of function pointers.
//!
//! The crate links no SQLite: the facade fills the table from the library it embeds, the loadable
//! extension from what its host hands it. Names, types and contracts are those of the
//! [C API](https://www.sqlite.org/c3ref/funclist.html).
#![expect(non_snake_case, reason = "the C names are kept")]

use std::ffi::{c_char, c_double, c_int, c_uint, c_void};

/// [A connection](https://www.sqlite.org/c3ref/sqlite3.html).
#[repr(C)]
pub struct sqlite3 {
    _opaque: [u8; 0],
}

/// [A prepared statement](https://www.sqlite.org/c3ref/stmt.html).
#[repr(C)]
pub struct sqlite3_stmt {
    _opaque: [u8; 0],
}

/// [The context of a function call](https://www.sqlite.org/c3ref/context.html).
#[repr(C)]
pub struct sqlite3_context {
    _opaque: [u8; 0],
}

/// [A value](https://www.sqlite.org/c3ref/value.html).
#[repr(C)]
pub struct sqlite3_value {
    _opaque: [u8; 0],
}

/// [A virtual table](https://www.sqlite.org/c3ref/vtab.html).
#[repr(C)]
pub struct sqlite3_vtab {
    /// The module; set by SQLite.
    pub pModule: *const sqlite3_module,
    /// References; set by SQLite.
    pub nRef: c_int,
    /// Error message, from `sqlite3_malloc64`.
    pub zErrMsg: *mut c_char,
}

/// [A cursor](https://www.sqlite.org/c3ref/vtab_cursor.html).
#[repr(C)]
pub struct sqlite3_vtab_cursor {
    /// The virtual table; set by SQLite.
    pub pVtab: *mut sqlite3_vtab,
}

/// [A constraint of a query](https://www.sqlite.org/c3ref/index_info.html).
#[repr(C)]
pub struct sqlite3_index_constraint {
    /// The column; -1 for the rowid.
    pub iColumn: c_int,
    /// The operator, one of `SQLITE_INDEX_CONSTRAINT_*`.
    pub op: u8,
    /// Whether the plan can use it.
    pub usable: u8,
    /// SQLite's own.
    pub iTermOffset: c_int,
}

/// [A term of ORDER BY](https://www.sqlite.org/c3ref/index_info.html).
#[repr(C)]
pub struct sqlite3_index_orderby {
    /// The column.
    pub iColumn: c_int,
    /// Whether it is descending.
    pub desc: u8,
}

/// [How a plan uses a constraint](https://www.sqlite.org/c3ref/index_info.html).
#[repr(C)]
pub struct sqlite3_index_constraint_usage {
    /// Position among the arguments of xFilter, from 1; 0 for none.
    pub argvIndex: c_int,
    /// Whether SQLite need not check it again.
    pub omit: u8,
}

/// [Planning](https://www.sqlite.org/c3ref/index_info.html), as since SQLite 3.10.
#[repr(C)]
pub struct sqlite3_index_info {
    /// Number of constraints.
    pub nConstraint: c_int,
    /// Constraints.
    pub aConstraint: *const sqlite3_index_constraint,
    /// Number of ORDER BY terms.
    pub nOrderBy: c_int,
    /// ORDER BY terms.
    pub aOrderBy: *const sqlite3_index_orderby,
    /// Use of the constraints.
    pub aConstraintUsage: *mut sqlite3_index_constraint_usage,
    /// Plan number.
    pub idxNum: c_int,
    /// Plan text.
    pub idxStr: *mut c_char,
    /// Whether SQLite is to free the plan text.
    pub needToFreeIdxStr: c_int,
    /// Whether the order is produced.
    pub orderByConsumed: c_int,
    /// Estimated cost.
    pub estimatedCost: c_double,
    /// Estimated rows.
    pub estimatedRows: i64,
    /// `SQLITE_INDEX_SCAN_*`.
    pub idxFlags: c_int,
    /// Columns that the statement uses: bit 63 for all from 63 on.
    pub colUsed: u64,
}

/// A function that is not provided.
pub type Absent = Option<unsafe extern "C" fn()>;

/// xCreate and xConnect.
pub type Connect = unsafe extern "C" fn(
    *mut sqlite3,
    *mut c_void,
    c_int,
    *const *const c_char,
    *mut *mut sqlite3_vtab,
    *mut *mut c_char,
) -> c_int;

/// [The methods of a virtual table](https://www.sqlite.org/c3ref/module.html).
#[repr(C)]
pub struct sqlite3_module {
    /// Version of the structure.
    pub iVersion: c_int,
    /// Creates; absent for eponymous-only tables.
    pub xCreate: Option<Connect>,
    /// Connects.
    pub xConnect: Option<Connect>,
    /// Plans.
    pub xBestIndex:
        Option<unsafe extern "C" fn(*mut sqlite3_vtab, *mut sqlite3_index_info) -> c_int>,
    /// Disconnects.
    pub xDisconnect: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Destroys.
    pub xDestroy: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Opens a cursor.
    pub xOpen:
        Option<unsafe extern "C" fn(*mut sqlite3_vtab, *mut *mut sqlite3_vtab_cursor) -> c_int>,
    /// Closes a cursor.
    pub xClose: Option<unsafe extern "C" fn(*mut sqlite3_vtab_cursor) -> c_int>,
    /// Starts a scan.
    pub xFilter: Option<
        unsafe extern "C" fn(
            *mut sqlite3_vtab_cursor,
            c_int,
            *const c_char,
            c_int,
            *mut *mut sqlite3_value,
        ) -> c_int,
    >,
    /// Goes to the next row.
    pub xNext: Option<unsafe extern "C" fn(*mut sqlite3_vtab_cursor) -> c_int>,
    /// Whether the scan is over.
    pub xEof: Option<unsafe extern "C" fn(*mut sqlite3_vtab_cursor) -> c_int>,
    /// Gives a value.
    pub xColumn: Option<
        unsafe extern "C" fn(*mut sqlite3_vtab_cursor, *mut sqlite3_context, c_int) -> c_int,
    >,
    /// Gives the rowid.
    pub xRowid: Option<unsafe extern "C" fn(*mut sqlite3_vtab_cursor, *mut i64) -> c_int>,
    /// Writes.
    pub xUpdate: Option<
        unsafe extern "C" fn(*mut sqlite3_vtab, c_int, *mut *mut sqlite3_value, *mut i64) -> c_int,
    >,
    /// Starts a transaction.
    pub xBegin: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Prepares to commit.
    pub xSync: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Commits.
    pub xCommit: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Rolls back.
    pub xRollback: Option<unsafe extern "C" fn(*mut sqlite3_vtab) -> c_int>,
    /// Gives the table's own implementation of a function.
    pub xFindFunction: Option<
        unsafe extern "C" fn(
            *mut sqlite3_vtab,
            c_int,
            *const c_char,
            *mut Option<ScalarFunction>,
            *mut *mut c_void,
        ) -> c_int,
    >,
    /// The table is renamed.
    pub xRename: Option<unsafe extern "C" fn(*mut sqlite3_vtab, *const c_char) -> c_int>,
    /// Sets a savepoint; from version 2 of the structure on.
    pub xSavepoint: Option<unsafe extern "C" fn(*mut sqlite3_vtab, c_int) -> c_int>,
    /// Releases savepoints.
    pub xRelease: Option<unsafe extern "C" fn(*mut sqlite3_vtab, c_int) -> c_int>,
    /// Rolls back to a savepoint.
    pub xRollbackTo: Option<unsafe extern "C" fn(*mut sqlite3_vtab, c_int) -> c_int>,
    /// Names tables behind the table; from version 3 on, never provided.
    pub xShadowName: Absent,
    /// Checks the table; from version 4 on, never provided.
    pub xIntegrity: Absent,
}

/// A destructor: a function, or one of the two special values.
pub type Destructor = Option<unsafe extern "C" fn(*mut c_void)>;

/// A scalar function, or the method of an aggregate that takes rows.
pub type ScalarFunction =
    unsafe extern "C" fn(*mut sqlite3_context, c_int, *mut *mut sqlite3_value);

/// A collation. It compares two texts, each given by its length in bytes and its address.
pub type Compare =
    unsafe extern "C" fn(*mut c_void, c_int, *const c_void, c_int, *const c_void) -> c_int;

/// A progress handler. A result other than 0 ends what runs.
pub type Progress = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The method of an aggregate that gives its result.
pub type FinalFunction = unsafe extern "C" fn(*mut sqlite3_context);

macro_rules! api {
    (
        required { $($name:ident: ($($arg:ty),* $(,)?) $(-> $ret:ty)?;)* }
        variadic { $($vname:ident: ($($varg:ty),* $(,)?) $(-> $vret:ty)?;)* }
        optional { $($oname:ident since $since:literal: ($($oarg:ty),* $(,)?) $(-> $oret:ty)?;)* }
    ) => {
        /// The functions of SQLite that Commensal calls. Those that came after SQLite 3.31 are
        /// optional.
        #[derive(Clone, Copy)]
        #[expect(missing_docs, reason = "each is documented by SQLite under its name")]
        #[non_exhaustive]
        pub struct Api {
            $(pub $name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
            $(pub $vname: unsafe extern "C" fn($($varg,)* ...) $(-> $vret)?,)*
            $(
                #[doc = concat!("Since SQLite ", $since, ".")]
                pub $oname: Option<unsafe extern "C" fn($($oarg),*) $(-> $oret)?>,
            )*
        }

        /// Fills an [`Api`](crate::api::Api) from a module that declares SQLite's functions under
        /// their C names, such as `libsqlite3_sys`.
        ///
        /// # Safety
        /// The module's functions are those of one SQLite library, 3.44 or newer.
        #[macro_export]
        macro_rules! api_from {
            ($ffi:ident) => {
                $crate::api::Api::from_addresses($crate::api::Addresses {
                    $($name: $ffi::$name as *const (),)*
                    $($vname: $ffi::$vname as *const (),)*
                    $($oname: Some($ffi::$oname as *const ()),)*
                })
            };
        }

        /// Addresses of SQLite's functions.
        #[expect(missing_docs, reason = "each is documented by SQLite under its name")]
        pub struct Addresses {
            $(pub $name: *const (),)*
            $(pub $vname: *const (),)*
            $(pub $oname: Option<*const ()>,)*
        }

        impl Api {
            /// The table of these functions.
            ///
            /// # Safety
            /// Each address is that of the function of its name in one SQLite library, which stays
            /// loaded.
            pub const unsafe fn from_addresses(a: Addresses) -> Self {
                // SAFETY: the caller says that each address is that of the function of this name,
                // and its type here is SQLite's prototype.
                unsafe {
                    Self {
                        $($name: std::mem::transmute::<
                            *const (),
                            unsafe extern "C" fn($($arg),*) $(-> $ret)?,
                        >(a.$name),)*
                        $($vname: std::mem::transmute::<
                            *const (),
                            unsafe extern "C" fn($($varg,)* ...) $(-> $vret)?,
                        >(a.$vname),)*
                        $($oname: match a.$oname {
                            Some(address) => Some(std::mem::transmute::<
                                *const (),
                                unsafe extern "C" fn($($oarg),*) $(-> $oret)?,
                            >(address)),
                            None => None,
                        },)*
                    }
                }
            }
        }
    };
}

api! {
    required {
        sqlite3_aggregate_context: (*mut sqlite3_context, c_int) -> *mut c_void;
        sqlite3_bind_blob64: (*mut sqlite3_stmt, c_int, *const c_void, u64, Destructor) -> c_int;
        sqlite3_bind_double: (*mut sqlite3_stmt, c_int, c_double) -> c_int;
        sqlite3_bind_int64: (*mut sqlite3_stmt, c_int, i64) -> c_int;
        sqlite3_bind_null: (*mut sqlite3_stmt, c_int) -> c_int;
        sqlite3_bind_parameter_count: (*mut sqlite3_stmt) -> c_int;
        sqlite3_bind_parameter_index: (*mut sqlite3_stmt, *const c_char) -> c_int;
        sqlite3_bind_parameter_name: (*mut sqlite3_stmt, c_int) -> *const c_char;
        sqlite3_bind_text64:
            (*mut sqlite3_stmt, c_int, *const c_char, u64, Destructor, u8) -> c_int;
        sqlite3_bind_zeroblob64: (*mut sqlite3_stmt, c_int, u64) -> c_int;
        sqlite3_blob_bytes: (*mut c_void) -> c_int;
        sqlite3_blob_close: (*mut c_void) -> c_int;
        sqlite3_blob_open: (
            *mut sqlite3, *const c_char, *const c_char, *const c_char, i64, c_int, *mut *mut c_void
        ) -> c_int;
        sqlite3_blob_reopen: (*mut c_void, i64) -> c_int;
        sqlite3_busy_timeout: (*mut sqlite3, c_int) -> c_int;
        sqlite3_changes: (*mut sqlite3) -> c_int;
        sqlite3_clear_bindings: (*mut sqlite3_stmt) -> c_int;
        sqlite3_close: (*mut sqlite3) -> c_int;
        sqlite3_column_blob: (*mut sqlite3_stmt, c_int) -> *const c_void;
        sqlite3_column_bytes: (*mut sqlite3_stmt, c_int) -> c_int;
        sqlite3_column_count: (*mut sqlite3_stmt) -> c_int;
        sqlite3_column_double: (*mut sqlite3_stmt, c_int) -> c_double;
        sqlite3_column_int64: (*mut sqlite3_stmt, c_int) -> i64;
        sqlite3_column_name: (*mut sqlite3_stmt, c_int) -> *const c_char;
        sqlite3_column_text: (*mut sqlite3_stmt, c_int) -> *const u8;
        sqlite3_column_type: (*mut sqlite3_stmt, c_int) -> c_int;
        sqlite3_create_collation_v2: (
            *mut sqlite3, *const c_char, c_int, *mut c_void, Option<Compare>, Destructor
        ) -> c_int;
        sqlite3_create_function_v2: (
            *mut sqlite3, *const c_char, c_int, c_int, *mut c_void, Option<ScalarFunction>, Absent,
            Absent, Destructor
        ) -> c_int;
        sqlite3_create_module_v2:
            (*mut sqlite3, *const c_char, *const sqlite3_module, *mut c_void, Destructor) -> c_int;
        sqlite3_create_window_function: (
            *mut sqlite3, *const c_char, c_int, c_int, *mut c_void, Option<ScalarFunction>,
            Option<FinalFunction>, Option<FinalFunction>, Option<ScalarFunction>, Destructor
        ) -> c_int;
        sqlite3_declare_vtab: (*mut sqlite3, *const c_char) -> c_int;
        sqlite3_errmsg: (*mut sqlite3) -> *const c_char;
        sqlite3_errstr: (c_int) -> *const c_char;
        sqlite3_extended_errcode: (*mut sqlite3) -> c_int;
        sqlite3_extended_result_codes: (*mut sqlite3, c_int) -> c_int;
        sqlite3_file_control: (*mut sqlite3, *const c_char, c_int, *mut c_void) -> c_int;
        sqlite3_finalize: (*mut sqlite3_stmt) -> c_int;
        sqlite3_free: (*mut c_void);
        sqlite3_get_autocommit: (*mut sqlite3) -> c_int;
        sqlite3_get_auxdata: (*mut sqlite3_context, c_int) -> *mut c_void;
        sqlite3_interrupt: (*mut sqlite3);
        sqlite3_last_insert_rowid: (*mut sqlite3) -> i64;
        sqlite3_libversion_number: () -> c_int;
        sqlite3_limit: (*mut sqlite3, c_int, c_int) -> c_int;
        sqlite3_malloc64: (u64) -> *mut c_void;
        sqlite3_next_stmt: (*mut sqlite3, *mut sqlite3_stmt) -> *mut sqlite3_stmt;
        sqlite3_open_v2: (*const c_char, *mut *mut sqlite3, c_int, *const c_char) -> c_int;
        sqlite3_prepare: (
            *mut sqlite3, *const c_char, c_int, *mut *mut sqlite3_stmt, *mut *const c_char
        ) -> c_int;
        sqlite3_prepare_v3: (
            *mut sqlite3, *const c_char, c_int, c_uint, *mut *mut sqlite3_stmt, *mut *const c_char
        ) -> c_int;
        sqlite3_reset: (*mut sqlite3_stmt) -> c_int;
        sqlite3_result_blob64: (*mut sqlite3_context, *const c_void, u64, Destructor);
        sqlite3_result_double: (*mut sqlite3_context, c_double);
        sqlite3_result_error: (*mut sqlite3_context, *const c_char, c_int);
        sqlite3_result_error_code: (*mut sqlite3_context, c_int);
        sqlite3_result_error_nomem: (*mut sqlite3_context);
        sqlite3_result_int64: (*mut sqlite3_context, i64);
        sqlite3_result_null: (*mut sqlite3_context);
        sqlite3_result_pointer:
            (*mut sqlite3_context, *mut c_void, *const c_char, Destructor);
        sqlite3_result_subtype: (*mut sqlite3_context, c_uint);
        sqlite3_result_text64: (*mut sqlite3_context, *const c_char, u64, Destructor, u8);
        sqlite3_result_zeroblob64: (*mut sqlite3_context, u64) -> c_int;
        sqlite3_set_auxdata: (*mut sqlite3_context, c_int, *mut c_void, Destructor);
        sqlite3_set_last_insert_rowid: (*mut sqlite3, i64);
        sqlite3_sql: (*mut sqlite3_stmt) -> *const c_char;
        sqlite3_step: (*mut sqlite3_stmt) -> c_int;
        sqlite3_stmt_busy: (*mut sqlite3_stmt) -> c_int;
        sqlite3_stmt_isexplain: (*mut sqlite3_stmt) -> c_int;
        sqlite3_stmt_readonly: (*mut sqlite3_stmt) -> c_int;
        sqlite3_stmt_status: (*mut sqlite3_stmt, c_int, c_int) -> c_int;
        sqlite3_user_data: (*mut sqlite3_context) -> *mut c_void;
        sqlite3_value_blob: (*mut sqlite3_value) -> *const c_void;
        sqlite3_value_bytes: (*mut sqlite3_value) -> c_int;
        sqlite3_value_double: (*mut sqlite3_value) -> c_double;
        sqlite3_value_int64: (*mut sqlite3_value) -> i64;
        sqlite3_value_nochange: (*mut sqlite3_value) -> c_int;
        sqlite3_value_pointer: (*mut sqlite3_value, *const c_char) -> *mut c_void;
        sqlite3_value_subtype: (*mut sqlite3_value) -> c_uint;
        sqlite3_value_text: (*mut sqlite3_value) -> *const u8;
        sqlite3_value_type: (*mut sqlite3_value) -> c_int;
        sqlite3_vtab_collation: (*mut sqlite3_index_info, c_int) -> *const c_char;
        sqlite3_vtab_nochange: (*mut sqlite3_context) -> c_int;
        sqlite3_vtab_on_conflict: (*mut sqlite3) -> c_int;
    }
    variadic {
        sqlite3_log: (c_int, *const c_char);
        sqlite3_vtab_config: (*mut sqlite3, c_int) -> c_int;
    }
    optional {
        sqlite3_changes64 since "3.37": (*mut sqlite3) -> i64;
        sqlite3_column_decltype since "2.8, where it was not left out":
            (*mut sqlite3_stmt, c_int) -> *const c_char;
        sqlite3_error_offset since "3.38": (*mut sqlite3) -> c_int;
        sqlite3_is_interrupted since "3.41": (*mut sqlite3) -> c_int;
        sqlite3_progress_handler since "2.8, where it was not left out":
            (*mut sqlite3, c_int, Option<Progress>, *mut c_void);
        sqlite3_transfer_bindings since "3.0, where deprecated functions were not left out":
            (*mut sqlite3_stmt, *mut sqlite3_stmt) -> c_int;
        sqlite3_txn_state since "3.34": (*mut sqlite3, *const c_char) -> c_int;
        sqlite3_vtab_distinct since "3.38": (*mut sqlite3_index_info) -> c_int;
        sqlite3_vtab_in since "3.38": (*mut sqlite3_index_info, c_int, c_int) -> c_int;
        sqlite3_vtab_in_first since "3.38":
            (*mut sqlite3_value, *mut *mut sqlite3_value) -> c_int;
        sqlite3_vtab_in_next since "3.38":
            (*mut sqlite3_value, *mut *mut sqlite3_value) -> c_int;
        sqlite3_vtab_rhs_value since "3.38":
            (*mut sqlite3_index_info, c_int, *mut *mut sqlite3_value) -> c_int;
    }
}

/// [Result codes](https://www.sqlite.org/rescode.html), datatypes and flags.
pub mod code {
    use std::ffi::{c_int, c_uint};

    /// Success.
    pub const SQLITE_OK: c_int = 0;
    /// Generic error.
    pub const SQLITE_ERROR: c_int = 1;
    /// The database is locked by another connection.
    pub const SQLITE_BUSY: c_int = 5;
    /// A table is locked by the same connection or a shared cache.
    pub const SQLITE_LOCKED: c_int = 6;
    /// Out of memory.
    pub const SQLITE_NOMEM: c_int = 7;
    /// Interrupted.
    pub const SQLITE_INTERRUPT: c_int = 9;
    /// Reading or writing the file failed.
    pub const SQLITE_IOERR: c_int = 10;
    /// There is no room.
    pub const SQLITE_FULL: c_int = 13;
    /// The schema has changed since the statement was prepared.
    pub const SQLITE_SCHEMA: c_int = 17;
    /// The API was misused.
    pub const SQLITE_MISUSE: c_int = 21;
    /// The statement is not permitted.
    pub const SQLITE_AUTH: c_int = 23;
    /// Something is written in the transaction.
    pub const SQLITE_TXN_WRITE: c_int = 2;
    /// The transaction was rolled back.
    pub const SQLITE_ABORT_ROLLBACK: c_int = 516;
    /// For the log: nothing is wrong.
    pub const SQLITE_NOTICE: c_int = 27;
    /// A row is ready.
    pub const SQLITE_ROW: c_int = 100;
    /// The statement is done.
    pub const SQLITE_DONE: c_int = 101;

    /// A constraint failed. From xBestIndex: this plan cannot work.
    pub const SQLITE_CONSTRAINT: c_int = 19;

    /// 64-bit integer.
    pub const SQLITE_INTEGER: c_int = 1;
    /// 64-bit float.
    pub const SQLITE_FLOAT: c_int = 2;
    /// Text.
    pub const SQLITE_TEXT: c_int = 3;
    /// Blob.
    pub const SQLITE_BLOB: c_int = 4;

    /// UTF-8.
    pub const SQLITE_UTF8: c_int = 1;
    /// The function is deterministic.
    pub const SQLITE_DETERMINISTIC: c_int = 0x800;
    /// The function reads subtypes of its arguments.
    pub const SQLITE_SUBTYPE: c_int = 0x10_0000;
    /// The function gives its result a subtype.
    pub const SQLITE_RESULT_SUBTYPE: c_int = 0x100_0000;
    /// The function may be called by top-level statements only, not from within a schema.
    pub const SQLITE_DIRECTONLY: c_int = 0x8_0000;
    /// The function may be used in schemas that are not trusted.
    pub const SQLITE_INNOCUOUS: c_int = 0x20_0000;

    /// A number that changes with the database's contents.
    pub const SQLITE_FCNTL_DATA_VERSION: c_int = 35;
    /// Threads that a statement may use besides its own.
    pub const SQLITE_LIMIT_WORKER_THREADS: c_int = 11;
    /// Levels of an expression.
    pub const SQLITE_LIMIT_EXPR_DEPTH: c_int = 3;
    /// Bytes of a pattern of LIKE or GLOB.
    pub const SQLITE_LIMIT_LIKE_PATTERN_LENGTH: c_int = 8;
    /// Bytes of a value or a row.
    pub const SQLITE_LIMIT_LENGTH: c_int = 0;
    #[expect(missing_docs, reason = "see SQLite")]
    pub const SQLITE_STMTSTATUS_MEMUSED: c_int = 99;

    /// Read only.
    pub const SQLITE_OPEN_READONLY: c_int = 1;
    /// Read and write.
    pub const SQLITE_OPEN_READWRITE: c_int = 2;
    /// Make the file.
    pub const SQLITE_OPEN_CREATE: c_int = 4;
    /// The connection is used by one thread at a time.
    pub const SQLITE_OPEN_NOMUTEX: c_int = 0x8000;

    /// The statement will be used often.
    pub const SQLITE_PREPARE_PERSISTENT: c_uint = 1;
    /// The statement comes from the author of the schema, who may be an attacker. Libraries older than
    /// 3.51 do not know this flag and ignore it.
    pub const SQLITE_PREPARE_FROM_DDL: c_uint = 0x20;

    /// xUpdate follows the statement's conflict clause.
    pub const SQLITE_VTAB_CONSTRAINT_SUPPORT: c_int = 1;
    /// The virtual table is only for top-level statements.
    pub const SQLITE_VTAB_DIRECTONLY: c_int = 3;
    /// The virtual table does no harm in schemas that are not trusted.
    pub const SQLITE_VTAB_INNOCUOUS: c_int = 2;

    /// The plan gives at most one row.
    pub const SQLITE_INDEX_SCAN_UNIQUE: c_int = 1;
    /// `column = value`
    pub const SQLITE_INDEX_CONSTRAINT_EQ: u8 = 2;
}
