//! A table that is written, and keeps its rows in the guest's memory.
//!
//! It shows the methods of transactions, and is no place for anything that has to last: the rows are
//! gone with the instance, which the database may end whenever no statement uses it.

use std::collections::BTreeMap;

use commensal_sdk::{
    Change, Connect, Plan, Request, RowWriter, Value, ValueRef, VirtualCursor, VirtualTable,
};

type Rows = BTreeMap<i64, (String, Value)>;

/// `CREATE VIRTUAL TABLE t USING memo`: keys, each once, and values.
#[derive(Default)]
pub struct Memo {
    rows: Rows,
    /// The rows as they were when the transaction, or a savepoint of this number, began.
    before: Vec<(i64, Rows)>,
}

/// Stands for the transaction among the savepoints.
const TRANSACTION: i64 = -1;

#[commensal_sdk::virtual_table(name = "memo", columns("key text", "value any"))]
impl VirtualTable for Memo {
    type Cursor = Scan;
    type Error = String;

    fn connect(_: &Connect<'_>) -> Result<Self, String> {
        Ok(Self::default())
    }

    fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, String> {
        Ok(Some(Plan::scan(request, self.rows.len() as f64, self.rows.len() as i64)))
    }

    fn open(&mut self) -> Result<Scan, String> {
        Ok(Scan(None))
    }

    fn update(&mut self, change: &Change<'_>) -> Result<Option<i64>, String> {
        match *change {
            Change::Delete { rowid } => {
                self.rows.remove(&integer(rowid)?);
                Ok(None)
            }
            Change::Insert { rowid, values } => {
                let rowid = match rowid {
                    ValueRef::Null => self.rows.last_key_value().map_or(1, |(last, _)| last + 1),
                    given => integer(given)?,
                };
                self.check_free(rowid)?;
                let row = self.row(values, None)?;
                self.rows.insert(rowid, row);
                Ok(Some(rowid))
            }
            Change::Update { old, new, values } => {
                let (old, new) = (integer(old)?, integer(new)?);
                if old != new {
                    self.check_free(new)?;
                }
                let row = self.row(values, Some(old))?;
                self.rows.remove(&old);
                self.rows.insert(new, row);
                Ok(None)
            }
        }
    }

    fn begin(&mut self) -> Result<(), String> {
        self.before = vec![(TRANSACTION, self.rows.clone())];
        Ok(())
    }

    fn commit(&mut self) {
        self.before.clear();
    }

    fn rollback(&mut self) {
        if let Some((_, rows)) = self.before.drain(..).next() {
            self.rows = rows;
        }
    }

    fn savepoint(&mut self, number: i64) -> Result<(), String> {
        self.release(number)?;
        self.before.push((number, self.rows.clone()));
        Ok(())
    }

    fn release(&mut self, number: i64) -> Result<(), String> {
        self.before.retain(|(n, _)| *n < number);
        Ok(())
    }

    fn rollback_to(&mut self, number: i64) -> Result<(), String> {
        if let Some((_, rows)) = self.before.iter().find(|(n, _)| *n >= number) {
            self.rows = rows.clone();
        }
        self.before.retain(|(n, _)| *n <= number);
        Ok(())
    }
}

impl Memo {
    fn check_free(&self, rowid: i64) -> Result<(), String> {
        match self.rows.contains_key(&rowid) {
            true => Err(format!("memo: there is a row {rowid}")),
            false => Ok(()),
        }
    }

    /// A new row; `own` has the key already.
    fn row(&self, values: &[ValueRef<'_>], own: Option<i64>) -> Result<(String, Value), String> {
        let [ValueRef::Text(key), value] = values else {
            return Err("memo: the key has to be text".into());
        };
        if self.rows.iter().any(|(rowid, (other, _))| other == key && Some(*rowid) != own) {
            return Err(format!("memo: the key \"{key}\" is taken"));
        }
        Ok(((*key).to_owned(), value.to_owned()))
    }
}

fn integer(rowid: ValueRef<'_>) -> Result<i64, String> {
    match rowid {
        ValueRef::Integer(rowid) => Ok(rowid),
        other => Err(format!("memo: a rowid is an integer, not {}", other.class_name())),
    }
}

/// A scan in the order of rowids: the last one that was given.
pub struct Scan(Option<i64>);

impl VirtualCursor<Memo> for Scan {
    fn filter(
        &mut self,
        _: &mut Memo,
        _plan: i32,
        _text: Option<&str>,
        _values: &[ValueRef<'_>],
    ) -> Result<(), String> {
        self.0 = None;
        Ok(())
    }

    fn next(&mut self, table: &mut Memo, row: &mut RowWriter<'_>) -> Result<bool, String> {
        let mut rest = match self.0 {
            None => table.rows.range(..),
            Some(i64::MAX) => return Ok(false),
            Some(last) => table.rows.range(last + 1..),
        };
        let Some((rowid, (key, value))) = rest.next() else { return Ok(false) };
        self.0 = Some(*rowid);
        row.rowid(*rowid);
        row.push(key.as_str())?;
        row.push(value.as_ref())?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(memo: &mut Memo, key: &str) -> Result<Option<i64>, String> {
        let values = [ValueRef::Text(key), ValueRef::Integer(1)];
        memo.update(&Change::Insert { rowid: ValueRef::Null, values: &values })
    }

    #[test]
    fn savepoints_take_back_what_came_after_them() {
        let mut memo = Memo::default();
        memo.begin().unwrap();
        assert_eq!(insert(&mut memo, "a"), Ok(Some(1)));
        memo.savepoint(0).unwrap();
        assert_eq!(insert(&mut memo, "b"), Ok(Some(2)));
        memo.savepoint(1).unwrap();
        memo.update(&Change::Delete { rowid: ValueRef::Integer(1) }).unwrap();
        memo.rollback_to(1).unwrap();
        assert_eq!(memo.rows.len(), 2);
        memo.rollback_to(0).unwrap();
        assert_eq!(memo.rows.len(), 1);
        assert_eq!(insert(&mut memo, "a"), Err("memo: the key \"a\" is taken".into()));
        memo.rollback();
        assert_eq!(memo.rows.len(), 0);
    }
}
