//! The database of a file: which engine has it open, and the connections to it.

use std::path::PathBuf;

use commensal::{Connection, Database, Engine, Error, FileAccess};

use crate::Options;

/// A database file, opened by one engine, or by several in turn: then all connections are closed
/// before each record, and the next engine opens the file, unless a transaction is open.
pub(crate) struct Stage {
    path: PathBuf,
    /// Where `file://` sources are.
    base: Option<PathBuf>,
    options: Options,
    /// Index of the engine that has the file open.
    turn: usize,
    /// Dropped before the database is.
    connections: Vec<Option<Connection>>,
    database: Option<Database>,
}

impl Stage {
    pub(crate) fn new(path: PathBuf, base: Option<PathBuf>, options: &Options) -> Self {
        let options = options.clone();
        Self { path, base, options, turn: 0, connections: Vec::new(), database: None }
    }

    /// Makes a connection, and gives its number.
    pub(crate) fn add(&mut self) -> Result<usize, Error> {
        self.connections.push(None);
        let number = self.connections.len() - 1;
        self.connection(number)?;
        Ok(number)
    }

    /// The connection of this number.
    pub(crate) fn connection(&mut self, number: usize) -> Result<&Connection, Error> {
        if self.database.is_none() {
            self.database = Some(self.open()?);
        }
        let (database, place) = (&self.database, &mut self.connections[number]);
        if let (None, Some(database)) = (&place, database) {
            *place = Some(database.connect()?);
        }
        Ok(place.as_ref().expect("it was just made"))
    }

    /// Gives the file to the next engine, or to `engine` if one is named. Within a transaction it stays
    /// where it is.
    pub(crate) fn next(&mut self, engine: Option<Engine>) {
        let engines = &self.options.engines;
        let named = engine.and_then(|engine| engines.iter().position(|other| *other == engine));
        let next = named.unwrap_or((self.turn + 1) % engines.len());
        let is_busy = self.connections.iter().flatten().any(|each| !each.is_autocommit());
        if next == self.turn || is_busy {
            return;
        }
        self.connections.iter_mut().for_each(|connection| *connection = None);
        self.database = None;
        self.turn = next;
    }

    fn open(&self) -> Result<Database, Error> {
        let mut opening = commensal::Options::new()
            .engine(self.options.engines[self.turn])
            .limits(self.options.limits.clone())
            .grant(self.options.capabilities)
            .file_access(FileAccess::Any { base: self.base.clone() });
        if let Some(runtime) = &self.options.runtime {
            opening = opening.runtime(runtime.clone());
        }
        Database::open(&self.path, opening)
    }
}
