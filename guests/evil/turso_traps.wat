;; Attack: every call traps.
;; Answer: an error that names the function, after two more attempts.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_traps") (param $argc i32) (param $argv i32) (result i64) unreachable))
