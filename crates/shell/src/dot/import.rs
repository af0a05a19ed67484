//! `.import`: the rows of a CSV file into a table, all or none.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use commensal::core::ddl::quote_identifier;
use commensal::{Connection, Statement, ValueRef};
use csv::StringRecord;

use super::csv_text::CsvText;
use crate::diagnostic::warn;
use crate::failure::{Failure, Result};
use crate::session::Session;

/// The number of rows with a wrong length that are reported one by one.
const WARNINGS_MAX: u64 = 10;

/// The most bytes that a row may have. A row of separators takes about ten times its size to hold.
const ROW_BYTES_MAX: u64 = 256 << 20;

/// The most columns that a table may have in any build of SQLite.
const COLUMNS_MAX: usize = 32_767;

const PROGRESS_AFTER: Duration = Duration::from_secs(1);
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

struct Arguments<'a> {
    skip: u64,
    file: &'a str,
    table: &'a str,
}

/// `.import [--csv] [--skip N] FILE TABLE`
pub(super) fn run(session: &mut Session, words: &[String]) -> Result {
    let arguments = parse(words)?;
    session.output.flush()?;
    let connection = &session.connection;
    // Works within the user's transaction or, if there is none, as its own.
    let (begin, commit, rollback) = match connection.is_autocommit() {
        true => ("BEGIN", "COMMIT", "ROLLBACK"),
        false => (
            "SAVEPOINT commensal_import",
            "RELEASE commensal_import",
            "ROLLBACK TO commensal_import; RELEASE commensal_import",
        ),
    };
    connection.execute_batch(begin)?;
    let result = import(connection, &arguments)
        .and_then(|()| connection.execute_batch(commit).map_err(Failure::from));
    if result.is_err() {
        // Fails if the engine has already rolled the transaction back.
        let _ = connection.execute_batch(rollback);
    }
    result
}

fn parse(words: &[String]) -> Result<Arguments<'_>> {
    let usage = || Failure::message("usage: .import [--csv] [--skip N] FILE TABLE");
    let mut skip = 0;
    let mut names = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            // There is only this format.
            "--csv" => {}
            "--skip" => {
                skip = words.next().and_then(|n| n.parse().ok()).ok_or_else(usage)?;
            }
            word if word.starts_with("--") => return Err(usage()),
            name => names.push(name),
        }
    }
    match names[..] {
        [file, table] => Ok(Arguments { skip, file, table }),
        _ => Err(usage()),
    }
}

fn import(connection: &Connection, arguments: &Arguments<'_>) -> Result {
    let file = File::open(arguments.file)
        .map_err(|error| Failure::file(Path::new(arguments.file), error))?;
    let left = Rc::new(Cell::new(0));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(CsvText::new(Bounded { file, left: left.clone() }));
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        left.set(ROW_BYTES_MAX);
        reader
            .read_record(record)
            .map_err(|error| at(arguments.file, line_of(error.position()), &describe(&error)))
    };
    for _ in 0..arguments.skip {
        next(&mut record)?;
    }
    let mut columns = column_count(connection, arguments.table)?;
    if columns == 0 {
        if !next(&mut record)? {
            return Err(at(arguments.file, None, "there is no row to take the columns from"));
        }
        if record.len() > COLUMNS_MAX {
            let message = format!(
                "the header has {} fields; a table has at most {COLUMNS_MAX} columns",
                record.len()
            );
            return Err(at(arguments.file, line_of(record.position()), &message));
        }
        create_table(connection, arguments.table, &record)?;
        columns = record.len();
    }
    let parameters = vec!["?"; columns].join(",");
    let table = quote_identifier(arguments.table);
    let mut insert = connection.prepare(&format!("INSERT INTO {table} VALUES({parameters})"))?;
    let mut progress = Progress::new();
    let mut ragged = Ragged { file: arguments.file, columns, rows: 0 };
    while next(&mut record)? {
        let line = line_of(record.position());
        ragged.check(line, record.len());
        insert_row(&mut insert, columns, &record)
            .map_err(|error| at(arguments.file, line, error.message()))?;
        progress.row();
    }
    ragged.finish();
    Ok(())
}

