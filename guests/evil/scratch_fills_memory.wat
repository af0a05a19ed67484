;; Attack: an allocator that fills all of memory with FF, static data and old results too.
;; Answer: works: the host keeps nothing in guest memory between calls.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 255) (i32.shl (memory.size) (i32.const 16)))
    (i32.const 4096))
  ;; The length of its first argument, which shows that arguments arrive.
  (func (export "scratch_fills_memory") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load32_u offset=4 (local.get $argv)))
    (i32.const 16)))
