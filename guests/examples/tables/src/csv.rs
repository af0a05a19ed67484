//! CSV text ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)) as a table.

use commensal_sdk::{
    Connect, Constraint, FilterValues, Operator, Plan, Request, RowWriter, ValueRef, VirtualCursor,
    VirtualTable,
};

/// `CREATE VIRTUAL TABLE t USING csv('…')`, or `csv(X'…')` for a blob. The first record names the columns,
/// the others are rows of text. Rows are numbered from 1.
///
/// The table compares columns with text, and looks up rowids, so that rows that do not match never reach the
/// database.
pub struct Csv {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[commensal_sdk::virtual_table(name = "csv")]
impl VirtualTable for Csv {
    type Cursor = Scan;
    type Error = String;

    fn connect(connect: &Connect<'_>) -> Result<Self, String> {
        // SQLite splits at commas outside of quotes and parentheses, and a literal keeps its commas in quotes.
        let [literal] = connect.arguments else {
            return Err("csv: one argument is needed, the text or blob to read".into());
        };
        let mut records = records(&content(literal)?)?;
        if records.is_empty() {
            return Err("csv: there is no record that names the columns".into());
        }
        let columns = records.remove(0);
        for (row, record) in (1..).zip(&mut records) {
            if record.len() > columns.len() {
                return Err(format!(
                    "csv: row {row} has {} fields for {} columns",
                    record.len(),
                    columns.len()
                ));
            }
            record.resize(columns.len(), String::new());
        }
        Ok(Self { columns, rows: records })
    }

