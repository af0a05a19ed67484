;; Attack: NULL with the flag "pointer" and a type, which this version does not execute.
;; Answer: an error that names the function and says "must be 0".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "reserved_null_pointer") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x700040005))
    (i64.store (i32.const 24) (i64.const 0xdeadbeef))
    (i32.const 16)))
