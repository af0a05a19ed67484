;; Attack: text with half of a surrogate pair (ED A0 80).
;; Answer: an error that names the function and says "UTF-8".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (data (i32.const 64) "\ed\a0\80")
  (func (export "utf8_surrogate") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x300000003))
    (i64.store (i32.const 24) (i64.const 64))
    (i32.const 16)))
