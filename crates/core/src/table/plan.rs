//! A query's request to a virtual table and the plan that the guest answers with:
//! [`best_index`](https://www.sqlite.org/vtab.html#the_xbestindex_method) as bytes.

use commensal_abi::Record;

use crate::guest::{CallError, CallResult, Guest, Image, Null};
use crate::runtime::is_within;
use crate::value::ValueRef;

/// A query's request.
pub struct Request<'a> {
    /// The constraints.
    pub constraints: Vec<Constraint<'a>>,
    /// The ORDER BY terms: column, and whether it is descending.
    pub order: Vec<(i32, bool)>,
    /// The columns that are used, as bits. Bit 63 stands for all from 63 on.
    pub columns_used: u64,
    /// The result of `sqlite3_vtab_distinct`.
    pub distinct: u32,
}

/// A constraint of a query: `column operator value`.
pub struct Constraint<'a> {
    /// The column; -1 for the rowid.
    pub column: i32,
    /// The engine's number of the operator.
    pub operator: u8,
    /// Whether the plan can use it.
    pub usable: bool,
    /// Whether it is an IN whose values are available all at once.
    pub in_at_once: bool,
    /// The value, if it is known already.
    pub value: Option<ValueRef<'a>>,
    /// The name of the collation.
    pub collation: &'a str,
}

/// The plan for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Passed to `filter`.
    pub number: i32,
    /// Passed to `filter`.
    pub text: Option<String>,
    /// Whether the rows come in the requested order.
    pub ordered: bool,
    /// Whether there is at most one row.
    pub unique: bool,
    /// Estimated cost; finite and not negative.
    pub cost: f64,
    /// Estimated rows; not negative.
    pub rows: i64,
    /// What the plan does with each constraint.
    pub uses: Vec<Use>,
}

/// What a plan does with a constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Position of its value among the arguments of `filter`, from 1; 0 if it has none.
    pub position: u16,
    /// Whether the engine may skip checking it again.
    pub omit: bool,
    /// Whether all values of an IN are passed at once.
    pub at_once: bool,
}

/// Bytes before the constraints of a request and of an answer.
const HEAD: usize = 32;
/// Bytes of a constraint in a request.
const CONSTRAINT: usize = 32;
/// Bytes of an ORDER BY term.
const TERM: usize = 8;
/// Bytes of a use in an answer.
const USE: usize = 4;
/// Largest text of a plan in bytes.
const TEXT_BYTES_MAX: u32 = 64 << 10;

impl Request<'_> {
    /// The arguments of the call: the table's handle and the request.
    pub(super) fn image(&self, table: i64, bytes_max: usize) -> CallResult<Image> {
        let mut image = Image::new(2, bytes_max);
        image.record(Image::argument(0), ValueRef::Integer(table))?;
        let len = HEAD + self.constraints.len() * CONSTRAINT + self.order.len() * TERM;
        let start = image.blob(Image::argument(1), len)?;
        image.write(start, &(self.constraints.len() as u32).to_le_bytes());
        image.write(start + 4, &(self.order.len() as u32).to_le_bytes());
        image.write(start + 8, &self.columns_used.to_le_bytes());
        image.write(start + 16, &self.distinct.to_le_bytes());
        let mut at = start + HEAD;
        for constraint in &self.constraints {
            constraint.write(&mut image, at)?;
            at += CONSTRAINT;
        }
        for (column, descending) in &self.order {
            image.write(at, &column.to_le_bytes());
            image.write(at + 4, &[u8::from(*descending)]);
            at += TERM;
        }
        Ok(image)
    }
}

impl Constraint<'_> {
    fn write(&self, image: &mut Image, at: usize) -> CallResult<()> {
        image.write(at, &self.column.to_le_bytes());
        let flags = [self.usable, self.in_at_once, self.value.is_some()].map(u8::from);
        image.write(at + 4, &[self.operator, flags[0], flags[1], flags[2]]);
        let name = image.append(self.collation.as_bytes())?;
        image.pointer(at + 8, name);
        image.write(at + 12, &(self.collation.len() as u32).to_le_bytes());
        image.record(at + 16, self.value.unwrap_or(ValueRef::Null))
    }
}

/// Reads an answer. Each byte is read once and checked.
pub(super) fn answer(
    guest: &mut Guest,
    pointer: u32,
    request: &Request<'_>,
) -> CallResult<Option<Plan>> {
    let Some((start, len)) = guest.aligned_blob_at(pointer)? else { return Ok(None) };
    let expected = HEAD + request.constraints.len() * USE;
    if len as usize != expected {
        let what = format!("its plan has {len} bytes instead of {expected}");
        return Err(CallError::Protocol(what).into());
    }
    let mut bytes = vec![0; expected];
    guest.read(start, &mut bytes)?;
    let (words, _) = bytes[..HEAD].as_chunks::<4>();
    let word = |i: usize| u32::from_le_bytes(words[i]);
    let long = |i: usize| u64::from(word(i)) | u64::from(word(i + 1)) << 32;
    let (flags, cost, rows) = (word(3), f64::from_bits(long(4)), long(6) as i64);
    if flags > 3 {
        return Err(wrong(format!("its plan has the flags {flags:#x}, of which 3 are known")));
    }
    if !cost.is_finite() || cost < 0.0 || rows < 0 {
        return Err(wrong(format!("its plan costs {cost} for {rows} rows")));
    }
    let text = text(guest, word(1), word(2))?;
    let uses = uses(&bytes[HEAD..], &request.constraints)?;
    Ok(Some(Plan {
        number: word(0) as i32,
        text,
        ordered: flags & 1 != 0,
        unique: flags & 2 != 0,
        cost,
        rows,
        uses,
    }))
}

