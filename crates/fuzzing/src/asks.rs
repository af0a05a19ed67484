//! What a scripted guest asks of the host: it calls functions that it may import, with any arguments.

use std::cell::Cell;

use commensal::core::fault::Fault;
use commensal::core::host::function;

use crate::script::{BODY, BYTES, Script, ScriptedInstance, ScriptedMemory};
use crate::tokens;

/// The most calls within one call of the guest.
const CALLS_MAX: u32 = 24;

/// The address of records for the host's functions.
const RECORD: usize = 1024;

/// Results of `sql_step`: a row, and no more rows.
const STEPS: [i64; 2] = [100, 101];

/// The functions to call. Important ones are listed several times.
const ASKED: &[&str] = &[
    "sql_prepare",
    "sql_prepare",
    "sql_step",
    "sql_step",
    "sql_bind",
    "sql_column",
    "sql_reset",
    "sql_finalize",
    "sql_clear_bindings",
    "sql_parameter_count",
    "sql_parameter_index",
    "sql_parameter_name",
    "sql_column_count",
    "sql_column_name",
    "sql_column_decltype",
    "sql_readonly",
    "sql_errmsg",
    "sql_changes",
    "sql_last_insert_rowid",
    "sql_autocommit",
    "auxdata_get",
    "auxdata_set",
    "interrupted",
    "declare_vtab",
    "vtab_config",
    "vtab_on_conflict",
    "log",
    "now",
    "random",
];

thread_local! {
    static STEPPED: Cell<u64> = const { Cell::new(0) };
}

/// How often guests of this thread have stepped a statement without an error.
pub(crate) fn stepped() -> u64 {
    STEPPED.get()
}

impl ScriptedInstance {
    /// Calls functions of the host until the script ends.
    pub(crate) fn ask(&mut self, script: &mut Script) -> Result<(), Box<Fault>> {
        // Most calls concern the statement that was prepared last.
        let mut statement = 1;
        for _ in 0..CALLS_MAX {
            if script.is_at_end() {
                break;
            }
            let name = script.one_of(ASKED);
            let function = function("commensal", name).expect("a function of the host module");
            let mut arguments: Vec<i64> =
                function.params.iter().map(|_| argument(script)).collect();
            if name.starts_with("sql_") && !arguments.is_empty() && script.byte() < 230 {
                arguments[0] = statement;
            }
            if name == "sql_prepare" && script.byte() != 255 {
                let sql = tokens::text(script);
                self.put(BODY, sql.as_bytes());
                arguments = vec![BODY as i64, sql.len() as i64];
            }
            if matches!(name, "sql_bind" | "sql_column") && script.byte() != 255 {
                self.record(script, RECORD);
                arguments[2] = RECORD as i64;
            }
            // Some calls find memory that can only be copied.
            let ScriptedInstance { memory, host, addressable, .. } = self;
            let mut memory = ScriptedMemory { bytes: memory, addressable: *addressable };
            let result = function.call(host, &mut memory, &arguments).map_err(Box::new)?;
            match name {
                "sql_prepare" if result > 0 => statement = result & 0xffff_ffff,
                "sql_step" if STEPS.contains(&result) => STEPPED.set(STEPPED.get() + 1),
                _ => {}
            }
        }
        Ok(())
    }
}

fn argument(script: &mut Script) -> i64 {
    match script.byte() {
        255 => i64::from(script.number()),
        254 => i64::from(script.number().cast_signed()),
        byte @ 200.. => BYTES as i64 + i64::from(byte) * 8,
        byte => i64::from(byte % 6),
    }
}
