;; Attack: one byte of text just beyond memory.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "text_beyond") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x100000003))
    (i64.store (i32.const 24) (i64.const 1048576))
    (i32.const 16)))
