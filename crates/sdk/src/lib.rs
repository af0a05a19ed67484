//! Write SQL functions in Rust and call them from SQLite-family databases: the guest side of
//! [Commensal](https://docs.rs/commensal).
//!
//! Put [`function`] on ordinary functions of a `cdylib` crate and build it for
//! `wasm32-unknown-unknown`:
//!
//! ```
//! /// The initials of a name.
//! #[commensal_sdk::function(deterministic)]
//! fn initials(name: &str) -> String {
//!     name.split_whitespace().filter_map(|word| word.chars().next()).collect()
//! }
//!
//! // It stays an ordinary function: test it natively.
//! assert_eq!(initials("Ada Lovelace"), "AL");
//! ```
//!
//! ```sql
//! CREATE EXTENSION names LANGUAGE wasm AS file://names.wasm;
//! SELECT initials('Ada Lovelace');   -- AL
//! ```
//!
//! # Types
//!
//! | Parameter | SQL type | Note |
//! |---|---|---|
//! | `i64` | integer | |
//! | `i32` | integer | an integer that does not fit into 32 bits is an SQL error |
//! | `bool` | integer | 0 is false, every other integer is true, as in SQL |
//! | `f64` | real | the host converts integers |
//! | `&str`, `String` | text | `&str` copies nothing |
//! | `&[u8]`, `Vec<u8>` | blob | `&[u8]` copies nothing |
//! | [`ValueRef`], [`Value`] | any, also NULL | |
//! | `Option<T>` | that of `T`, also NULL | |
//! | `&[T]`, the last one | any number of `T` | `&[Value]`, `&[ValueRef]`, `&[i64]`, `&[Option<&str>]`, … |
//!
//! When an argument is NULL and its parameter does not take NULL, the result is NULL and the function
//! is not called.
//!
//! Results have the same types (`bool` becomes 0 or 1), owned or borrowed from the arguments, and also
//! `Cow`. `()` and `None` are NULL. `Result<T, E>` with any `E: Display` makes the error's text the
//! SQL error. NaN becomes NULL in the database.
//!
//! Types of your own join by implementing [`FromArgument`] and [`IntoOutput`].
//!
//! # Panics
//!
//! A panic ends the statement with an SQL error that has the panic's message and place. The database
//! continues with a fresh instance of the module. Return a `Result` for errors that callers should expect,
//! because an error keeps the instance and what it has cached.
//!
//! # Without the standard library
//!
//! With `default-features = false` the crate is `no_std` on WebAssembly and needs an allocator. The
//! feature `no_std_runtime` adds one (dlmalloc, as in Rust's standard library for this target) and a
//! panic handler that reports panics as above. A guest with its own handler calls `fault::report`.
//!
//! # Memory
//!
//! A guest has one thread. Text and blobs of arguments lie in a scratch area, which is valid until the
//! next call. An owned result is freed at the next call. Scalar arguments and results allocate
//! nothing.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
extern crate std;

mod aggregate;
mod collation;
mod custom_type;
#[doc(hidden)]
pub mod export;
#[cfg(target_arch = "wasm32")]
pub mod fault;
pub mod host;
mod manifest;
#[cfg(target_arch = "wasm32")]
mod memory;
mod output;
mod parameter;
pub mod sql;
mod table;

