;; Attack: an allocator that returns 0.
;; Answer: text goes to the function and back, because it needs no memory of the allocator.
(module
  (memory (export "memory") 2)
  (func (export "turso_malloc") (param i32) (result i32) (i32.const 0))
  (func (export "turso_malloc_zero") (param $argc i32) (param $argv i32) (result i64) (i64.load (local.get $argv))))
