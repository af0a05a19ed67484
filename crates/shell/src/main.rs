//! The `commensal` command: a SQL shell with functions in WebAssembly, and tools for their modules.
//!
//! Only this file decides about exit codes. Everything goes through the facade crate: the shell knows
//! no engine and no runtime beyond their names on the command line.

mod cache;
mod cc;
mod cli;
mod diagnostic;
mod dot;
mod failure;
mod import_libsql;
mod input;
mod inspect;
mod interrupt;
mod literal;
mod module_file;
mod output;
mod pack;
mod session;
mod sql;
mod test;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::from_arguments();
    let result = match cli.command {
        None => session::run(&cli.shell, dot::run),
        Some(Command::Test(arguments)) => test::run(&arguments),
        Some(Command::Inspect(arguments)) => inspect::run(&arguments),
        Some(Command::Sql(arguments)) => sql::run(&arguments),
        Some(Command::ImportLibsql(arguments)) => import_libsql::run(&arguments),
        Some(Command::Pack(arguments)) => pack::run(&arguments),
        Some(Command::Cc(arguments)) => cc::run(&arguments),
        Some(Command::Cache(arguments)) => cache::run(&arguments),
    };
    match result {
        Ok(()) | Err(Failure::Quit) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Report(diagnostic)) => {
            diagnostic.print();
            ExitCode::FAILURE
        }
        // The reader of the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            diagnostic::Diagnostic::new(format!("cannot write the output: {error}")).print();
            ExitCode::FAILURE
        }
    }
}