pub use aggregate::{Aggregate, FromArguments, Rest};
/// Makes an implementation of [`Aggregate`] callable from SQL.
///
/// The options are those of [`function`], without `deterministic`. The default of `name = "…"` is made
/// from the type's name: `GeometricMean` becomes `geometric_mean`.
///
/// The module gets an export for each method, named after type and method (`Longest.step`), and a line
/// in its manifest. Types of one module need different names, even if they are in different Rust
/// modules.
#[doc(inline)]
pub use commensal_sdk_macros::aggregate;
/// Makes a function callable from SQL.
///
/// The function itself does not change. On wasm32 the module gets an export and a line in its manifest.
///
/// Options, separated by commas:
/// - `deterministic`: the result depends only on the arguments, now and in every later version
///   that a database may come to use. Databases may then evaluate the function once for equal
///   arguments and use it in indexes and generated columns. This is the author's promise: nothing checks
///   it.
/// - `name = "…"`: the name in SQL; the default is the function's own. Several functions can share one
///   SQL name when they take different numbers of arguments.
///
/// The export has the function's name, with a trailing `_` if the compiler itself calls a function of
/// that name (`pow`, `memcpy`). Functions of one module need different names in Rust, even if they are
/// in different Rust modules.
///
/// ```
/// use commensal_sdk::Value;
///
/// #[commensal_sdk::function(name = "wrap", deterministic)]
/// fn wrap_at(text: &str, width: i32) -> Result<String, String> {
///     let width = usize::try_from(width).map_err(|_| "wrap(): the width is negative")?;
///     let chars: Vec<char> = text.chars().collect();
///     Ok(chars.chunks(width.max(1)).map(|line| line.iter().collect()).collect::<Vec<String>>().join("\n"))
/// }
///
/// /// The number of arguments that are not NULL.
/// #[commensal_sdk::function(deterministic)]
/// fn count_values(values: &[Value]) -> i64 {
///     values.iter().filter(|value| **value != Value::Null).count() as i64
/// }
///
/// assert_eq!(wrap_at("abcde", 2).unwrap(), "ab\ncd\ne");
/// assert_eq!(count_values(&[Value::Null, 1i64.into()]), 1);
/// ```
#[doc(inline)]
pub use commensal_sdk_macros::function;

/// Makes a [`Collation`] usable from SQL.
///
/// Option: `name = "…"`, the name in SQL. The default turns the type's `NaturalSort` into `natural_sort`.
#[doc(inline)]
pub use commensal_sdk_macros::collation;

/// Makes a [`CustomType`] or a [`ParametricType`] usable from SQL.
///
/// Options, separated by commas:
/// - `name = "…"`: the name in SQL. The default turns the type's `UnitPrice` into `unit_price`.
/// - `operators("<" = "price_lt", "=" = "price_eq")`: the functions, by their SQL names, that compare and
///   combine stored values. Each takes two arguments.
#[doc(inline)]
pub use commensal_sdk_macros::custom_type;

pub use collation::Collation;
pub use commensal_abi::{StorageClass, Value, ValueRef};
/// Makes a type a table function of SQL. Put it on the impl block of
/// [`TableFunction`](trait@TableFunction), whose description has an example.
///
/// The impl does not change. On wasm32 the module gets three exports, which are the type's name with
/// `.open`, `.next` and `.close` after it, and a line in its manifest.
///
/// Options, separated by commas:
/// - `name = "…"`: the name in SQL.
/// - `columns("…", …)`: the names of the columns, one for each element of `Row`.
/// - `arguments("…", …)`: the names of the arguments, one for each element of `Arguments`. Leave it out
///   if there are none. SQL sees arguments as hidden columns.
#[doc(inline)]
pub use commensal_sdk_macros::table_function;
/// Makes a type a virtual table of SQL. Put it on the impl block of
/// [`VirtualTable`](trait@VirtualTable), whose description has an example.
///
/// The impl does not change. On wasm32 the module gets an export for each method that the impl block
/// has, and a line in its manifest.
///
/// Options, separated by commas:
/// - `name = "…"`: the name of the module in SQL.
/// - `columns("…", …)`: the columns, each as `"name"`, `"name type"` or `"name type hidden"`, where the
///   type is `integer`, `real`, `text`, `blob` or `any`. Without it,
///   [`declaration`](trait@VirtualTable) returns them.
/// - `eponymous`: the table can be used without CREATE VIRTUAL TABLE, with its hidden columns as
///   arguments.
#[doc(inline)]
pub use commensal_sdk_macros::virtual_table;
pub use custom_type::{CustomType, ParametricType};
pub use output::{IntoOutput, Output};
pub use parameter::{ArgumentError, Class, FromArgument, Type};
pub use table::{
    Change, Connect, Constraint, FilterValues, Operator, Order, Overload, Plan, Request, Row,
    RowWriter, TableFunction, VirtualCursor, VirtualTable,
};
