;; Attack: an allocator that runs forever.
;; Answer: the time limit.
(module
  (memory (export "memory") 2)
  (func (export "turso_malloc") (param i32) (result i32) (loop $l (br $l)) unreachable)
  (func (export "turso_malloc_forever") (param $argc i32) (param $argv i32) (result i64) (i64.load (local.get $argv))))
