//! Translates tables of Turso's proposal, which return one value per call, into our table functions.

use super::declared::DeclaredTable;
use super::exports::demand;
use super::turso::{SPENT, Translation, guest_type};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Column, Eponymous, Table, TableMethod};
use crate::module::{ModuleInfo, TURSO_EXT_INIT as EXT_INIT};
use crate::quote::quoted;

/// Largest number of columns of a table, as in SQLite's defaults.
const COLUMNS_MAX: usize = 2_000;

/// Adds a table.
pub(super) fn translate(
    translation: &mut Translation,
    table: &DeclaredTable,
    info: &ModuleInfo,
) -> Result<()> {
    let ty = guest_type();
    let exports = [&table.open, &table.filter, &table.column, &table.next, &table.rowid];
    for export in exports.into_iter().chain(&table.close) {
        demand(info, export, &ty.params, &ty.results).map_err(|e| {
            let name = quoted(&table.name);
            let what = format!("{EXT_INIT} declares the table {name}, but {}", e.message());
            Error::new(ErrorKind::Manifest, what)
        })?;
    }
    if table.columns.len() > COLUMNS_MAX {
        let (name, count) = (quoted(&table.name), table.columns.len());
        let what = format!(
            "{EXT_INIT} declares the table {name} with {count} columns; {COLUMNS_MAX} are possible"
        );
        return Err(Error::new(ErrorKind::Manifest, what));
    }
    translation.addition.check()?;
    let columns: Vec<Column> = table.columns.iter().map(|column| column.column()).collect();
    let visible: Vec<usize> = (0..columns.len()).filter(|&i| !columns[i].hidden).collect();
    let methods = [
        (TableMethod::Open, open(translation, table)),
        (TableMethod::Next, next(translation, table, &visible)),
        (TableMethod::Close, close(translation, table)),
    ];
    translation.manifest.tables.push(Table {
        name: table.name.clone(),
        columns,
        eponymous: Eponymous::No,
        nochange: false,
        bind: None,
        methods: methods.into(),
    });
    Ok(())
}

/// The name of a method's export, and its literal.
fn export(translation: &mut Translation, table: &DeclaredTable, method: &str) -> (String, String) {
    translation.addition.export(&format!("{}.{method}", table.name))
}

/// The code of `open` and `filter`. NULLs at the end of the arguments stand for missing ones.
fn open(translation: &mut Translation, table: &DeclaredTable) -> String {
    translation.tables();
    let (name, literal) = export(translation, table, "open");
    let open = translation.addition.import(&table.open, &guest_type());
    let filter = translation.addition.import(&table.filter, &guest_type());
    let spent = translation.addition.fail(SPENT);
    translation.addition.push(&format!(
        "  (func (export {literal}) (param $argc i32) (param $argv i32) (result i32)
    (local $raw i64)
    (global.set $next (global.get $values))
    (block $trimmed
      (loop $trim
        (br_if $trimmed (i32.eqz (local.get $argc)))
        (br_if $trimmed
          (i32.ne
            (i32.load8_u
              (i32.add (local.get $argv)
                (i32.shl (i32.sub (local.get $argc) (i32.const 1)) (i32.const 4))))
            (i32.const 5)))
        (local.set $argc (i32.sub (local.get $argc) (i32.const 1)))
        (br $trim)))
    (if (i32.gt_u (local.get $argc) (i32.const 120)) (then unreachable))
    (if (i32.eqz (global.get $rows))
      (then
        (if (i32.eqz (call $rows_region (i32.const 65536))) (then (return {spent})))))
    (i32.store16 (i32.const 1016) (i32.const 0))
    (global.set $cursor ({open} (i32.const 0) (i32.const 0)))
    (call $about (i64.const 0))
    (call $arguments (local.get $argc) (local.get $argv) (i32.const 16))
    (local.set $raw
      ({filter} (i32.add (local.get $argc) (i32.const 2)) (i32.const 0)))
    (global.set $on (i32.eqz (call $is_end (local.get $raw))))
    (call $integer (global.get $home) (i64.const 1)))\n"
    ));
    name
}

