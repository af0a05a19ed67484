;; Attack: writes eight bytes of which only the first is within memory: nothing may be written.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_store_across_end") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)) (i64.const -1))
    (i32.const 0)))
