//! Runs one file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use commensal::Feature;
use sqllogictest::{Condition, Control, Record, RecordOutput, Runner};

use crate::connection::Session;
use crate::value::{Type, validate};
use crate::{Summary, Target};

/// The most bytes that a file with records may have.
const BYTES_MAX: u64 = 64 << 20;

pub(crate) fn run(
    path: &Path,
    target: &dyn Target,
    strict: bool,
    report: &mut dyn Write,
    summary: &mut Summary,
) -> io::Result<()> {
    match parse(path) {
        Ok(records) => run_records(path, records, target, strict, report, summary),
        Err(message) => {
            summary.failed += 1;
            writeln!(report, "{message}\n")
        }
    }
}

/// Parses the records.
fn parse(path: &Path) -> Result<Vec<Record<Type>>, String> {
    let in_file = |message: &dyn std::fmt::Display| format!("{}: {message}", path.display());
    let mut text = String::new();
    let file = File::open(path).map_err(|error| in_file(&error))?;
    let bytes =
        file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| in_file(&error))?;
    if bytes as u64 > BYTES_MAX {
        return Err(in_file(&format_args!("more than {BYTES_MAX} bytes, the most that are read")));
    }
    let name = path.to_str().ok_or_else(|| in_file(&"the path is not valid UTF-8"))?;
    sqllogictest::parse_with_name(&text, name)
        .map_err(|error| format!("{}: {}", error.location(), error.kind()))
}

fn run_records(
    path: &Path,
    records: Vec<Record<Type>>,
    target: &dyn Target,
    strict: bool,
    report: &mut dyn Write,
    summary: &mut Summary,
) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let base = path.parent().unwrap_or(Path::new(""));
    let database = match target.open(&folder.path().join("test.db"), base) {
        Ok(database) => database,
        Err(error) => {
            summary.failed += 1;
            return writeln!(report, "{}: {error}\n", path.display());
        }
    };
    let mut runner = Runner::new(|| {
        let connection = database.connect();
        async { connection.map(|connection| Session::new(connection, target.engine_name())) }
    });
    if let Some(runtime) = target.runtime_name() {
        runner.add_label(runtime);
    }
    for feature in target.lacks() {
        runner.add_label(&format!("{WITHOUT}{feature}"));
    }
    if strict {
        runner.with_column_validator(validate);
        runner.with_normalizer(|line| line.clone());
    }
    for record in records {
        let refused = match &record {
            Record::Halt { .. } => break,
            Record::System { loc, .. } => {
                Some(format!("{loc}: system records are not run: the files are data"))
            }
            Record::Include { loc, .. } => {
                Some(format!("{loc}: other files are not included: name them, too"))
            }
            // It would show the environment.
            Record::Control(Control::Substitution(_)) => Some(format!(
                "{}: variables are not substituted: the files are data",
                path.display()
            )),
            _ => None,
        };
        if let Some(reason) = refused {
            summary.failed += 1;
            writeln!(report, "{reason}\n")?;
            continue;
        }
        database.next(shown(&record));
        match runner.run(record) {
            Ok(RecordOutput::Nothing) => {}
            Ok(_) => summary.passed += 1,
            Err(error) => {
                summary.failed += 1;
                writeln!(report, "{}: {}\n", error.location(), error.kind())?;
            }
        }
    }
    Ok(())
}

/// Prefix of a feature's name in the label of engines without it.
const WITHOUT: &str = "without_";

/// The feature whose absence a record shows.
fn shown(record: &Record<Type>) -> Option<Feature> {
    let (Record::Statement { conditions, .. } | Record::Query { conditions, .. }) = record else {
        return None;
    };
    conditions.iter().find_map(|condition| {
        let Condition::OnlyIf { label } = condition else { return None };
        let name = label.strip_prefix(WITHOUT)?;
        Feature::ALL.iter().copied().find(|feature| feature.name() == name)
    })
}
