;; Attack: the whole memory as a blob: legal.
;; Answer: a blob of 1,048,576 bytes.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "blob_all_of_memory") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x10000000000004))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
