//! An open database and the settings of its output. Runs statements and dot commands from arguments,
//! standard input and files, and reports their errors.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

use commensal::core::engine::SqlText;
use commensal::{Connection, Database, Error, Statement, ValueRef};

use crate::cli::ShellArguments;
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, Result};
use crate::input::{Cutter, Unit};
use crate::interrupt::Interrupts;
use crate::output::{self, Format, Mode, Output};

/// The most bytes that a statement may have, as in SQLite, and that a line may have.
const TEXT_BYTES_MAX: usize = 1_000_000_000;

/// How deep `.read` may nest.
const READ_DEPTH_MAX: usize = 16;

pub(crate) struct Session {
    // Closed before the database.
    pub(crate) connection: Connection,
    _database: Database,
    pub(crate) output: Output,
    pub(crate) format: Format,
    pub(crate) bail: bool,
    pub(crate) echo: bool,
    /// Whether the file's definitions were read.
    pub(crate) has_definitions: bool,
    /// Runs a line that begins with a dot.
    dot: DotCommands,
    interrupts: Arc<Interrupts>,
    failed: bool,
    read_depth: usize,
}

/// Runs a line that begins with a dot. It needs the session, so it is passed in.
pub(crate) type DotCommands = fn(&mut Session, &str) -> Result;

/// Where text comes from.
struct Source<'s> {
    /// The file; `None` for arguments and standard input.
    name: Option<&'s str>,
    /// Whether to stop at the first error.
    bail: bool,
}

/// Runs the shell without subcommand.
pub(crate) fn run(arguments: &ShellArguments, dot: DotCommands) -> Result {
    let mut session = Session::open(arguments, dot)?;
    let result = session.run_all(&arguments.sql);
    session.output.flush()?;
    match result {
        Ok(()) | Err(Failure::Quit) if session.failed => Err(Failure::Reported),
        result => result,
    }
}

impl Session {
    fn open(arguments: &ShellArguments, dot: DotCommands) -> Result<Self> {
        let database = match &arguments.database {
            Some(path) if path.as_os_str() != ":memory:" => {
                Database::open(path, arguments.options())?
            }
            _ => Database::open_in_memory(arguments.options())?,
        };
        let connection = database.connect()?;
        let interrupts = Interrupts::listen(connection.interrupt_handle());
        let mode = if io::stdout().is_terminal() { Mode::Table } else { Mode::List };
        Ok(Self {
            connection,
            _database: database,
            output: output::output(arguments.escape),
            format: Format {
                mode: arguments.mode.unwrap_or(mode),
                headers: arguments.headers(),
                null: arguments.nullvalue.clone(),
            },
            bail: arguments.bail,
            echo: false,
            has_definitions: !arguments.host.no_wasm,
            dot,
            interrupts,
            failed: false,
            read_depth: 0,
        })
    }

    /// Runs the arguments, or standard input if there are none.
    fn run_all(&mut self, sql: &[String]) -> Result {
        if sql.is_empty() {
            let bail = self.bail;
            return self.run_source(&mut io::stdin().lock(), &Source { name: None, bail });
        }
        sql.iter().try_for_each(|text| {
            self.run_source(&mut text.as_bytes(), &Source { name: None, bail: true })
        })
    }

    /// Runs a file.
    pub(crate) fn read(&mut self, path: &Path) -> Result {
        if self.read_depth == READ_DEPTH_MAX {
            return Err(Failure::message(format!(
                "files may .read each other {READ_DEPTH_MAX} deep; does one read itself?"
            )));
        }
        let file = File::open(path).map_err(|error| Failure::file(path, error))?;
        let name = path.display().to_string();
        self.read_depth += 1;
        let source = Source { name: Some(&name), bail: self.bail };
        let result = self.run_source(&mut BufReader::new(file), &source);
        self.read_depth -= 1;
        result
    }

