;; Attack: an error message of zeros that are not in memory.
;; Answer: an error that names the function and says "must be 0".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "zeroblob_error") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x300020000))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
