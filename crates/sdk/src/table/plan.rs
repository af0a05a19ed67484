//! Requests and plans of virtual tables.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ValueRef;

/// What a query wants of a virtual table
/// ([`sqlite3_index_info`](https://www.sqlite.org/c3ref/index_info.html)).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// The constraints, which are joined by AND.
    pub constraints: Vec<Constraint<'a>>,
    /// The ORDER BY terms.
    pub order: Vec<Order>,
    /// The columns that are used: bit *i* for column *i*, bit 63 for all from 63 on.
    pub columns_used: u64,
    /// What `sqlite3_vtab_distinct` gives.
    pub distinct: u32,
}

/// A constraint: `column operator value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint<'a> {
    /// The column; -1 for the rowid.
    pub column: i32,
    /// The operator.
    pub operator: Operator,
    /// Whether a plan can use it: its value is known when the scan starts.
    pub usable: bool,
    /// The value, where it is known already.
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
    /// `LIMIT`, whose column means nothing
    pub const LIMIT: Self = Self(73);
    /// `OFFSET`, whose column means nothing
    pub const OFFSET: Self = Self(74);
}

/// A term of ORDER BY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column; -1 for the rowid.
    pub column: i32,
    /// Whether it is descending.
    pub descending: bool,
}

/// How a query is to be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// For `filter`.
    pub number: i32,
    /// For `filter`, which gets `None` for empty text.
    pub text: String,
    /// The rows come in the wanted order.
    pub ordered: bool,
    /// There is at most one row.
    pub unique: bool,
    /// Estimated cost: about the number of disk accesses.
    pub cost: f64,
    /// Estimated rows.
    pub rows: i64,
    /// For each constraint of the request, its value's position among those for `filter`, from 1, and
    /// whether the database need not check it again.
    uses: Vec<(u16, bool)>,
    values: u16,
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
            uses: alloc::vec![(0, false); request.constraints.len()],
            values: 0,
        }
    }

    /// Asks for the value of a constraint, by its number in the request, as the next one for `filter`.
    /// With `omit` the database does not check the constraint again.
    ///
    /// # Panics
    /// The request has no constraint of this number.
    pub fn use_value(&mut self, constraint: usize, omit: bool) {
        let found = &mut self.uses[constraint];
        if found.0 == 0 {
            self.values += 1;
            found.0 = self.values;
        }
        found.1 = omit;
    }

    /// The answer, but for the address of the text: little-endian words, as WebAssembly's are.
    #[doc(hidden)]
    pub fn words(&self, text: u32) -> Vec<u64> {
        let flags = u64::from(self.ordered) | u64::from(self.unique) << 1;
        let mut words = alloc::vec![
            u64::from(self.number as u32) | u64::from(text) << 32,
            self.text.len() as u64 | flags << 32,
            self.cost.to_bits(),
            self.rows as u64,
        ];
        let word = |(position, omit): (u16, bool)| u64::from(position) | u64::from(omit) << 16;
        for pair in self.uses.chunks(2) {
            let second = pair.get(1).map_or(0, |&second| word(second));
            words.push(word(pair[0]) | second << 32);
        }
        words
    }

    /// Bytes of the answer.
    #[doc(hidden)]
    pub fn bytes(&self) -> usize {
        32 + self.uses.len() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lies_as_the_abi_says() {
        let constraint = Constraint {
            column: 0,
            operator: Operator::EQ,
            usable: true,
            value: None,
            collation: "BINARY",
        };
        let request = Request { constraints: alloc::vec![constraint; 3], ..Request::default() };
        let mut plan = Plan { number: -1, ordered: true, ..Plan::scan(&request, 2.5, 7) };
        plan.use_value(2, true);
        plan.use_value(0, false);
        plan.use_value(2, true);
        plan.text.push_str("né");
        assert_eq!(
            plan.words(512),
            [0xffff_ffff | 512 << 32, 3 | 1 << 32, 2.5f64.to_bits(), 7, 2, 1 | 1 << 16]
        );
        assert_eq!(plan.bytes(), 44);
    }
}
