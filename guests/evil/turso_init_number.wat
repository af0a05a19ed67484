;; Attack: an extension that declares a number.
;; Answer: CREATE EXTENSION fails and says what it is.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_ext_init") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 7)))
