;; Attack: an allocator that returns the last address.
;; Answer: text goes to the function and back, because it needs no memory of the allocator.
(module
  (memory (export "memory") 2)
  (func (export "turso_malloc") (param i32) (result i32) (i32.const -1))
  (func (export "turso_malloc_last") (param $argc i32) (param $argv i32) (result i64) (i64.load (local.get $argv))))