    fn declaration(&self) -> String {
        let column = |name: &String| format!("\"{}\" TEXT", name.replace('"', "\"\""));
        let columns: Vec<_> = self.columns.iter().map(column).collect();
        format!("CREATE TABLE csv({})", columns.join(", "))
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn best_index(&self, request: &Request<'_>) -> Result<Option<Plan>, String> {
        let rows = self.rows.len() as f64;
        let mut plan = Plan::scan(request, rows + 1.0, self.rows.len() as i64);
        // The text of a plan says for each value the column and the comparison.
        for (number, constraint) in request.constraints.iter().enumerate() {
            if !can_use(constraint) {
                continue;
            }
            plan.use_value(number, false);
            plan.text.push_str(&format!("{} {};", constraint.column, constraint.operator.0));
            if constraint.column < 0 && constraint.operator == Operator::EQ {
                (plan.cost, plan.rows, plan.unique) = (1.0, 1, true);
            } else if constraint.operator == Operator::EQ {
                (plan.cost, plan.rows) = (plan.cost / 2.0, plan.rows / 10 + 1);
            } else {
                plan.rows = plan.rows / 2 + 1;
            }
        }
        plan.ordered = matches!(request.order[..], [term] if term.column == -1 && !term.descending);
        Ok(Some(plan))
    }

    fn open(&mut self) -> Result<Scan, String> {
        Ok(Scan { next: 0, tests: Vec::new() })
    }
}

/// Whether this table can make the comparison.
fn can_use(constraint: &Constraint<'_>) -> bool {
    const OPERATORS: [Operator; 5] =
        [Operator::EQ, Operator::GT, Operator::GE, Operator::LT, Operator::LE];
    constraint.usable
        && (constraint.column >= 0 && constraint.collation == "BINARY" || constraint.column == -1)
        && OPERATORS.contains(&constraint.operator)
}

/// A scan of the rows that pass all tests.
pub struct Scan {
    next: usize,
    tests: Vec<Test>,
}

/// A comparison: column, operator, value.
struct Test(i32, Operator, Operand);

enum Operand {
    Rowid(i64),
    Text(String),
}

impl VirtualCursor<Csv> for Scan {
    fn filter(
        &mut self,
        _: &mut Csv,
        _plan: i32,
        text: Option<&str>,
        values: &FilterValues<'_>,
    ) -> Result<(), String> {
        (self.next, self.tests) = (0, Vec::new());
        let parts = text.unwrap_or_default().split_terminator(';');
        for (part, value) in parts.zip(values.iter()) {
            let (column, operator) = part.split_once(' ').ok_or("csv: an unknown plan")?;
            let column: i32 = column.parse().map_err(|_| "csv: an unknown plan")?;
            let operator = Operator(operator.parse().map_err(|_| "csv: an unknown plan")?);
            // Values of other classes follow rules that only the database knows, and it checks them again.
            match value {
                ValueRef::Integer(i) if column == -1 => {
                    self.tests.push(Test(column, operator, Operand::Rowid(*i)));
                }
                ValueRef::Text(t) if column >= 0 => {
                    self.tests.push(Test(column, operator, Operand::Text((*t).to_owned())));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn next(&mut self, table: &mut Csv, row: &mut RowWriter<'_>) -> Result<bool, String> {
        while let Some(fields) = table.rows.get(self.next) {
            self.next += 1;
            let rowid = self.next as i64;
            if self.tests.iter().all(|test| test.passes(rowid, fields)) {
                row.rowid(rowid);
                for field in fields {
                    row.push(field.as_str())?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Test {
    fn passes(&self, rowid: i64, fields: &[String]) -> bool {
        let Self(column, operator, operand) = self;
        let order = match operand {
            Operand::Rowid(other) => rowid.cmp(other),
            Operand::Text(other) => match fields.get(*column as usize) {
                Some(field) => field.as_bytes().cmp(other.as_bytes()),
                None => return true,
            },
        };
        match *operator {
            Operator::EQ => order.is_eq(),
            Operator::GT => order.is_gt(),
            Operator::GE => order.is_ge(),
            Operator::LT => order.is_lt(),
            _ => order.is_le(),
        }
    }
}

/// The text in an SQL literal.
fn content(literal: &str) -> Result<String, String> {
    let literal = literal.trim();
    let quoted = |text: &str| -> Option<String> {
        Some(text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))
    };
    if let Some(hex) = literal.strip_prefix(['x', 'X']).and_then(quoted) {
        let digit = |b: u8| char::from(b).to_digit(16);
        let bytes: Option<Vec<u8>> = match hex.as_bytes().as_chunks::<2>() {
            (pairs, []) => {
                pairs.iter().map(|[a, b]| Some((digit(*a)? * 16 + digit(*b)?) as u8)).collect()
            }
            _ => None,
        };
        let bytes = bytes.ok_or("csv: the argument is no blob literal")?;
        return String::from_utf8(bytes).map_err(|e| format!("csv: the blob: {e}"));
    }
    quoted(literal).ok_or_else(|| "csv: the argument is neither a text nor a blob literal".into())
}

/// The records of CSV text.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    let mut begun = false;
    while let Some(c) = chars.next() {
        begun = true;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            c if quoted => field.push(c),
            ',' => record.push(std::mem::take(&mut field)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
                begun = false;
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err("csv: a quotation mark is not closed".into());
    }
    if begun {
        record.push(field);
        records.push(record);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(literal: &str) -> Result<Csv, String> {
        Csv::connect(&Connect {
            module: "csv",
            database: "main",
            table: "t",
            arguments: &[literal],
        })
    }

    #[test]
    fn records_are_split_as_the_rfc_says() {
        let table = table("'a,\"b \"\"c\"\"\"\r\n1,\"x\ny\"\n2\n'").unwrap();
        assert_eq!(table.columns, ["a", "b \"c\""]);
        assert_eq!(table.rows, [["1", "x\ny"], ["2", ""]]);
        assert_eq!(table.declaration(), "CREATE TABLE csv(\"a\" TEXT, \"b \"\"c\"\"\" TEXT)");
    }

    #[test]
    fn literals_are_read_and_refused() {
        assert_eq!(table("X'610a62'").unwrap().rows, [["b"]]);
        assert_eq!(table("'it''s'").unwrap().columns, ["it's"]);
        for (literal, message) in [
            ("a,b", "neither a text nor a blob literal"),
            ("X'6'", "no blob literal"),
            ("X'ff'", "invalid utf-8"),
            ("''", "no record"),
            ("'a\n1,2'", "row 1 has 2 fields for 1 columns"),
            ("'\"a'", "not closed"),
        ] {
            let error = table(literal).err().unwrap();
            assert!(error.contains(message), "{literal}: {error}");
        }
    }

    #[test]
    fn plans_use_what_can_be_compared_here() {
        let table = table("'a\n1\n2'").unwrap();
        let constraint = |column, operator, usable, collation| Constraint {
            column,
            operator,
            usable,
            is_in: false,
            value: None,
            collation,
        };
        let request = Request {
            constraints: vec![
                constraint(0, Operator::EQ, true, "NOCASE"),
                constraint(0, Operator::GE, true, "BINARY"),
                constraint(-1, Operator::EQ, true, "BINARY"),
                constraint(0, Operator::EQ, false, "BINARY"),
                constraint(0, Operator::LIKE, true, "BINARY"),
            ],
            ..Request::default()
        };
        let plan = table.best_index(&request).unwrap().unwrap();
        assert_eq!((plan.text.as_str(), plan.unique, plan.ordered), ("0 32;-1 2;", true, false));
    }
}
