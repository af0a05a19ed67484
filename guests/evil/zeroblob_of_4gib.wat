;; Attack: a blob of 4 GiB of zeros that are not in memory, by the flag "zeroblob".
;; Answer: an error that names the function and the limit result_bytes_max.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "zeroblob_of_4gib") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0xffffffff00020004))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
