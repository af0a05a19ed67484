;; Attack: reads with the largest static offset from the largest address: the sum does not fit 32
;; bits.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_load_offset") (param $argc i32) (param $argv i32) (result i32)
    (i32.load offset=0xffffffff (i32.const 0xffffffff))))
