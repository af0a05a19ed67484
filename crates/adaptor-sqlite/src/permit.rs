//! Whether a guest's statement may run, judged by what its [`Program`] does.
//!
//! SQLite before 3.51 compiles every statement as if the application had written it. Even a newer one
//! lets an attacker's SQL call functions that nobody declared harmless. So each function and virtual
//! table is looked up here, and what is not known to be harmless is refused.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use commensal_core::ddl::lexer::{Lexer, Token, TokenKind};
use commensal_core::ddl::name;
use commensal_core::host::calls::{self, check_rights};
use commensal_core::limits::{Capabilities, Capability};
use commensal_core::manifest::function_key;
use commensal_core::{Result, ValueRef};

use crate::function_list::{Call, Kind};
use crate::known::Known;
use crate::program::{Author, MAIN, Program, TEMP};
use crate::refusal::{is_of_catalog, of_full_text, refusal};
use crate::root::Root;
use crate::schema::{self, schema_of};
use crate::sorts_alone::SortsAlone;
use crate::sql::{Examine, Examined, Moment, gone};
use crate::state::ConnectionState;
use crate::statement::Statement;
use crate::{full_text, permit_schema, permit_tables as tables};

/// Built-in functions that are not for guests.
const BUILTINS_REFUSED: &[&str] = &["load_extension", "sqlite_log"];

/// Functions that only SQLite can call, in statements that it makes itself.
const INTERNAL: &[&str] = &[
    "sqlite_add_constraint",
    "sqlite_drop_column",
    "sqlite_drop_constraint",
    "sqlite_fail",
    "sqlite_find_constraint",
    "sqlite_rename_column",
    "sqlite_rename_quotefix",
    "sqlite_rename_table",
    "sqlite_rename_test",
    "stat_get",
    "stat_init",
    "stat_push",
];

/// Functions of Commensal's that call definitions, which have no more rights than the guest.
const OURS: &[&str] = &["wasm_call"];

/// What examines the statements of guests of a connection.
pub(crate) struct Examiner {
    state: Weak<ConnectionState>,
    /// What was found out for earlier statements.
    known: RefCell<Option<Known>>,
}

impl Examiner {
    /// The examiner of the connection with this state.
    pub(crate) fn new(state: &Rc<ConnectionState>) -> Self {
        Self { state: Rc::downgrade(state), known: RefCell::default() }
    }
}

impl Examine for Examiner {
    fn prepare(&self, sql_and_nul: &[u8]) -> Result<(Option<Statement>, usize)> {
        let state = self.state.upgrade().ok_or_else(gone)?;
        prepare(&state, &self.known, sql_and_nul)
    }

    fn examine(&self, sql: &[u8], statement: &Statement, rights: Capabilities) -> Result<Examined> {
        let state = self.state.upgrade().ok_or_else(gone)?;
        examine(&state, &self.known, sql, statement, rights)
    }

    fn check_writes(&self, examined: &Examined) -> Result<()> {
        let state = self.state.upgrade().ok_or_else(gone)?;
        if !state.environment().settings.writes_under_reads && !state.handle.is_writing() {
            return Err(refusal(
                "a guest can write only under a statement that writes, and SQLite takes this one for one that reads \
                 (writes_under_reads)",
            ));
        }
        let written = examined.written.as_slice();
        let changes_schema = written.iter().any(Root::is_schema);
        if let Some(moment) = state.services.sql.moment() {
            check_moment(moment, changes_schema, examined.only_adds)?;
        }
        if !changes_schema && (written.is_empty() || !state.handle.is_writing()) {
            return Ok(());
        }
        Known::with(&self.known, state.handle, |known| check_writes(&state, known, written))
    }

    fn begin_statement(&self) -> Result<Option<SortsAlone>> {
        let state = self.state.upgrade().ok_or_else(gone)?;
        let collations = state.collations.borrow();
        let mut sorts_alone = None;
        for slot in collations.values() {
            slot.look_again();
            sorts_alone.get_or_insert_with(|| SortsAlone::new(state.handle));
        }
        Ok(sorts_alone)
    }

