//! Virtual tables.
//!
//! ```sql
//! CREATE EXTENSION tables LANGUAGE wasm AS file://guests/prebuilt/tables.wasm;
//! CREATE VIRTUAL TABLE cities USING csv('name,people
//! Berne,134000
//! Geneva,203000');
//! SELECT name FROM cities WHERE people > '140000';      -- Geneva
//!
//! CREATE VIRTUAL TABLE notes USING memo;
//! INSERT INTO notes VALUES ('a', 1);
//! ```

mod csv;
mod memo;
