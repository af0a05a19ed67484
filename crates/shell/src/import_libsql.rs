//! `commensal import-libsql`: makes definitions of the functions that libSQL keeps in a file.

use std::io::{self, Write};
use std::sync::Arc;

use commensal::core::import;
use commensal::{Database, Options, WasmtimeRuntime};

use crate::cli::ImportLibsqlArguments;
use crate::failure::{Failure, Result};

pub(crate) fn run(arguments: &ImportLibsqlArguments) -> Result {
    let path = &arguments.file;
    let failed = |error: commensal::Error| Failure::file(path, error.message());
    if !path.is_file() {
        return Err(Failure::file(path, "there is no such file"));
    }
    let options = Options::new().runtime(Arc::new(WasmtimeRuntime::new()));
    let database = Database::open(path, options).map_err(failed)?;
    let connection = database.connect().map_err(failed)?;
    let tables: i64 = connection
        .query_row(
            "SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name = ?1",
            [import::LIBSQL_TABLE],
            |row| row.get(0),
        )
        .map_err(failed)?;
    if tables == 0 {
        return Err(Failure::file(
            path,
            format!("has no table {}: libSQL has stored no functions in it", import::LIBSQL_TABLE),
        ));
    }
    let created: i64 = connection
        .query_row("SELECT wasm_import_libsql()", (), |row| row.get(0))
        .map_err(failed)?;
    writeln!(io::stdout().lock(), "functions created: {created}")?;
    Ok(())
}
