;; Attack: reads the last four bytes that a 32-bit address reaches, where a guard page may be the
;; only fence.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_load_outside") (param $argc i32) (param $argv i32) (result i32)
    (i32.load (i32.const 0xfffffffc))))
