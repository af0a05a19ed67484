;; Attack: a result pointer 16 bytes below four GiB: its end is exactly 0 in 32 bits.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_wrapping") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0xfffffff0)))
