//! What a guest's statement would do, read from its program.
//!
//! Its text does not tell, because a view or a trigger of the file may call anything. The authorizer would
//! tell, but it belongs to the application. So the statement is compiled once more behind [EXPLAIN], which
//! lists the instructions of its program, with those of triggers and views. Each function, table and
//! virtual table that it can reach is there.
//!
//! [EXPLAIN]: https://www.sqlite.org/opcode.html

use commensal_core::host::calls::Work;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::api::code::*;
use crate::full_text::{self, Columns};
use crate::function_list::Call;
use crate::root::{Root, SCHEMA_ROOT};
use crate::state::ConnectionState;
use crate::statement::Statement;

/// Numbers of databases within a connection.
pub(crate) const MAIN: i64 = 0;
pub(crate) const TEMP: i64 = 1;

/// `OPFLAG_P2ISREG`: a table that the program makes itself.
const IS_REGISTER: i64 = 0x10;

/// `OE_Rollback`
const ROLLBACK: i64 = 1;

/// Instructions that no guest's statement may have. Each changes the transaction or the file as a whole, or
/// runs SQL whose program is not listed.
const REFUSED: &[&str] = &[
    "AutoCommit",
    "Checkpoint",
    "IncrVacuum",
    "JournalMode",
    "MaxPgcnt",
    "Savepoint",
    "SqlExec",
    "VCheck",
    "Vacuum",
];

/// SQLite's `PAGER_JOURNALMODE_QUERY`: the mode stays as it is.
const JOURNAL_MODE_QUERY: i64 = -1;

/// A call of a function that a table of full-text search may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfTable {
    pub(crate) call: Call,
    /// The virtual table, by the address that EXPLAIN shows.
    pub(crate) table: String,
}

/// Whose statement is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// SQLite refuses, where it can, what is not for an attacker's SQL.
    Guest,
    Application,
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) calls: Vec<Call>,
    /// Calls whose first argument is a column of a virtual table. They are the table's own if it has such a
    /// function, and are not among `calls`.
    pub(crate) full_text: Vec<OfTable>,
    pub(crate) roots: Vec<Root>,
    /// Virtual tables, by the address that EXPLAIN shows for each.
    pub(crate) virtual_tables: Vec<String>,
    /// Those that are written.
    pub(crate) updated: Vec<String>,
    /// Those that are searched by a plan which may have a full-text query.
    pub(crate) searched: Vec<String>,
    /// Whether a virtual table is made; and those that are dropped, by database and name.
    pub(crate) makes_virtual: bool,
    pub(crate) drops_virtual: Vec<(i64, String)>,
    /// It reaches a database that is neither `main` nor `temp`.
    pub(crate) reaches_attached: bool,
    /// A conflict or a trigger can end the transaction.
    pub(crate) can_roll_back: bool,
    /// What the time and the memory of a row grow with.
    pub(crate) work: Work,
    /// Whether it sorts rows.
    pub(crate) sorts: bool,
    /// The first instruction that is not for guests.
    pub(crate) refused: Option<String>,
}

