//! Requests and plans for scans of virtual tables.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ValueRef;

/// What a query needs from a virtual table
/// ([`sqlite3_index_info`](https://www.sqlite.org/c3ref/index_info.html)).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// The constraints, joined by AND.
    pub constraints: Vec<Constraint<'a>>,
    /// The ORDER BY terms.
    pub order: Vec<Order>,
    /// The columns that the query uses: bit *i* for column *i*, bit 63 for all from 63 on.
    pub columns_used: u64,
    /// The value of `sqlite3_vtab_distinct`.
    pub distinct: u32,
}

/// A constraint: `column operator value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint<'a> {
    /// The column, or -1 for the rowid.
    pub column: i32,
    /// The operator.
    pub operator: Operator,
    /// Whether a plan can use it, because its value is known when the scan starts.
    pub usable: bool,
    /// Whether it is `column IN (…)`, all values of which [`Plan::use_list`] can ask for. With
    /// [`Plan::use_value`], the operator is `=`, and the table is scanned once for each value.
    pub is_in: bool,
    /// The value, if it is known already.
    pub value: Option<ValueRef<'a>>,
    /// The name of the collation.
    pub collation: &'a str,
}

/// The operator of a constraint: `SQLITE_INDEX_CONSTRAINT_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator(pub u8);

impl Operator {
    /// `=`
    pub const EQ: Self = Self(2);
    /// `>`
    pub const GT: Self = Self(4);
    /// `<=`
    pub const LE: Self = Self(8);
    /// `<`
    pub const LT: Self = Self(16);
    /// `>=`
    pub const GE: Self = Self(32);
    /// `LIKE`
    pub const LIKE: Self = Self(65);
    /// `!=`
    pub const NE: Self = Self(68);
    /// `IS NULL`
    pub const IS_NULL: Self = Self(71);
    /// `LIMIT`; the column has no meaning
    pub const LIMIT: Self = Self(73);
    /// `OFFSET`; the column has no meaning
    pub const OFFSET: Self = Self(74);
}

/// A term of ORDER BY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column, or -1 for the rowid.
    pub column: i32,
    /// Whether it is descending.
    pub descending: bool,
}

/// How a scan will answer a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// A number for `filter`.
    pub number: i32,
    /// A text for `filter`, which gets `None` if it is empty.
    pub text: String,
    /// Whether the rows come in the order of the request.
    pub ordered: bool,
    /// Whether there is at most one row.
    pub unique: bool,
    /// The estimated cost, about the number of disk accesses.
    pub cost: f64,
    /// The estimated number of rows.
    pub rows: i64,
    /// What to do with each constraint of the request.
    uses: Vec<Use>,
    values: u16,
}

/// What a plan does with a constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Use {
    /// The position of its value among those for `filter`, from 1; 0 if the value is not used.
    position: u16,
    /// Whether the database need not check it again.
    omit: bool,
    /// Whether to pass all values of an IN.
    list: bool,
}

/// Begins and ends the marks before the text of a plan that asks for lists. The host does not tell
/// `filter` which values are lists, but returns the text unchanged.
const MARKS: char = '\u{1}';
const LIST: char = 'l';
const ONE: char = 's';

/// Splits a plan's text: which values are lists, and the plan's own text.
pub(super) fn marks(text: Option<&str>) -> (&str, Option<&str>) {
    let marked = text.and_then(|text| text.strip_prefix(MARKS)?.split_once(MARKS));
    match marked {
        Some((marks, own)) => (marks, Some(own).filter(|own| !own.is_empty())),
        None => ("", text),
    }
}

/// Whether the value at this position, from 0, is a list.
pub(super) fn is_list(marks: &str, position: usize) -> bool {
    marks.as_bytes().get(position) == Some(&(LIST as u8))
}

impl Plan {
    /// A plan that uses no constraint yet.
    pub fn scan(request: &Request<'_>, cost: f64, rows: i64) -> Self {
        Self {
            number: 0,
            text: String::new(),
            ordered: false,
            unique: false,
            cost,
            rows,
            uses: alloc::vec![Use::default(); request.constraints.len()],
            values: 0,
        }
    }

    /// Asks for the value of a constraint, given by its index in the request, as the next one for `filter`.
    /// With `omit` the database does not check the constraint again.
    ///
    /// # Panics
    /// The request has no constraint with this index.
    pub fn use_value(&mut self, constraint: usize, omit: bool) {
        self.ask(constraint, omit, false);
    }

