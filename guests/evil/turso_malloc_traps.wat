;; Attack: an allocator that traps.
;; Answer: an error that names the function.
(module
  (memory (export "memory") 2)
  (func (export "turso_malloc") (param i32) (result i32) unreachable)
  (func (export "turso_malloc_traps") (param $argc i32) (param $argv i32) (result i64) (i64.load (local.get $argv))))
