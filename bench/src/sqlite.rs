//! SQLite: one connection with the tables and the functions in C, in Rust and as a guest.

use rusqlite::Connection;

use crate::calls::{FILL, Query, Side};
use crate::{Outcome, Size, functions};

/// See the module's description.
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    pub(crate) fn new(size: Size) -> Outcome<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(&FILL.replace("{rows}", &size.rows.to_string()))?;
        functions::register_c(&connection)?;
        functions::register_closures(&connection)?;
        functions::register_guest(&connection)?;
        Ok(Self(connection))
    }
}

impl Side for Sqlite {
    fn title(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn variants(&self) -> &'static [(&'static str, &'static str)] {
        &[("C", "c_"), ("Rust closure (rusqlite)", "rust_"), ("Wasm", "guest_")]
    }

    fn prepare(&self, _: Option<usize>, sql: &str) -> Outcome<Query<'_>> {
        let mut statement = self.0.prepare(sql)?;
        Ok(Box::new(move || Ok(statement.query_row((), |row| row.get(0))?)))
    }
}