impl Program {
    /// Reads the program of the first statement of `sql`, which has to end where the text does.
    ///
    /// # Errors
    /// SQLite cannot compile or explain it; the guest's time is over.
    pub(crate) fn read(state: &ConnectionState, sql: &[u8], author: Author) -> Result<Self> {
        // EXPLAIN goes before the statement's first word.
        let is_before = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b';');
        let start = sql.iter().position(|byte| !is_before(byte)).unwrap_or(sql.len());
        let text = [b"EXPLAIN ", &sql[start..], b"\0"].concat();
        let flags = if author == Author::Guest { SQLITE_PREPARE_FROM_DDL } else { 0 };
        let (statement, used) = state.handle.prepare_first(&text, flags)?;
        let explained = statement.filter(|statement| statement.is_explain());
        let Some(mut statement) = explained.filter(|_| used + 1 == text.len()) else {
            return Err(Error::new(ErrorKind::Engine, "SQLite cannot explain the statement"));
        };
        // SAFETY: it takes nothing.
        let version = unsafe { (state.handle.api.sqlite3_libversion_number)() };
        let (mut program, mut columns) = (Self::default(), Columns::of_version(version));
        while statement.step()? {
            state.services.sql.check_time()?;
            program.add(&Instruction { row: &statement }, &mut columns)?;
        }
        Ok(program)
    }

    fn add(&mut self, instruction: &Instruction<'_>, columns: &mut Columns) -> Result<()> {
        let opcode = instruction.opcode()?;
        match opcode {
            // The program of each trigger follows that of the statement.
            "Init" => columns.begin(),
            "Function" | "Function0" | "PureFunc" | "PureFunc0" => {
                let call = instruction.call()?;
                self.work
                    .add_call(&call.name, usize::try_from(call.arguments).unwrap_or(usize::MAX));
                let table = match full_text::is_known(&call.name) {
                    true => columns.table(instruction.operand(2)?),
                    false => None,
                };
                match table {
                    Some(table) => {
                        let table = table.to_owned();
                        push(&mut self.full_text, OfTable { call, table });
                    }
                    None => push(&mut self.calls, call),
                }
            }
            "AggStep" | "AggStep0" | "AggStep1" | "AggInverse" | "AggValue" | "AggFinal" => {
                let call = instruction.call()?;
                self.work
                    .add_call(&call.name, usize::try_from(call.arguments).unwrap_or(usize::MAX));
                push(&mut self.calls, call);
            }
            "Concat" => self.work.add_value(),
            "SorterOpen" => self.sorts = true,
            // A cast makes the zeros of a blob.
            "Cast" | "Column" | "VColumn" => self.work.add_copies(1),
            "Copy" => {
                let more = usize::try_from(instruction.operand(3)?).unwrap_or(0);
                self.work.add_copies(more.saturating_add(1));
            }
            "Transaction" | "CreateBtree" | "ParseSchema" | "DropTable" | "DropIndex"
            | "DropTrigger" | "VCreate" | "LoadAnalysis" => {
                self.reach(instruction.operand(1)?);
                self.makes_virtual |= opcode == "VCreate";
            }
            "OpenRead" | "OpenWrite" | "ReopenIdx" => {
                if opcode != "OpenWrite" || instruction.flags()? & IS_REGISTER == 0 {
                    let (page, database) = (instruction.operand(2)?, instruction.operand(3)?);
                    self.open(Root { database, page, writes: opcode == "OpenWrite" });
                }
                self.reach(instruction.operand(3)?);
            }
            "Clear" => {
                let (page, database) = (instruction.operand(1)?, instruction.operand(2)?);
                self.open(Root { database, page, writes: true });
            }
            "Destroy" => {
                let (page, database) = (instruction.operand(1)?, instruction.operand(3)?);
                self.open(Root { database, page, writes: true });
            }
            "Halt" | "HaltIfNull" => {
                self.can_roll_back |=
                    instruction.operand(1)? != 0 && instruction.operand(2)? == ROLLBACK;
            }
            "VOpen" | "VUpdate" | "VRename" => {
                let table = instruction.virtual_table()?;
                if opcode == "VOpen" {
                    columns.open(instruction.operand(1)?, &table);
                }
                if opcode == "VUpdate" {
                    push(&mut self.updated, table.clone());
                }
                push(&mut self.virtual_tables, table);
                self.can_roll_back |= opcode == "VUpdate" && instruction.flags()? == ROLLBACK;
            }
            "VFilter" => {
                let is_query = |plan: String| plan.bytes().any(|byte| byte.is_ascii_alphabetic());
                if columns.is_old || instruction.name().is_ok_and(is_query) {
                    let table = columns.of_cursor(instruction.operand(1)?);
                    self.searched.extend(table.map(str::to_owned));
                }
            }
            "VDestroy" => {
                let database = instruction.operand(1)?;
                self.reach(database);
                push(&mut self.drops_virtual, (database, instruction.name()?));
            }
            // CREATE … IF NOT EXISTS and DROP … IF EXISTS with nothing to do only ask for the mode, so that the
            // statement does not count as one that reads.
            "JournalMode" if instruction.operand(3)? == JOURNAL_MODE_QUERY => {}
            _ if REFUSED.contains(&opcode) => {
                self.refused.get_or_insert_with(|| opcode.to_owned());
            }
            _ => {}
        }
        let operands = [1, 2, 3].map(|number| instruction.operand(number));
        match operands {
            [Ok(p1), Ok(p2), Ok(p3)] => columns.add(opcode, [p1, p2, p3]),
            _ => columns.begin(),
        }
        Ok(())
    }

    fn open(&mut self, root: Root) {
        self.reach(root.database);
        push(&mut self.roots, root);
    }

    fn reach(&mut self, database: i64) {
        self.reaches_attached |= ![MAIN, TEMP].contains(&database);
    }

    /// The tables and indexes that it writes.
    pub(crate) fn written(&self) -> Vec<Root> {
        self.roots.iter().filter(|root| root.writes).copied().collect()
    }

    /// Whether it writes the table that holds the schema of a database.
    pub(crate) fn writes_schema(&self, database: i64) -> bool {
        self.roots.contains(&Root { database, page: SCHEMA_ROOT, writes: true })
    }
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// A row of EXPLAIN.
struct Instruction<'a> {
    row: &'a Statement,
}

impl Instruction<'_> {
    fn opcode(&self) -> Result<&str> {
        match self.row.column(1) {
            Ok(ValueRef::Text(opcode)) => Ok(opcode),
            _ => Err(unreadable("an opcode")),
        }
    }

    /// The operand P1, P2 or P3.
    fn operand(&self, number: usize) -> Result<i64> {
        match self.row.column(number + 1) {
            Ok(ValueRef::Integer(operand)) => Ok(operand),
            _ => Err(unreadable("an operand")),
        }
    }

    /// The operand P4, which is a name.
    fn name(&self) -> Result<String> {
        match self.row.column(5) {
            Ok(ValueRef::Text(name)) => Ok(name.to_owned()),
            _ => Err(unreadable("a name")),
        }
    }

    /// The operand P5. Older libraries give it as two hexadecimal digits.
    fn flags(&self) -> Result<i64> {
        match self.row.column(6) {
            Ok(ValueRef::Integer(flags)) => Ok(flags),
            Ok(ValueRef::Text(digits)) => {
                i64::from_str_radix(digits, 16).map_err(|_| unreadable("flags"))
            }
            _ => Err(unreadable("flags")),
        }
    }

    /// The operand P4, which is a function: `name(2)`.
    fn call(&self) -> Result<Call> {
        let text = self.name()?;
        let parts = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
        let call = parts.and_then(|(name, arguments)| {
            Some(Call { name: name.to_ascii_lowercase(), arguments: arguments.parse().ok()? })
        });
        // SQLite cuts off a long name.
        call.ok_or_else(|| unreadable(&format!("the function {text}")))
    }

    /// The operand P4, which is a virtual table: `vtab:` and its address.
    fn virtual_table(&self) -> Result<String> {
        let text = self.name()?;
        match text.starts_with("vtab:") {
            true => Ok(text),
            false => Err(unreadable("a virtual table")),
        }
    }
}

#[cold]
fn unreadable(what: &str) -> Error {
    let message = format!(
        "the program of the statement cannot be read: this SQLite's EXPLAIN gives {what} \
         in another form"
    );
    Error::new(ErrorKind::Denied, message).with_engine_code(SQLITE_AUTH)
}
