;; Attack: an integer with the flag "pointer".
;; Answer: an error that names the function and says "must be 0".
(module
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "pointer_integer") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x700040001))
    (i64.store (i32.const 24) (i64.const 1))
    (i32.const 16))
  (func (export "commensal_pointer_drop") (param $argc i32) (param $argv i32) (result i32)
    (i32.const 0)))
