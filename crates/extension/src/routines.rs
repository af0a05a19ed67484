//! Where each function is in `sqlite3_api_routines`, the table that SQLite gives to extensions.
//!
//! The table has only grown since SQLite 3.0. A function has the same place in all versions that have it.
//! What is beyond a version's end must not be read. `tests/routines.rs` compares the places with SQLite's
//! header.

use std::ffi::c_int;

use commensal_adaptor_sqlite::api::Addresses;

/// SQLite's table: addresses of functions, one after the other. NULL if a build leaves one out.
pub(crate) type Routines = *const *const ();

/// `sqlite3_libversion_number`, which is there in all versions.
pub(crate) const LIBVERSION_NUMBER: usize = 67;
/// `sqlite3_malloc`, which is there in all versions.
pub(crate) const MALLOC: usize = 68;

macro_rules! routines {
    (
        required { $($name:ident: $place:literal;)* }
        optional { $($oname:ident: $oplace:literal, since $since:literal;)* }
    ) => {
        /// The addresses in the table of a SQLite of this version, 3.31 or newer, or the name of a function
        /// that its build lacks.
        ///
        /// # Safety
        /// `routines` is the table of a SQLite of this version.
        pub(crate) unsafe fn addresses(
            routines: Routines,
            version: c_int,
        ) -> Result<Addresses, &'static str> {
            let at = |place: usize| {
                // SAFETY: the caller's promise; places of newer versions are not asked for below.
                unsafe { *routines.add(place) }
            };
            $(if at($place).is_null() {
                return Err(stringify!($name));
            })*
            Ok(Addresses {
                $($name: at($place),)*
                $($oname: (version >= $since)
                    .then(|| at($oplace))
                    .filter(|address| !address.is_null()),)*
            })
        }
    };
}

routines! {
    required {
        sqlite3_aggregate_context: 0;
        sqlite3_bind_blob64: 193;
        sqlite3_bind_double: 3;
        sqlite3_bind_int64: 5;
        sqlite3_bind_null: 6;
        sqlite3_bind_parameter_count: 7;
        sqlite3_bind_parameter_index: 8;
        sqlite3_bind_parameter_name: 9;
        sqlite3_bind_text64: 194;
        sqlite3_bind_zeroblob64: 207;
        sqlite3_blob_bytes: 121;
        sqlite3_blob_close: 122;
        sqlite3_blob_open: 123;
        sqlite3_blob_reopen: 176;
        sqlite3_busy_timeout: 14;
        sqlite3_changes: 15;
        sqlite3_clear_bindings: 118;
        sqlite3_close: 16;
        sqlite3_column_blob: 19;
        sqlite3_column_bytes: 20;
        sqlite3_column_count: 22;
        sqlite3_column_double: 27;
        sqlite3_column_int64: 29;
        sqlite3_column_name: 30;
        sqlite3_column_text: 36;
        sqlite3_column_type: 38;
        sqlite3_create_collation_v2: 126;
        sqlite3_create_function_v2: 162;
        sqlite3_create_module_v2: 119;
        sqlite3_create_window_function: 239;
        sqlite3_declare_vtab: 50;
        sqlite3_errmsg: 53;
        sqlite3_errstr: 183;
        sqlite3_extended_errcode: 166;
        sqlite3_extended_result_codes: 150;
        sqlite3_file_control: 127;
        sqlite3_finalize: 57;
        sqlite3_free: 58;
        sqlite3_get_autocommit: 60;
        sqlite3_get_auxdata: 61;
        sqlite3_interrupt: 64;
        sqlite3_last_insert_rowid: 65;
        sqlite3_libversion_number: 67;
        sqlite3_limit: 151;
        sqlite3_log: 167;
        sqlite3_malloc64: 197;
        sqlite3_next_stmt: 152;
        sqlite3_open_v2: 135;
        sqlite3_prepare: 72;
        sqlite3_prepare_v3: 217;
        sqlite3_reset: 77;
        sqlite3_result_blob64: 201;
        sqlite3_result_double: 79;
        sqlite3_result_error: 80;
        sqlite3_result_error_code: 146;
        sqlite3_result_error_nomem: 137;
        sqlite3_result_int64: 83;
        sqlite3_result_null: 84;
        sqlite3_result_pointer: 220;
        sqlite3_result_subtype: 209;
        sqlite3_result_text64: 202;
        sqlite3_result_zeroblob64: 206;
        sqlite3_set_auxdata: 92;
        sqlite3_set_last_insert_rowid: 216;
        sqlite3_sql: 153;
        sqlite3_step: 94;
        sqlite3_stmt_busy: 184;
        sqlite3_stmt_isexplain: 241;
        sqlite3_stmt_readonly: 185;
        sqlite3_stmt_status: 170;
        sqlite3_user_data: 101;
        sqlite3_value_blob: 102;
        sqlite3_value_bytes: 103;
        sqlite3_value_double: 105;
        sqlite3_value_int64: 107;
        sqlite3_value_nochange: 223;
        sqlite3_value_pointer: 221;
        sqlite3_value_subtype: 208;
        sqlite3_value_text: 109;
        sqlite3_value_type: 113;
        sqlite3_vtab_collation: 224;
        sqlite3_vtab_nochange: 222;
        sqlite3_vtab_on_conflict: 178;
        sqlite3_vtab_config: 177;
    }
    optional {
        sqlite3_changes64: 253, since 3_037_000;
        sqlite3_column_decltype: 25, since 3_031_000;
        sqlite3_error_offset: 256, since 3_038_000;
        sqlite3_is_interrupted: 266, since 3_041_000;
        sqlite3_progress_handler: 75, since 3_031_000;
        sqlite3_transfer_bindings: 99, since 3_031_000;
        sqlite3_txn_state: 252, since 3_034_000;
        sqlite3_vtab_distinct: 258, since 3_038_000;
        sqlite3_vtab_in: 259, since 3_038_000;
        sqlite3_vtab_in_first: 260, since 3_038_000;
        sqlite3_vtab_in_next: 261, since 3_038_000;
        sqlite3_vtab_rhs_value: 257, since 3_038_000;
    }
}
