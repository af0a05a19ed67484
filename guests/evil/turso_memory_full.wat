;; Attack: memory that has its maximum size and is all in use.
;; Answer: an error that says so.
(module
  (memory (export "memory") 1 1)
  (global $bump (mut i32) (i32.const 65000))
  (func (export "turso_malloc") (param i32) (result i32)
    (global.get $bump)
    (global.set $bump (i32.add (global.get $bump) (local.get 0))))
  (func (export "turso_memory_full") (param $argc i32) (param $argv i32) (result i64) (i64.load (local.get $argv))))
