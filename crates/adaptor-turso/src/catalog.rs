//! The connection as the core uses it to write definitions.

use std::sync::Arc;

use commensal_core::catalog::CatalogReader;
use commensal_core::define::EngineNames;
use commensal_core::environment::Environment;
use commensal_core::host::HostServices as _;
use commensal_core::manifest::Type;
use commensal_core::registry::Registry;
use commensal_core::write::CatalogAccess;
use commensal_core::{Result, ValueRef};

use crate::connection::TursoConnection;
use crate::reader::Reader;
use crate::running::execute;
use crate::schema_names::Names;
use crate::types;

impl CatalogAccess for &TursoConnection {
    fn environment(&self) -> &Environment {
        &self.state.environment
    }

    fn registry(&self) -> Arc<Registry> {
        self.state.registry()
    }

    fn current(&self) -> Result<Arc<Registry>> {
        self.state.current()
    }

    fn refresh(&self) -> Result<Arc<Registry>> {
        self.state.refresh()
    }

    fn names<'a>(&'a self, _: &'a Registry) -> Box<dyn EngineNames + 'a> {
        Box::new(Names(&self.state))
    }

    fn is_autocommit(&self) -> bool {
        self.state.connection.get_auto_commit()
    }

    fn is_writing(&self) -> bool {
        self.writing.get() > 0
    }

    fn execute(&self, sql: &str, parameters: &[ValueRef<'_>]) -> Result<()> {
        execute(&self.state, sql, parameters)
    }

    fn reader(&self) -> Box<dyn CatalogReader + '_> {
        Box::new(Reader(&self.state))
    }

    fn change_types(&self, before: &[Type], after: &[Type]) -> Result<()> {
        if !self.state.connection.experimental_custom_types_enabled() {
            return Ok(());
        }
        for ty in before.iter().filter(|ty| !after.contains(ty)) {
            execute(&self.state, &types::drop(ty), &[])?;
        }
        for ty in after.iter().filter(|ty| !before.contains(ty)) {
            execute(&self.state, &types::create(ty)?, &[])?;
        }
        Ok(())
    }

    fn random(&self, into: &mut [u8]) -> Result<(), String> {
        self.state.services.random(into)
    }

    fn last_insert_rowid(&self) -> i64 {
        self.rowid()
    }

    fn set_last_insert_rowid(&self, rowid: i64) {
        self.set_rowid(rowid);
    }
}
