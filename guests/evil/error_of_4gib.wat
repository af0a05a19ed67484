;; Attack: an error record with a message of 4,294,967,295 bytes.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "error_of_4gib") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0xffffffff00000000))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
