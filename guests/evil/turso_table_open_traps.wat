;; Attack: a table whose `open` traps.
;; Answer: an error that names the table.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (data (i32.const 4096) "{\"vtabs\":[{\"name\":\"turso_table_open_traps\",\"columns\":[{\"name\":\"x\",\"type\":\"TEXT\"}],\"open\":\"open\",\"filter\":\"filter\",\"column\":\"column\",\"next\":\"next\",\"eof\":\"eof\",\"rowid\":\"rowid\"}]}\00")
  (func (export "turso_ext_init") (param $argc i32) (param $argv i32) (result i64)
    (i32.store8 (i32.const 1017) (i32.const 3))
    (i64.const 4096))
  (func (export "open") (param $argc i32) (param $argv i32) (result i64) unreachable)
  (func (export "filter") (param $argc i32) (param $argv i32) (result i64) (i64.const 0))
  (func (export "column") (param $argc i32) (param $argv i32) (result i64) (i64.const 1))
  (func (export "next") (param $argc i32) (param $argv i32) (result i64) (i64.const 0))
  (func (export "eof") (param $argc i32) (param $argv i32) (result i64) (i64.const 0))
  (func (export "rowid") (param $argc i32) (param $argv i32) (result i64) (i64.const 1)))
