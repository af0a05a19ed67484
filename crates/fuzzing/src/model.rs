//! A trivial model of definitions and transactions: a map of names, and a stack of its copies.

use std::collections::BTreeMap;

use commensal::Connection;

use crate::script::Script;

/// The names of functions.
pub(crate) const NAMES: [&str; 2] = ["f", "g"];

/// The names that are defined, and the digit that each function returns.
pub(crate) type View = BTreeMap<&'static str, u8>;

/// The state that the database should have.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: View,
    /// The states at each BEGIN or SAVEPOINT; true for SAVEPOINT.
    pub(crate) marks: Vec<(View, bool)>,
}

impl Model {
    /// Runs a statement. Returns true if it succeeds.
    pub(crate) fn execute(&mut self, statement: &Statement) -> bool {
        let savepoint = self.marks.iter().rposition(|(_, is_savepoint)| *is_savepoint);
        match *statement {
            Statement::Create(name, digit, how) => {
                let is_there = self.now.contains_key(name);
                if !is_there || how == How::Replace {
                    self.now.insert(name, digit);
                }
                !is_there || how != How::Plain
            }
            Statement::Drop(name, if_exists) => self.now.remove(name).is_some() || if_exists,
            Statement::Begin => {
                let is_possible = self.marks.is_empty();
                if is_possible {
                    self.marks.push((self.now.clone(), false));
                }
                is_possible
            }
            Statement::Commit => {
                let is_possible = !self.marks.is_empty();
                self.marks.clear();
                is_possible
            }
            Statement::Rollback => match self.marks.first() {
                Some((before, _)) => {
                    self.now = before.clone();
                    self.marks.clear();
                    true
                }
                None => false,
            },
            Statement::Savepoint => {
                self.marks.push((self.now.clone(), true));
                true
            }
            Statement::Release => match savepoint {
                Some(at) => {
                    self.marks.truncate(at);
                    true
                }
                None => false,
            },
            Statement::RollbackTo => match savepoint {
                Some(at) => {
                    self.now = self.marks[at].0.clone();
                    self.marks.truncate(at + 1);
                    true
                }
                None => false,
            },
        }
    }
}

/// What CREATE does if the name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Plain,
    Replace,
    IfNotExists,
}

/// A statement of a sequence.
#[derive(Debug)]
pub(crate) enum Statement {
    Create(&'static str, u8, How),
    Drop(&'static str, bool),
    Begin,
    Commit,
    Rollback,
    Savepoint,
    Release,
    RollbackTo,
}

impl Statement {
    /// Reads the next statement of a script.
    pub(crate) fn new(script: &mut Script) -> Self {
        let name = NAMES[usize::from(script.byte()) % NAMES.len()];
        match script.byte() % 16 {
            kind @ 0..7 => {
                let how = [How::Plain, How::Replace, How::IfNotExists][usize::from(kind % 3)];
                Self::Create(name, script.byte() % 10, how)
            }
            kind @ 7..10 => Self::Drop(name, kind == 7),
            10 => Self::Begin,
            11 => Self::Commit,
            12 => Self::Rollback,
            13 => Self::Savepoint,
            14 => Self::Release,
            _ => Self::RollbackTo,
        }
    }

    /// Runs it on a database.
    pub(crate) fn execute(&self, connection: &Connection) -> commensal::Result<()> {
        let sql = match self {
            Self::Create(name, digit, how) => {
                let (replace, exists) = match how {
                    How::Plain => ("", ""),
                    How::Replace => ("OR REPLACE ", ""),
                    How::IfNotExists => ("", "IF NOT EXISTS "),
                };
                let create = format!("CREATE {replace}FUNCTION {exists}{name} LANGUAGE wasm AS ?1");
                return connection.execute(&create, (constant(*digit).as_str(),)).map(|_| ());
            }
            Self::Drop(name, if_exists) => {
                format!("DROP FUNCTION {}{name}", if *if_exists { "IF EXISTS " } else { "" })
            }
            Self::Begin => "BEGIN".to_owned(),
            Self::Commit => "COMMIT".to_owned(),
            Self::Rollback => "ROLLBACK".to_owned(),
            Self::Savepoint => "SAVEPOINT s".to_owned(),
            Self::Release => "RELEASE s".to_owned(),
            Self::RollbackTo => "ROLLBACK TO s".to_owned(),
        };
        connection.execute_batch(&sql)
    }
}

/// A module whose functions take no argument and return this digit.
pub(crate) fn constant(digit: u8) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 64) "value={digit}")
           (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
           (func $f (param i32 i32) (result i32) (i32.const 0))
           (export "f" (func $f)) (export "g" (func $f))
           (export "p" (func $f)) (export "q" (func $f)))"#
    )
}
