//! Runs one file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use commensal::{Engine, Feature};
use sqllogictest::{Condition, Record, RecordOutput, Runner};

use crate::connection::{Session, lock};
use crate::stage::Stage;
use crate::value::{Type, validate};
use crate::{Options, Summary};

pub(crate) fn run(
    path: &Path,
    options: &Options,
    report: &mut dyn Write,
    summary: &mut Summary,
) -> io::Result<()> {
    match parse(path) {
        Ok(records) => run_records(path, records, options, report, summary),
        Err(message) => {
            summary.failed += 1;
            writeln!(report, "{message}\n")
        }
    }
}

/// The records, or why there are none.
fn parse(path: &Path) -> Result<Vec<Record<Type>>, String> {
    let in_file = |message: &dyn std::fmt::Display| format!("{}: {message}", path.display());
    // The parser takes for granted that it can read the file.
    std::fs::read_to_string(path).map_err(|error| in_file(&error))?;
    let name = path.to_str().ok_or_else(|| in_file(&"the path is not valid UTF-8"))?;
    sqllogictest::parse_file(name)
        .map_err(|error| format!("{}: {}", error.location(), error.kind()))
}

fn run_records(
    path: &Path,
    records: Vec<Record<Type>>,
    options: &Options,
    report: &mut dyn Write,
    summary: &mut Summary,
) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let base = path.parent().map(Path::to_owned).filter(|base| *base != PathBuf::new());
    let stage = Arc::new(Mutex::new(Stage::new(folder.path().join("test.db"), base, options)));
    let mut runner = Runner::new(|| {
        let session = Session::new(&stage);
        async move { session }
    });
    for label in labels(options) {
        runner.add_label(label);
    }
    if options.strict {
        runner.with_column_validator(validate);
        runner.with_normalizer(|line| line.clone());
    }
    for record in records {
        match &record {
            Record::Halt { .. } => break,
            Record::System { loc, .. } => {
                summary.failed += 1;
                writeln!(report, "{loc}: system records are not run: the files are data\n")?;
                continue;
            }
            _ => {}
        }
        lock(&stage).next(engine_of(&record, options));
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

/// What `onlyif` and `skipif` know.
fn labels(options: &Options) -> Vec<&'static str> {
    let mut labels: Vec<_> = common_features(options).map(Feature::name).collect();
    if let [engine] = options.engines[..] {
        labels.extend([engine.name(), ONE_DATABASE]);
    }
    labels.extend(options.runtime.as_ref().map(|runtime| runtime.name()));
    labels
}

/// A record for files that are opened once, and whose caches and counters so live as long as the file
/// runs.
const ONE_DATABASE: &str = "one_database";

/// What all engines have.
fn common_features(options: &Options) -> impl Iterator<Item = Feature> {
    Feature::ALL
        .iter()
        .copied()
        .filter(|feature| options.engines.iter().all(|engine| engine.features().contains(feature)))
}

/// The engine that a record is for: one without the feature whose absence it shows.
fn engine_of(record: &Record<Type>, options: &Options) -> Option<Engine> {
    let (Record::Statement { conditions, .. } | Record::Query { conditions, .. }) = record else {
        return None;
    };
    conditions.iter().find_map(|condition| {
        let Condition::SkipIf { label } = condition else { return None };
        let feature = Feature::ALL.iter().find(|feature| feature.name() == label)?;
        options.engines.iter().copied().find(|engine| !engine.features().contains(feature))
    })
}