    fn finalize(&self) {
        let known = self.known.take();
        drop(known);
    }
}

/// Finds out whether a guest with these rights may run a compiled statement, and what that would do.
/// `sql` is the text of this statement alone.
///
/// # Errors
/// The guest may not.
fn examine(
    state: &ConnectionState,
    kept: &RefCell<Option<Known>>,
    sql: &[u8],
    statement: &Statement,
    rights: Capabilities,
) -> Result<Examined> {
    let writes = !statement.is_readonly();
    let needs =
        if writes { Capabilities::NONE.with(Capability::SqlWrite) } else { Capabilities::NONE };
    if statement.is_explain() {
        // It tells of what it explains.
        let explained = explained(text_of(sql)?).as_bytes();
        let examined = examine_program(state, kept, explained, needs, rights)?;
        return Ok(Examined { written: Vec::new(), ..examined });
    }
    examine_program(state, kept, sql, needs, rights)
}

/// The text after EXPLAIN or EXPLAIN QUERY PLAN.
fn explained(text: &str) -> &str {
    let mut lexer = Lexer::new(text);
    let explain = lexer.first();
    let (query, plan) = (lexer.significant(), lexer.significant());
    let end = if query.is("QUERY") && plan.is("PLAN") { plan.end() } else { explain.end() };
    &text[end..]
}

/// Finds out what the program of a statement would do. `needs` are the capabilities that it is known to need.
fn examine_program(
    state: &ConnectionState,
    kept: &RefCell<Option<Known>>,
    sql: &[u8],
    needs: Capabilities,
    rights: Capabilities,
) -> Result<Examined> {
    // Checked first, so that the guest learns nothing else about the statement.
    check_rights(needs, rights).map_err(refusal)?;
    let program = Program::read(state, sql, Author::Guest)?;
    let text = text_of(sql)?;
    check_instructions(state, &program, text)?;
    check_catalog(state, &program)?;
    check_shadows(state, &program)?;
    let only_adds = permit_schema::only_adds(text);
    let sorts = program.sorts;
    if program.writes_schema(MAIN) {
        Known::with(kept, state.handle, |known| permit_schema::check(state, known, text, rights))?;
    }
    if program.calls.is_empty()
        && program.virtual_tables.is_empty()
        && program.drops_virtual.is_empty()
    {
        let written = program.written();
        return Ok(Examined { needs, work: program.work, sorts, written, only_adds });
    }
    Known::with(kept, state.handle, |known| {
        let first = Lexer::new(text).first();
        let needs = check_calls(state, known, &program.calls, needs, first)?;
        check_rights(needs, rights).map_err(refusal)?;
        let mut work = program.work;
        work.add_search(tables::check(state, known, &program, text)?);
        let written = program.written();
        Ok(Examined { needs, work, sorts, written, only_adds })
    })
}

/// Compiles the first statement of a text, unless SQLite would need all memory or all of the stack for
/// it. Returns the statement, or `None` if there is none, and the offset after it.
///
/// # Errors
/// The statement is too large, with the views and triggers that it uses; SQLite reports an error.
fn prepare(
    state: &ConnectionState,
    kept: &RefCell<Option<Known>>,
    sql_and_nul: &[u8],
) -> Result<(Option<Statement>, usize)> {
    let sql = sql_and_nul.strip_suffix(&[0]).unwrap_or(sql_and_nul);
    let text = text_of(sql)?;
    Known::with(kept, state.handle, |known| known.check_size(state, text))?;
    state.handle.prepare_once(sql_and_nul)
}

