//! A writable table that keeps its rows in the guest's memory.
//!
//! It shows the methods of transactions, all values of an IN at once, and functions that a table implements.
//! It keeps nothing that must last: the rows go with the
//! instance, which the database may end whenever no statement uses it.

use std::collections::BTreeMap;

use commensal_sdk::{
    Change, Connect, FilterValues, Operator, Overload, Plan, Request, RowWriter, Value, ValueRef,
    VirtualCursor, VirtualTable,
};

type Rows = BTreeMap<i64, (String, Value)>;

/// `CREATE VIRTUAL TABLE t USING memo`: unique keys, and values.
#[derive(Default)]
pub struct Memo {
    rows: Rows,
    /// The rows when the transaction, or the savepoint with this number, began.
    before: Vec<(i64, Rows)>,
}

/// The operator of constraints that are calls of `starts_with`.
const STARTS_WITH: Operator = Operator(150);

/// Whether a text starts with a prefix. A memo implements it for its keys, and then reads only matching rows.
#[commensal_sdk::function(deterministic)]
pub fn starts_with(text: &str, prefix: &str) -> bool {
    text.starts_with(prefix)
}

/// How many rows the memo of a column has; NULL if the value is not a column of a memo.
#[commensal_sdk::function(deterministic)]
pub fn memo_rows(_value: ValueRef<'_>) -> Option<i64> {
    None
}

/// Stands for the transaction in the list of savepoints.
const TRANSACTION: i64 = -1;

#[commensal_sdk::virtual_table(name = "memo", columns("key text", "value any"))]
impl VirtualTable for Memo {
    type Cursor = Scan;
    type Error = String;

    fn connect(_: &Connect<'_>) -> Result<Self, String> {
        Ok(Self::default())
    }

    fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, String> {
        let mut plan = Plan::scan(request, self.rows.len() as f64, self.rows.len() as i64);
        for (number, constraint) in request.constraints.iter().enumerate() {
            let usable = constraint.usable && constraint.column == 0;
            let test = match constraint.operator {
                Operator::EQ if usable && constraint.collation == "BINARY" => EQUAL,
                STARTS_WITH if usable => PREFIX,
                _ => continue,
            };
            // Values that are not text are left to the database, which checks again.
            match constraint.is_in {
                true => plan.use_list(number, false),
                false => plan.use_value(number, false),
            }
            plan.text.push(test);
            plan.cost /= 2.0;
        }
        Ok(Some(plan))
    }

    fn open(&mut self) -> Result<Scan, String> {
        Ok(Scan { last: None, tests: Vec::new() })
    }

    fn find_function(&self, name: &str, arguments: usize) -> Option<Overload> {
        match (name, arguments) {
            ("starts_with", 2) => Some(Overload::Operator(STARTS_WITH)),
            ("memo_rows", 1) => Some(Overload::Function),
            _ => None,
        }
    }

    fn overload(&mut self, name: &str, arguments: &[ValueRef<'_>]) -> Result<Value, String> {
        match (name, arguments) {
            ("starts_with", [ValueRef::Text(text), ValueRef::Text(prefix)]) => {
                Ok(Value::Integer(text.starts_with(prefix).into()))
            }
            ("memo_rows", _) => Ok(Value::Integer(self.rows.len() as i64)),
            ("starts_with", _) => Err("memo: starts_with() takes texts".into()),
            _ => Err(format!("memo: there is no {name}()")),
        }
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

    /// Reads a new row. `own` is the rowid that may have the key already.
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
        other => Err(format!("memo: a rowid is an integer, not {}", other.class())),
    }
}

/// The tests of a plan. Its text has a character for each.
const EQUAL: char = '=';
const PREFIX: char = '^';

/// A scan in the order of rowids.
pub struct Scan {
    /// The rowid of the last row that was returned.
    last: Option<i64>,
    tests: Vec<Test>,
}

/// The test that keys have to pass.
enum Test {
    Among(Vec<String>),
    Prefix(String),
}

impl Test {
    fn passes(&self, key: &str) -> bool {
        match self {
            Self::Among(keys) => keys.iter().any(|wanted| wanted == key),
            Self::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

impl VirtualCursor<Memo> for Scan {
    fn filter(
        &mut self,
        _: &mut Memo,
        _plan: i32,
        text: Option<&str>,
        values: &FilterValues<'_>,
    ) -> Result<(), String> {
        (self.last, self.tests) = (None, Vec::new());
        for (position, test) in text.unwrap_or_default().chars().enumerate() {
            let texts = values.list(position).iter().map(|value| match value {
                ValueRef::Text(text) => Some((*text).to_owned()),
                _ => None,
            });
            let Some(mut texts) = texts.collect::<Option<Vec<_>>>() else { continue };
            match test {
                PREFIX => self.tests.extend(texts.pop().map(Test::Prefix)),
                _ => self.tests.push(Test::Among(texts)),
            }
        }
        Ok(())
    }

    fn next(&mut self, table: &mut Memo, row: &mut RowWriter<'_>) -> Result<bool, String> {
        let mut rest = match self.last {
            None => table.rows.range(..),
            Some(i64::MAX) => return Ok(false),
            Some(last) => table.rows.range(last + 1..),
        };
        let found = rest.find(|(_, (key, _))| self.tests.iter().all(|test| test.passes(key)));
        let Some((rowid, (key, value))) = found else { return Ok(false) };
        self.last = Some(*rowid);
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
    fn a_scan_gives_the_keys_that_pass_all_tests() {
        let scan = Scan {
            last: None,
            tests: vec![Test::Among(vec!["ab".into(), "b".into()]), Test::Prefix("a".into())],
        };
        let passes = |key| scan.tests.iter().all(|test| test.passes(key));
        assert_eq!(["a", "ab", "b"].map(passes), [false, true, false]);
        assert_eq!((starts_with("ab", "a"), memo_rows(ValueRef::Null)), (true, None));
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