    /// As [`use_value`](Self::use_value), but for all values of a constraint that [is an
    /// IN](Constraint::is_in). Read them with [`FilterValues::list`](super::FilterValues::list).
    ///
    /// # Panics
    /// The request has no constraint with this index.
    pub fn use_list(&mut self, constraint: usize, omit: bool) {
        self.ask(constraint, omit, true);
    }

    fn ask(&mut self, constraint: usize, omit: bool, list: bool) {
        let found = &mut self.uses[constraint];
        if found.position == 0 {
            self.values += 1;
            found.position = self.values;
        }
        (found.omit, found.list) = (omit, list);
    }

    /// The text for the host: the plan's own, after marks if there are lists.
    #[doc(hidden)]
    pub fn marked_text(&self) -> String {
        let mut marks = alloc::vec![ONE; self.values.into()];
        for list in self.uses.iter().filter(|found| found.list) {
            marks[usize::from(list.position) - 1] = LIST;
        }
        let mut text = String::new();
        if marks.contains(&LIST) || self.text.starts_with(MARKS) {
            text.push(MARKS);
            text.extend(marks);
            text.push(MARKS);
        }
        text.push_str(&self.text);
        text
    }

    /// The answer as little-endian words, with the address and the length of the text in bytes.
    #[doc(hidden)]
    pub fn words(&self, text: u32, text_bytes: usize) -> Vec<u64> {
        let flags = u64::from(self.ordered) | u64::from(self.unique) << 1;
        let mut words = alloc::vec![
            u64::from(self.number as u32) | u64::from(text) << 32,
            text_bytes as u64 | flags << 32,
            self.cost.to_bits(),
            self.rows as u64,
        ];
        let word = |Use { position, omit, list }: Use| {
            u64::from(position) | u64::from(omit) << 16 | u64::from(list) << 24
        };
        for pair in self.uses.chunks(2) {
            let second = pair.get(1).map_or(0, |&second| word(second));
            words.push(word(pair[0]) | second << 32);
        }
        words
    }

    /// The length of the answer, in bytes.
    #[doc(hidden)]
    pub fn bytes(&self) -> usize {
        32 + self.uses.len() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN: Constraint<'_> = Constraint {
        column: 0,
        operator: Operator::EQ,
        usable: true,
        is_in: true,
        value: None,
        collation: "BINARY",
    };

    #[test]
    fn an_answer_lies_as_the_abi_says() {
        let request = Request { constraints: alloc::vec![IN; 3], ..Request::default() };
        let mut plan = Plan { number: -1, ordered: true, ..Plan::scan(&request, 2.5, 7) };
        plan.use_value(2, true);
        plan.use_value(0, false);
        plan.use_value(2, true);
        plan.text.push_str("né");
        assert_eq!(
            plan.words(512, 3),
            [0xffff_ffff | 512 << 32, 3 | 1 << 32, 2.5f64.to_bits(), 7, 2, 1 | 1 << 16]
        );
        assert_eq!(plan.bytes(), 44);
    }

    #[test]
    fn lists_are_marked_in_the_text() {
        let request = Request { constraints: alloc::vec![IN; 2], ..Request::default() };
        let check = |text: &str, lists: &[usize], marks_expected: &str| {
            let mut plan = Plan { text: text.into(), ..Plan::scan(&request, 1.0, 1) };
            plan.use_value(1, false);
            for list in lists {
                plan.use_list(*list, true);
            }
            let sent = plan.marked_text();
            let (marks, own) = marks((!sent.is_empty()).then_some(&*sent));
            assert_eq!((marks, own.unwrap_or("")), (marks_expected, text));
            plan.words(0, sent.len())[4]
        };
        assert_eq!(check("né", &[], ""), 1 << 32);
        assert_eq!(check("", &[], ""), 1 << 32);
        assert_eq!(check("\u{1}l\u{1}", &[], "s"), 1 << 32);
        assert_eq!(check("né", &[0], "sl"), (2 | 1 << 16 | 1 << 24) | 1 << 32);
        assert_eq!(
            check("", &[0, 1], "ll"),
            (2 | 1 << 16 | 1 << 24) | (1 | 1 << 16 | 1 << 24) << 32
        );
        assert!(is_list("sl", 1) && !is_list("sl", 0) && !is_list("sl", 2));
    }
}
