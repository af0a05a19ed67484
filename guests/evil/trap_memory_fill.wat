;; Attack: fills four GiB of memory with one instruction.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_memory_fill") (param $argc i32) (param $argv i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 0xffffffff))
    (i32.const 0)))
