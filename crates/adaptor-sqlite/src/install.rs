//! Puts Commensal into a connection, whoever opened it.

use std::rc::Rc;
use std::sync::Arc;

use commensal_core::environment::Environment;
use commensal_core::execute::execute;
use commensal_core::{Error, ErrorKind, Result};

use crate::api::{Api, sqlite3};
use crate::catalog::Access;
use crate::permit::Examiner;
use crate::register::Everything;
use crate::state::ConnectionState;
use crate::statement::Handle;
use crate::{builtin, introspection, placeholder, statement_table};

/// Registers the introspection tables and the functions of the catalog. `sees_statements`: whether
/// [`ConnectionState::begin_statement`] is called for each statement, as on our own connections.
pub(crate) fn into(
    handle: Handle,
    environment: Arc<Environment>,
    sees_statements: bool,
) -> Result<Rc<ConnectionState>> {
    if introspection::is_registered(handle)? {
        return Err(Error::new(ErrorKind::Conflict, "Commensal is in this connection already"));
    }
    let state = ConnectionState::new(handle, environment, sees_statements, &Everything);
    state.services.sql.set_examiner(Rc::new(Examiner::new(&state)));
    introspection::register(&state)?;
    builtin::register(&state)?;
    statement_table::register(&state)?;
    if sees_statements {
        placeholder::register(handle, &state.placeholders)?;
    }
    // A catalog that cannot be read does not keep the database from opening. The statement that needs a
    // function reports it.
    let _ = state.current();
    Ok(state)
}

/// Commensal in a connection that the application opened. [`Installed::execute`] runs Commensal's own
/// statements. Functions live until the connection is closed, whether this value is kept or not.
pub struct Installed {
    state: Rc<ConnectionState>,
}

impl Installed {
    /// Registers the introspection tables and the functions that the file's catalog holds.
    ///
    /// # Safety
    /// `db` is an open connection of the SQLite library of `api`, and this value is used only while
    /// it is open, by the thread that uses the connection.
    ///
    /// # Errors
    /// Commensal is in the connection already; SQLite refuses.
    pub unsafe fn new(
        api: &'static Api,
        db: *mut sqlite3,
        environment: Arc<Environment>,
    ) -> Result<Self> {
        // SAFETY: the caller's promise.
        let handle = unsafe { Handle::new(api, db) };
        Ok(Self { state: into(handle, environment, false)? })
    }

    /// Lets SQL of this connection loosen its settings with `wasm_config`, until that locks them again.
    /// Otherwise SQL can only tighten them.
    ///
    /// # Safety
    /// As for [`Installed::new`], for a connection that has Commensal already.
    ///
    /// # Errors
    /// Commensal is not in the connection.
    pub unsafe fn unlock_settings(api: &'static Api, db: *mut sqlite3) -> Result<()> {
        // SAFETY: the caller's promise.
        builtin::unlock(unsafe { Handle::new(api, db) })
    }

    /// Reads the catalog again and registers what is new, such as functions that another connection or
    /// process made.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn refresh(&self) -> Result<()> {
        self.state.refresh()?;
        self.state.tidy()
    }

    /// Runs one statement of Commensal's: CREATE or DROP of a function or an extension. `parameter` is
    /// the value of its only parameter. Returns false if the text is a statement of SQLite's.
    ///
    /// # Errors
    /// What the statement reports.
    pub fn execute(
        &self,
        sql: &str,
        parameter: Option<commensal_core::ValueRef<'_>>,
    ) -> Result<bool> {
        let Some(parsed) = commensal_core::ddl::parse(sql)? else { return Ok(false) };
        let access = Access::new(&self.state);
        execute(&access, &parsed.statement, |_| parameter)?;
        self.state.tidy()?;
        Ok(true)
    }
}