/// Checks a statement that writes within a method of a virtual table. After ALTER, SQLite reads the schema again, and with
/// it frees the table that it is about to finish.
fn check_moment(moment: Moment, changes_schema: bool, only_adds: bool) -> Result<()> {
    match moment {
        Moment::Boundary => Err(refusal(
            "a guest can write nothing while a transaction begins, ends or goes back, a cursor is closed or an aggregate \
             gives its result",
        )),
        Moment::Connect => {
            Err(refusal("a guest can write nothing while its virtual table is opened"))
        }
        Moment::Savepoint if changes_schema => {
            Err(refusal("a guest can change no schema while a savepoint is set or released"))
        }
        Moment::Create if changes_schema && !only_adds => Err(refusal(
            "while its virtual table is made, a guest can add tables and indexes, and change nothing else of a schema",
        )),
        _ => Ok(()),
    }
}

fn check_writes(state: &ConnectionState, known: &mut Known, written: &[Root]) -> Result<()> {
    let changes_schema = written.iter().any(Root::is_schema);
    if changes_schema {
        state.handle.for_each_running(|sql| match tables::look_up_tables(state, sql)? {
            false => Ok(()),
            true => Err(refusal(
                "a guest can change no schema while a statement uses a virtual table that looks for others",
            )),
        })?;
    }
    state.handle.for_each_writing(|sql| {
        let Some(theirs) = known.written(state, sql)? else { return Ok(()) };
        if changes_schema {
            return Err(refusal(
                "a guest can change no schema while a statement that writes runs: that goes on with the tables, \
                 indexes and triggers as they were",
            ));
        }
        match written.iter().any(|root| theirs.contains(root)) {
            false => Ok(()),
            true => Err(refusal(
                "a guest cannot write a table that a running statement writes, too",
            )),
        }
    })
}

fn text_of(sql: &[u8]) -> Result<&str> {
    std::str::from_utf8(sql).map_err(|_| refusal("the statement is not UTF-8"))
}

fn check_instructions(state: &ConnectionState, program: &Program, text: &str) -> Result<()> {
    if let Some(opcode) = &program.refused {
        return Err(refusal(format!("the statement is not for guests: it does {opcode}")));
    }
    if program.reaches_attached {
        return Err(refusal(
            "attached databases are not for guests: they reach main and temp only",
        ));
    }
    if program.can_roll_back {
        // INSERT OR ROLLBACK does this, and so may a table or a trigger of the file.
        return Err(refusal(
            "ROLLBACK is not for guests: the transaction belongs to whoever called the guest",
        ));
    }
    let first = Lexer::new(text).first();
    if first.is("PRAGMA") && tables::has_attached(state)? && !is_of_own_table(state, text)? {
        return Err(refusal(
            "pragmas are not for guests while a database is attached: they tell of it, too, but for \
             main.table_info and main.table_xinfo",
        ));
    }
    let is = |words: &[&str]| words.iter().any(|word| first.is(word));
    // SQLite trusts what is in `temp` as it trusts the application. A change in `main` may have to be
    // noted there, too.
    let is_of_main = is(&["ALTER", "DROP"]) && program.writes_schema(MAIN);
    if program.writes_schema(TEMP) && !is_of_main {
        return Err(refusal("guests cannot change what there is in temp"));
    }
    if program.writes_schema(MAIN) && !is(&["CREATE", "ALTER", "DROP", "ANALYZE"]) {
        return Err(refusal("the schema's table is not for guests to write"));
    }
    // The statement that called the guest goes on, and was compiled for the tables as they are.
    if first.is("ALTER") && Lexer::new(text).has_word("DROP") {
        return Err(refusal(
            "columns are not for guests to drop: the statement that called the guest reads rows as they were",
        ));
    }
    if program.makes_virtual && !tables::is_made_by_guests(state, text) {
        return Err(refusal(
            "guests can only make virtual tables of definitions, of full-text search and R-trees",
        ));
    }
    Ok(())
}

