//! Savepoints as a virtual table hears of them.
//!
//! SQLite tells a table only of the innermost savepoint when the table is first written in a transaction,
//! perhaps the statement's own, and can later go back to one further out. These all are the state in
//! which the transaction began for the table. So the table is told of savepoint 0 first, which stands
//! for them. It is never told of a savepoint that begins the transaction itself; going back to that is
//! `rollback_to` with -1.

use crate::manifest::TableMethod;

/// What is known of the savepoints of one transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Savepoints {
    /// Whether the table was told of one.
    told: bool,
    /// How many savepoints, from 0 on, are the state in which the transaction began.
    equal: i64,
}

impl Savepoints {
    /// The numbers to call the guest's method with, one after the other.
    pub(super) fn calls(
        &mut self,
        method: TableMethod,
        number: i64,
    ) -> impl Iterator<Item = i64> + use<> {
        let (before, number) = match method {
            TableMethod::Savepoint if !std::mem::replace(&mut self.told, true) => {
                self.equal = number;
                ((number > 0).then_some(0), number)
            }
            TableMethod::RollbackTo => {
                // A negative number is the savepoint that began the transaction, which no table is told of.
                let is_equal = (0..self.equal).contains(&number);
                self.equal = self.equal.min(number.saturating_add(1));
                (None, if is_equal { 0 } else { number })
            }
            // From this number on, the table is told of each that is set.
            _ => {
                self.equal = self.equal.min(number);
                (None, number)
            }
        };
        before.into_iter().chain([number])
    }
}

#[cfg(test)]
mod tests {
    use super::Savepoints;
    use crate::manifest::TableMethod::{self, Release, RollbackTo, Savepoint};

    fn check(said: &[(TableMethod, i64)], expected: &[&[i64]]) {
        let mut savepoints = Savepoints::default();
        let calls = said.iter().map(|&(method, number)| savepoints.calls(method, number).collect());
        assert_eq!(calls.collect::<Vec<Vec<_>>>(), expected, "{said:?}");
    }

    #[test]
    fn savepoints_before_the_first_write_are_the_transactions_begin() {
        // A statement's own, in no other.
        check(&[(Savepoint, 0), (Release, 0), (Savepoint, 0)], &[&[0], &[0], &[0]]);
        // Back to one around it, and once more.
        check(
            &[(Savepoint, 1), (Release, 1), (RollbackTo, 0), (Savepoint, 1), (RollbackTo, 0)],
            &[&[0, 1], &[1], &[0], &[1], &[0]],
        );
        // Of three, the middle one; then a new innermost one, with writes before it.
        check(
            &[
                (Savepoint, 3),
                (Release, 3),
                (RollbackTo, 1),
                (Savepoint, 2),
                (RollbackTo, 2),
                (RollbackTo, 1),
            ],
            &[&[0, 3], &[3], &[0], &[2], &[2], &[0]],
        );
        // One that was released and set again is another.
        check(
            &[(Savepoint, 2), (Release, 1), (Savepoint, 1), (RollbackTo, 1), (RollbackTo, 0)],
            &[&[0, 2], &[1], &[1], &[1], &[0]],
        );
        // Back to the savepoint that began the transaction, before and after the table was told of others.
        check(
            &[(RollbackTo, -1), (Savepoint, 0), (RollbackTo, 0), (RollbackTo, -1), (Savepoint, 1)],
            &[&[-1], &[0], &[0], &[-1], &[1]],
        );
        check(&[(Savepoint, 2), (RollbackTo, -1), (RollbackTo, 0)], &[&[0, 2], &[-1], &[0]]);
        // After a release of all, there is none.
        check(
            &[(Savepoint, 2), (Release, 0), (Savepoint, 0), (RollbackTo, 0)],
            &[&[0, 2], &[0], &[0], &[0]],
        );
    }
}
