;; Attack: text with a negative length, by the typed convention.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_packed_negative") (param $argc i32) (param $argv i32) (result i64)
    (i64.const 0xffffffff00000400))
  (@custom "turso_sig" "\15turso_packed_negative\00\03"))
