;; Attack: each call traps but the first of an instance, so that each needs a new one; after 100 the module gives up.
;; Answer: each call is answered by an instance of its own.
(module
  (memory (export "memory") 2)
  (global $bump (mut i32) (i32.const 1024))
  (func $malloc (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (global $calls (mut i32) (i32.const 0))
  (func (export "turso_counts") (param $argc i32) (param $argv i32) (result i64)
    (if (global.get $calls) (then unreachable))
    (global.set $calls (i32.const 1))
    (i64.load (local.get $argv))))