/// Whether this is a PRAGMA that tells of one table, and names main or temp as its schema. SQLite looks nowhere else then,
/// unless a view in temp shows attached tables.
fn is_of_own_table(state: &ConnectionState, text: &str) -> Result<bool> {
    let mut lexer = Lexer::new(text);
    lexer.first();
    let (schema, dot, pragma) = (lexer.significant(), lexer.significant(), lexer.significant());
    let (Some(schema), Some(pragma)) = (name(&schema), name(&pragma)) else { return Ok(false) };
    let is = |text: &str, others: &[&str]| others.iter().any(|o| text.eq_ignore_ascii_case(o));
    if dot.kind != TokenKind::Dot || !is(&pragma, &["table_info", "table_xinfo"]) {
        return Ok(false);
    }
    if !is(&schema, &["temp"]) {
        return Ok(is(&schema, &["main"]));
    }
    let mut has_views = false;
    let sql = "SELECT 1 FROM temp.sqlite_master WHERE type = 'view' LIMIT 1";
    state.handle.query(sql, &[], &mut |_| {
        has_views = true;
        Ok(())
    })?;
    Ok(!has_views)
}

/// Refuses to write the tables behind full-text search and R-trees, whose modules trust what they wrote there.
fn check_shadows(state: &ConnectionState, program: &Program) -> Result<()> {
    for root in program.roots.iter().filter(|root| root.writes && !root.is_schema()) {
        let Some(schema) = schema_of(root.database) else { continue };
        if let Some((shadow, table)) = schema::shadow(state, schema, root.page)? {
            return Err(refusal(format!(
                "{shadow} is not for guests to write: it belongs to the virtual table {table}"
            )));
        }
    }
    Ok(())
}

/// Refuses the tables of definitions, which tell what other guests are and where they came from.
fn check_catalog(state: &ConnectionState, program: &Program) -> Result<()> {
    let mut pages = program.roots.iter().filter(|root| root.database == MAIN && root.page > 1);
    if pages.next().is_none() {
        return Ok(());
    }
    let mut found = None;
    state.handle.query("SELECT tbl_name, rootpage FROM main.sqlite_master", &[], &mut |row| {
        let (Ok(ValueRef::Text(name)), Ok(ValueRef::Integer(page))) =
            (row.column(0), row.column(1))
        else {
            return Ok(());
        };
        let is_opened = || program.roots.iter().any(|r| r.database == MAIN && r.page == page);
        if is_of_catalog(name) && is_opened() {
            found = Some(name.to_owned());
        }
        Ok(())
    })?;
    match found {
        Some(name) => Err(refusal(format!("{name} is not for guests: it holds definitions"))),
        None => Ok(()),
    }
}

/// Checks the calls. Returns `needs` with what the calls need besides.
fn check_calls(
    state: &ConnectionState,
    known: &mut Known,
    calls: &[Call],
    mut needs: Capabilities,
    first: Token<'_>,
) -> Result<Capabilities> {
    // Only these statements call them. Elsewhere the name is a function of the application's.
    let internal = if first.is("ALTER") || first.is("ANALYZE") { INTERNAL } else { &[] };
    for call in calls {
        let name = call.name.as_str();
        if internal.contains(&name)
            || OURS.contains(&name)
            || is_definition(state, call)
            || state.placeholders.has(call)
        {
            continue;
        }
        needs = calls::needed_for(name).iter().fold(needs, Capabilities::with);
        if BUILTINS_REFUSED.contains(&name) {
            return Err(refusal(format!("{name}() is not for guests")));
        }
        let why = match known.function(state, call)? {
            Kind::Harmless => continue,
            _ if full_text::is_known(name) => return Err(of_full_text(name)),
            Kind::Unlisted => "SQLite does not say what kind of function it is",
            Kind::Unknown => "who registered it did not say that it is harmless (SQLITE_INNOCUOUS)",
            Kind::Direct => "it is for the application's own statements only (SQLITE_DIRECTONLY)",
        };
        return Err(refusal(format!("{name}() is not for guests: {why}")));
    }
    Ok(needs)
}

/// Whether the function belongs to a definition, which has rights of its own.
fn is_definition(state: &ConnectionState, call: &Call) -> bool {
    let arguments = i32::try_from(call.arguments);
    arguments.is_ok_and(|arguments| state.has_slot(&function_key(&call.name, arguments)))
}
