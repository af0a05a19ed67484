;; Attack: text whose pointer + length is 16 in 32 bits.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "text_wrapping") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x2000000003))
    (i64.store (i32.const 24) (i64.const 0xfffffff0))
    (i32.const 16)))