/// Reads the plan's text.
fn text(guest: &mut Guest, pointer: u32, len: u32) -> CallResult<Option<String>> {
    if len == 0 {
        return Ok(None);
    }
    if len > TEXT_BYTES_MAX {
        let what = format!("the text of its plan has {len} bytes, more than {TEXT_BYTES_MAX}");
        return Err(wrong(what));
    }
    if !is_within(pointer, len, guest.memory_bytes()) {
        return Err(wrong("the text of its plan is outside of its memory".to_owned()));
    }
    let mut bytes = vec![0; len as usize];
    guest.read(pointer, &mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(Some(text)),
        _ => Err(wrong("the text of its plan is not UTF-8, or has a NUL".to_owned())),
    }
}

/// Reads what the plan does with the constraints. Positions run from 1 without gaps or repeats, and only usable
/// constraints have one.
fn uses(bytes: &[u8], constraints: &[Constraint<'_>]) -> CallResult<Vec<Use>> {
    let mut uses = Vec::with_capacity(constraints.len());
    let mut taken = vec![false; constraints.len()];
    for (number, ([a, b, omit, at_once], constraint)) in
        (0..).zip(bytes.as_chunks::<USE>().0.iter().zip(constraints))
    {
        let position = u16::from_le_bytes([*a, *b]);
        if *omit > 1 || *at_once > 1 {
            return Err(wrong_use(number, "has other flags than 0 and 1"));
        }
        let found = Use { position, omit: *omit != 0, at_once: *at_once != 0 };
        if position != 0 {
            if !constraint.usable {
                return Err(wrong_use(number, "is not usable"));
            }
            match taken.get_mut(usize::from(position) - 1) {
                Some(taken) if !*taken => *taken = true,
                _ => return Err(wrong_use(number, "has a position that is taken or too high")),
            }
        }
        if found.at_once && (position == 0 || !constraint.in_at_once) {
            return Err(wrong_use(number, "cannot be had at once"));
        }
        uses.push(found);
    }
    let count = taken.iter().filter(|taken| **taken).count();
    if taken[..count].contains(&false) {
        return Err(wrong("the positions in its plan have gaps".to_owned()));
    }
    Ok(uses)
}

#[cold]
fn wrong(what: String) -> Box<CallError> {
    CallError::Protocol(what).into()
}

#[cold]
fn wrong_use(constraint: usize, what: &str) -> Box<CallError> {
    wrong(format!("constraint {constraint} of its plan {what}"))
}

/// A value that is passed to `filter`.
pub enum FilterValue {
    /// A value with its subtype.
    One(crate::Value, u8),
    /// A NULL, or what a NULL stands for.
    Null(Null),
    /// All values of an IN.
    All(Vec<crate::Value>),
}

/// The arguments of `filter`, for the instance that these pointers belong to.
pub(super) fn filter(
    cursor: i64,
    number: i32,
    text: Option<&str>,
    values: &[FilterValue],
    instance: usize,
    bytes_max: usize,
) -> CallResult<Image> {
    const BEFORE: usize = 3;
    /// Offset of the subtype in a record.
    const SUBTYPE: usize = 1;
    let mut image = Image::new(BEFORE + values.len(), bytes_max);
    image.record(Image::argument(0), ValueRef::Integer(cursor))?;
    image.record(Image::argument(1), ValueRef::Integer(number.into()))?;
    image.record(Image::argument(2), text.map_or(ValueRef::Null, ValueRef::Text))?;
    for (position, value) in (BEFORE..).zip(values) {
        let place = Image::argument(position);
        match value {
            FilterValue::One(value, subtype) => {
                image.record(place, value.as_ref())?;
                image.write(place + SUBTYPE, &[*subtype]);
            }
            FilterValue::Null(null) => image.write(place, &null.record(instance).to_bytes()),
            FilterValue::All(values) => {
                const COUNT: usize = 8;
                let start = image.blob(place, COUNT + values.len() * Record::SIZE)?;
                image.write(start, &(values.len() as u32).to_le_bytes());
                for (i, value) in values.iter().enumerate() {
                    image.record(start + COUNT + i * Record::SIZE, value.as_ref())?;
                }
            }
        }
    }
    Ok(image)
}
