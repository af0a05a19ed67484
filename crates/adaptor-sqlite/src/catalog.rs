//! The connection as the core uses it to write definitions.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::catalog::CatalogReader;
use commensal_core::ddl::lexer::Lexer;
use commensal_core::define::{Dependent, EngineNames};
use commensal_core::environment::Environment;
use commensal_core::host::HostServices as _;
use commensal_core::registry::Registry;
use commensal_core::write::CatalogAccess;
use commensal_core::{Error, ErrorKind, Result, ValueRef};

use crate::attached;
use crate::reader::Reader;
use crate::rebuild::rebuild;
use crate::state::ConnectionState;
use crate::statement::Handle;

/// See the module's description.
pub(crate) struct Access {
    state: Rc<ConnectionState>,
    /// Has the settings from the start of the statement.
    environment: Arc<Environment>,
    /// Statements that write surround it. One of them undoes everything if it fails.
    within: bool,
}

impl Access {
    pub(crate) fn new(state: &Rc<ConnectionState>) -> Self {
        Self { state: Rc::clone(state), environment: state.environment(), within: false }
    }

    /// Within `INSERT INTO wasm_statement`, and the statement that this runs for each row.
    pub(crate) fn within(state: &Rc<ConnectionState>) -> Self {
        Self { within: true, ..Self::new(state) }
    }
}

impl CatalogAccess for Access {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn registry(&self) -> Arc<Registry> {
        self.state.registry()
    }

    fn current(&self) -> Result<Arc<Registry>> {
        self.state.read(false)
    }

    fn refresh(&self) -> Result<Arc<Registry>> {
        self.state.read(true)
    }

    fn names<'a>(&'a self, _: &'a Registry) -> Box<dyn EngineNames + 'a> {
        Box::new(attached::NamesOfMain::new(&self.state))
    }

    fn is_autocommit(&self) -> bool {
        self.state.handle.is_autocommit()
    }

    fn is_writing(&self) -> bool {
        // Those two were counted before it began.
        !self.within && self.state.handle.is_writing()
    }

    fn is_within_statement(&self) -> bool {
        self.within
    }

    fn execute(&self, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()> {
        self.state.handle.execute(sql, parameters)
    }

    fn reader(&self) -> Box<dyn CatalogReader + '_> {
        Box::new(Reader(self.state.handle))
    }

    fn rebuild(&self, dependents: &[Dependent]) -> Result<()> {
        if let Some(dependent) = dependents.first() {
            check_no_reader(self.state.handle, dependent)?;
        }
        rebuild(self.state.handle, dependents)?;
        // An attached file may have been written with another definition than the new one.
        attached::conflict(&self.state)?.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        self.state.services.random(into)
    }

    fn last_insert_rowid(&self) -> i64 {
        self.state.handle.last_insert_rowid()
    }

    fn set_last_insert_rowid(&self, rowid: i64) {
        let handle = self.state.handle;
        // SAFETY: the connection is open.
        unsafe { (handle.api.sqlite3_set_last_insert_rowid)(handle.db(), rowid) };
    }
}

/// Checks that no statement reads while indexes are rebuilt. SQLite takes up its place in an index by a key, which the
/// new version of a definition may put elsewhere.
///
/// # Errors
/// One runs besides those that make the definition.
fn check_no_reader(handle: Handle, dependent: &Dependent) -> Result<()> {
    handle.for_each_running(|sql| {
        let text = String::from_utf8_lossy(sql);
        let has = |word| Lexer::new(&text).has_word(word);
        match has("wasm_statement") || has("wasm_exec") && !has("FROM") {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::InUse,
                format!(
                    "\"{}\" cannot be rebuilt while another statement of this connection runs, which could lose rows: \
                     end it first",
                    dependent.name
                ),
            )),
        }
    })
}