    fn run_source(&mut self, text: &mut dyn BufRead, source: &Source<'_>) -> Result {
        let mut cutter = Cutter::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            match Read::take(&mut *text, TEXT_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(bytes) if bytes + cutter.pending_bytes() > TEXT_BYTES_MAX => {
                    let message = format!(
                        "this statement or line has more than {TEXT_BYTES_MAX} bytes, the most that \
                         SQL may have; nothing after it was run"
                    );
                    let diagnostic = Diagnostic::new(message).at_line(number);
                    self.report(diagnostic.in_source(source.name));
                    return Err(Failure::Reported);
                }
                Ok(_) => {}
                Err(error) => return Err(Failure::message(format!("cannot read: {error}"))),
            }
            match str::from_utf8(&line) {
                Ok(line) => cutter.line(line, |unit| self.run_unit(&unit, source))?,
                Err(error) => {
                    // Running half a statement would be worse than running none.
                    let message = format!(
                        "byte {} of the line is not valid UTF-8; nothing after it was run",
                        error.valid_up_to() + 1
                    );
                    let diagnostic = Diagnostic::new(message).at_line(number);
                    self.report(diagnostic.in_source(source.name));
                    return Err(Failure::Reported);
                }
            }
            // A program that writes to a pipe step by step waits for each answer.
            if self.read_depth == 0 {
                self.output.flush()?;
            }
        }
        cutter.finish().map_or(Ok(()), |unit| self.run_unit(&unit, source))
    }

    /// Runs one statement or dot command. Its error is handled here, unless nothing more can run.
    fn run_unit(&mut self, unit: &Unit<'_>, source: &Source<'_>) -> Result {
        if self.echo {
            let text = match unit {
                Unit::Statement { sql, .. } => sql.trim(),
                Unit::Dot { command, .. } | Unit::DotInDump { command, .. } => command,
            };
            writeln!(self.output, "{text}")?;
        }
        self.interrupts.set_running(true);
        let result = match unit {
            Unit::Statement { sql, line } => self.run_sql(sql, *line),
            Unit::Dot { command, line } => (self.dot)(self, command).map_err(|error| match error {
                Failure::Report(diagnostic) => Failure::Report(diagnostic.at_line(*line)),
                error => error,
            }),
            Unit::DotInDump { line, .. } => Err(Failure::Report(
                Diagnostic::new(
                    "a dump has no dot commands, so this line was not run: it comes from the \
                     database that was dumped",
                )
                .at_line(*line),
            )),
        };
        self.interrupts.set_running(false);
        match result {
            Err(Failure::Report(diagnostic)) => {
                self.report(diagnostic.in_source(source.name));
                let stop = source.bail || self.bail || self.interrupts.interrupted();
                if stop { Err(Failure::Reported) } else { Ok(()) }
            }
            result => result,
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.failed = true;
        // The next output reports the same error.
        let _ = self.output.flush();
        diagnostic.print();
    }

    /// Runs the statements of `sql`, whose first line is `line`, and prints their rows.
    fn run_sql(&mut self, sql: &str, line: usize) -> Result {
        let at = |error: Error| Failure::Report(Diagnostic::in_sql(&error, sql, line));
        let text = SqlText::new(sql).map_err(at)?;
        let mut offset = 0;
        while offset < sql.len() {
            let (statement, end) = self.connection.prepare_at(&text, offset).map_err(at)?;
            offset = end;
            if let Some(mut statement) = statement {
                print(&mut statement, &self.format, &mut self.output).map_err(
                    |ended| match ended {
                        Ended::Sql(error) => at(error),
                        Ended::Output(error) => Failure::Output(error),
                    },
                )?;
            }
        }
        Ok(())
    }

    /// Runs a query of the shell itself and prints its rows.
    pub(crate) fn print_query(&mut self, sql: &str) -> Result {
        let mut statement = self.connection.prepare(sql)?;
        print(&mut statement, &self.format, &mut self.output).map_err(|ended| match ended {
            Ended::Sql(error) => error.into(),
            Ended::Output(error) => Failure::Output(error),
        })
    }
}

/// The reasons why rows ended early.
enum Ended {
    Sql(Error),
    Output(io::Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs a statement to its end and prints its rows, if it has columns.
fn print(statement: &mut Statement<'_>, format: &Format, output: &mut Output) -> Result<(), Ended> {
    let columns = statement.column_count();
    if columns == 0 {
        while statement.step()? {}
        return Ok(());
    }
    // Nothing is printed before the first row, so that a statement that fails at once prints nothing.
    let mut more = statement.step()?;
    let names = (0..columns).map(|i| statement.column_name(i).to_owned()).collect();
    let mut rows = format.rows(names);
    rows.begin(output)?;
    let mut result = Ok(());
    while more {
        let values: Result<Vec<ValueRef<'_>>, _> =
            (0..columns).map(|column| statement.column(column)).collect();
        match values {
            Ok(values) => rows.row(output, &values)?,
            Err(error) => {
                result = Err(error.into());
                break;
            }
        }
        match statement.step() {
            Ok(row) => more = row,
            Err(error) => {
                result = Err(error.into());
                break;
            }
        }
    }
    rows.end(output)?;
    result
}
