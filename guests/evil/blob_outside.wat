;; Attack: a blob of 16 MiB in a memory of one.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "blob_outside") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x100000000000004))
    (i64.store (i32.const 24) (i64.const 16))
    (i32.const 16)))