/// A file of which only so many bytes can be read until `left` is set again.
struct Bounded {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other(format!(
                "the row has more than {ROW_BYTES_MAX} bytes, the most that a row may have"
            )));
        }
        let count = self.file.read(buffer)?;
        self.left.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}

fn insert_row(
    insert: &mut Statement<'_>,
    columns: usize,
    record: &StringRecord,
) -> commensal::Result<()> {
    for column in 0..columns {
        insert.bind(column + 1, record.get(column).map_or(ValueRef::Null, ValueRef::Text))?;
    }
    while insert.step()? {}
    insert.reset();
    Ok(())
}

/// The number of values that an INSERT takes; 0 if there is no such table.
fn column_count(connection: &Connection, table: &str) -> Result<usize> {
    let sql = format!("PRAGMA table_xinfo({})", quote_identifier(table));
    let mut statement = connection.prepare(&sql)?;
    let mut count = 0;
    while statement.step()? {
        count += usize::from(statement.column(6)? == ValueRef::Integer(0));
    }
    Ok(count)
}

fn create_table(connection: &Connection, table: &str, header: &StringRecord) -> Result {
    let columns: Vec<_> = column_names(header)
        .iter()
        .map(|name| format!("{} TEXT", quote_identifier(name)))
        .collect();
    let sql = format!("CREATE TABLE {}({})", quote_identifier(table), columns.join(", "));
    Ok(connection.execute_batch(&sql)?)
}

/// The header's names, made unique, because columns have to be.
fn column_names(header: &StringRecord) -> Vec<String> {
    let mut taken = HashSet::new();
    // The number to try next, so that each is tried once.
    let mut numbers = HashMap::new();
    let mut names = Vec::new();
    for (i, field) in header.iter().enumerate() {
        let field = field.replace('\0', "");
        let base = if field.is_empty() { format!("column{}", i + 1) } else { field };
        let mut name = base.clone();
        let number = numbers.entry(base.to_lowercase()).or_insert(2);
        while !taken.insert(name.to_lowercase()) {
            name = format!("{base}_{number}");
            *number += 1;
        }
        names.push(name);
    }
    names
}

fn line_of(position: Option<&csv::Position>) -> Option<u64> {
    position.map(csv::Position::line)
}

fn at(file: &str, line: Option<u64>, message: &str) -> Failure {
    match line {
        Some(line) => Failure::message(format!("{file}:{line}: {message}")),
        None => Failure::message(format!("{file}: {message}")),
    }
}

fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        csv::ErrorKind::Utf8 { .. } => "the row is not valid UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Rows with too many or too few fields.
struct Ragged<'a> {
    file: &'a str,
    columns: usize,
    rows: u64,
}

impl Ragged<'_> {
    fn check(&mut self, line: Option<u64>, fields: usize) {
        if fields == self.columns {
            return;
        }
        self.rows += 1;
        if self.rows > WARNINGS_MAX {
            return;
        }
        let Self { file, columns, .. } = self;
        let line = line.unwrap_or_default();
        if fields < *columns {
            warn(format_args!("{file}:{line}: {fields} of {columns} fields; the rest is NULL"));
        } else {
            let ignored = "the rest is ignored";
            warn(format_args!("{file}:{line}: {fields} fields for {columns} columns; {ignored}"));
        }
    }

    fn finish(&self) {
        if let Some(more) = self.rows.checked_sub(WARNINGS_MAX).filter(|&more| more > 0) {
            warn(format_args!("{}: {more} more rows of another length", self.file));
        }
    }
}

/// A count on the terminal for a user who waits long.
struct Progress {
    shown: Option<bool>,
    next: Instant,
    rows: u64,
}

impl Progress {
    fn new() -> Self {
        let shown = io::stderr().is_terminal().then_some(false);
        Self { shown, next: Instant::now() + PROGRESS_AFTER, rows: 0 }
    }

    fn row(&mut self) {
        self.rows += 1;
        // The clock is not read for each row.
        if self.shown.is_some() && self.rows.is_multiple_of(1024) && Instant::now() >= self.next {
            self.next = Instant::now() + PROGRESS_EVERY;
            self.shown = Some(true);
            let _ = write!(io::stderr(), "\r{} rows", self.rows);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown == Some(true) {
            // Back to an empty line.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