/// The code that makes batches of rows, until there is no room for another row.
fn next(translation: &mut Translation, table: &DeclaredTable, visible: &[usize]) -> String {
    let (name, literal) = export(translation, table, "next");
    let next = translation.addition.import(&table.next, &guest_type());
    let rowid = translation.addition.import(&table.rowid, &guest_type());
    let column = translation.addition.import(&table.column, &guest_type());
    let spent = translation.addition.fail(SPENT);
    let row_bytes = (visible.len() + 1) * 16;
    let mut values = String::new();
    for (place, number) in visible.iter().enumerate() {
        values.push_str(&format!(
            "          (call $about (i64.const {number}))
          (local.set $room
            (call $value ({column} (i32.const 2) (i32.const 0))
              (i32.add (local.get $row) (i32.const {}))))
          (br_if $full (local.get $room))\n",
            (place + 1) * 16
        ));
    }
    let columns = visible.len();
    translation.addition.push(&format!(
        "  (func (export {literal}) (param $argc i32) (param $argv i32) (result i32)
    (local $wanted i32) (local $most i32) (local $rows i32) (local $row i32) (local $room i32)
    (if (i32.eqz (global.get $on)) (then (return (i32.const 0))))
    (global.set $next (global.get $values))
    (local.set $wanted (i32.load offset=24 (local.get $argv)))
    (block $done
      (loop $again
        ;; Half of the region is for records, at least one row; the rest for bytes.
        (local.set $most
          (i32.div_u
            (i32.shr_u (i32.sub (global.get $rows_end) (global.get $rows)) (i32.const 1))
            (i32.const {row_bytes})))
        (if (i32.gt_u (local.get $most) (local.get $wanted))
          (then (local.set $most (local.get $wanted))))
        (if (i32.eqz (local.get $most)) (then (local.set $most (i32.const 1))))
        (global.set $rows_next
          (i32.add (global.get $rows)
            (i32.add (i32.const 8) (i32.mul (local.get $most) (i32.const {row_bytes})))))
        (local.set $rows (i32.const 0))
        (local.set $row (i32.add (global.get $rows) (i32.const 8)))
        (local.set $room (i32.const 1))
        (block $full
          (br_if $full (i32.gt_u (global.get $rows_next) (global.get $rows_end)))
          (loop $each
            (if (i32.eq (global.get $on) (i32.const 2))
              (then
                (call $about (i64.const 0))
                (global.set $on
                  (i32.eqz (call $is_end ({next} (i32.const 1) (i32.const 0)))))
                (br_if $done (i32.eqz (global.get $on)))))
            (call $about (i64.const 0))
            (drop (call $integer (local.get $row) ({rowid} (i32.const 1) (i32.const 0))))
{values}            (local.set $rows (i32.add (local.get $rows) (i32.const 1)))
            (local.set $row (i32.add (local.get $row) (i32.const {row_bytes})))
            (global.set $on (i32.const 2))
            (br_if $each (i32.lt_u (local.get $rows) (local.get $most))))
          (br $done))
        (if (i32.eq (local.get $room) (i32.const 2)) (then (return {spent})))
        (br_if $done (local.get $rows))
        (br_if $again (call $more_room))
        (return {spent})))
    (if (i32.eqz (local.get $rows)) (then (return (i32.const 0))))
    (i32.store (global.get $rows) (local.get $rows))
    (i32.store offset=4 (global.get $rows) (i32.const {columns}))
    (call $bytes (global.get $home) (i64.const 4) (global.get $rows)
      (i32.add (i32.const 8) (i32.mul (local.get $rows) (i32.const {row_bytes})))))\n"
    ));
    name
}

fn close(translation: &mut Translation, table: &DeclaredTable) -> String {
    let (name, literal) = export(translation, table, "close");
    let call = match &table.close {
        None => String::new(),
        Some(close) => {
            let close = translation.addition.import(close, &guest_type());
            format!(
                "    (call $about (i64.const 0))
    (drop ({close} (i32.const 1) (i32.const 0)))\n"
            )
        }
    };
    translation.addition.push(&format!(
        "  (func (export {literal}) (param $argc i32) (param $argv i32) (result i32)
    (global.set $on (i32.const 0))
{call}    (i32.const 0))\n"
    ));
    name
}
