//! Several engines take turns on one file: each record runs on the next one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commensal::{ENGINES, Engine, Feature, Result};

use crate::target::{Answer, Connection, Database, Target};
use crate::{Labels, Options};

/// All engines in turn. Each record runs on the next one, which opens the file for it; within
/// a transaction the engine stays. Only what is in the file lives from one record to the next.
#[derive(Clone)]
pub struct Alternating {
    /// The engines, each with the rest of the options.
    pub targets: Vec<Options>,
}

impl Alternating {
    /// All engines of this build, with these options.
    pub fn new(options: &Options) -> Self {
        let with = |engine: &&'static dyn Engine| Options { engine: *engine, ..options.clone() };
        Self { targets: ENGINES.iter().map(with).collect() }
    }
}

impl Target for Alternating {
    fn engine_name(&self) -> &str {
        "alternating"
    }

    fn runtime_name(&self) -> Option<&str> {
        self.targets.first()?.runtime_name()
    }

    /// The features that any of the engines lacks.
    fn lacks(&self) -> Labels {
        Feature::ALL
            .iter()
            .copied()
            .filter(|feature| self.targets.iter().any(|target| target.lacks().contains(feature)))
            .collect()
    }

    fn open<'t>(&'t self, database: &Path, folder: &Path) -> Result<Box<dyn Database + 't>> {
        let stage = Stage {
            path: database.to_owned(),
            folder: folder.to_owned(),
            targets: self.targets.clone(),
            turn: 0,
            connections: Vec::new(),
            database: None,
        };
        Ok(Box::new(AlternatingDatabase(Arc::new(Mutex::new(stage)))))
    }
}

struct Stage {
    path: PathBuf,
    /// Where `file://` sources are.
    folder: PathBuf,
    targets: Vec<Options>,
    /// Index of the engine that has the file open.
    turn: usize,
    /// Dropped before the database.
    connections: Vec<Option<commensal::Connection>>,
    database: Option<commensal::Database>,
}

impl Stage {
    /// Opens the file with the next engine, or with one that lacks a feature.
    fn next(&mut self, without: Option<Feature>) {
        let lacks = |target: &Options| without.is_some_and(|it| target.lacks().contains(&it));
        let next = match self.targets.iter().position(lacks) {
            Some(named) => named,
            None => (self.turn + 1) % self.targets.len(),
        };
        let is_busy = self.connections.iter().flatten().any(|each| !each.is_autocommit());
        if next == self.turn || is_busy {
            return;
        }
        self.connections.iter_mut().for_each(|connection| *connection = None);
        self.database = None;
        self.turn = next;
    }

    fn connection(&mut self, number: usize) -> Result<&mut commensal::Connection> {
        let Self { path, folder, targets, turn, connections, database } = self;
        let database = match database {
            Some(database) => database,
            None => database.insert(targets[*turn].open_database(path, folder)?),
        };
        match &mut connections[number] {
            Some(connection) => Ok(connection),
            place => Ok(place.insert(database.connect()?)),
        }
    }
}

struct AlternatingDatabase(Arc<Mutex<Stage>>);

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database for AlternatingDatabase {
    fn connect(&self) -> Result<Box<dyn Connection>> {
        let mut stage = lock(&self.0);
        stage.connections.push(None);
        let number = stage.connections.len() - 1;
        Ok(Box::new(AlternatingConnection { stage: Arc::clone(&self.0), number }))
    }

    fn next(&self, without: Option<Feature>) {
        lock(&self.0).next(without);
    }
}

struct AlternatingConnection {
    stage: Arc<Mutex<Stage>>,
    number: usize,
}

impl Connection for AlternatingConnection {
    fn run(&mut self, sql: &str) -> Result<Answer> {
        lock(&self.stage).connection(self.number)?.run(sql)
    }
}
