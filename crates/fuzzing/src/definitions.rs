//! Sequences of CREATE, DROP and transaction control, compared with a trivial model.

use std::sync::Arc;

use commensal::{Database, Engine, Options};

use crate::model::{Model, NAMES, Statement};
use crate::script::{Script, Scripted};

/// Runs one sequence on its own database. Returns true if something was created.
///
/// # Panics
/// The database and the model differ.
pub fn run(engine: &'static dyn Engine, data: &[u8]) -> bool {
    let options = Options::new().engine(engine).runtime(Arc::new(Scripted));
    let connection =
        Database::open_in_memory(options).and_then(|it| it.connect()).expect("a database");
    let mut script = Script::new(data);
    let mut model = Model::default();
    let mut done = Vec::new();
    let mut is_accepted = false;
    for _ in 0..16 {
        let statement = Statement::new(&mut script);
        let result = statement.execute(&connection);
        let expected = model.execute(&statement);
        done.push(statement);
        assert_eq!(result.is_ok(), expected, "{done:?}: {result:?}");
        assert_eq!(connection.is_autocommit(), model.marks.is_empty(), "{done:?}");
        for name in NAMES {
            let value = connection.query_row(&format!("SELECT {name}()"), (), |row| row.get(0));
            let expected = model.now.get(name).map(|&digit| i64::from(digit));
            assert_eq!(value.ok(), expected, "{name}() after {done:?}");
        }
        is_accepted |= !model.now.is_empty();
        if script.is_at_end() {
            break;
        }
    }
    is_accepted
}
