//! An application's own engine, which the facade opens like any other.

use std::path::Path;
use std::sync::Arc;

use commensal::core::database::{Engine, Feature, OpenDatabase, OpenOptions};
use commensal::core::environment::Environment;
use commensal::{Database, ENGINES, ErrorKind, Result, Sqlite, engine};

use crate::support::{connect, constant, create, integer, options};

/// SQLite under a name that this build does not know. It refuses to open read-only.
struct Own;

impl Engine for Own {
    fn name(&self) -> &'static str {
        "own"
    }

    fn features(&self) -> &'static [Feature] {
        &[]
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<Box<dyn OpenDatabase>> {
        if options.read_only {
            return Err(commensal::Error::new(ErrorKind::Engine, "it only writes"));
        }
        Sqlite.open(path, options)
    }

    fn open_in_memory(
        &self,
        options: &OpenOptions,
        environment: &Arc<Environment>,
    ) -> Result<Box<dyn OpenDatabase>> {
        Sqlite.open_in_memory(options, environment)
    }
}

#[test]
fn an_engine_of_the_applications_own_is_an_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let own = || options().engine(&Own);
    for database in [Database::open(&path, own()), Database::open_in_memory(own())] {
        let database = database.unwrap();
        let connection = connect(&database);
        create(&connection, "f", &constant(7), "").unwrap();
        assert_eq!(integer(&connect(&database), "SELECT f()"), Ok(7));
        assert_eq!(integer(&connection, "SELECT f()"), Ok(7));
        assert!(format!("{database:?}").contains("own"), "{database:?}");
    }
    // It gets the options, and two engines do not open one file.
    let error = Database::open(&path, own().read_only(true)).unwrap_err();
    assert_eq!(error.message(), "it only writes");
    let open = Database::open(&path, own()).unwrap();
    let error = Database::open(&path, options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert!(error.message().contains("with sqlite: this process has it open with own"), "{error}");
    drop(open);
    assert_eq!(integer(&connect(&Database::open(&path, options()).unwrap()), "SELECT f()"), Ok(7));
}

#[test]
fn engines_of_this_build_have_names() {
    for known in ENGINES {
        assert_eq!(engine(known.name()).unwrap().to_string(), known.name());
    }
    let error = engine("own").expect_err("this build has none");
    assert!(error.message().starts_with("unknown engine \"own\"; known are sqlite"), "{error}");
}
