;; Attack: copies from beyond memory with one instruction.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_memory_copy") (param $argc i32) (param $argv i32) (result i32)
    (memory.copy (i32.const 0) (i32.const 0xfffffff0) (i32.const 0x20))
    (i32.const 0)))
