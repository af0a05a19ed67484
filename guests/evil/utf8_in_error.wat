;; Attack: an error message of invalid UTF-8.
;; Answer: an error that names the function; the message is refused or shown with replacement
;; characters, but never passed on as it is.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (data (i32.const 64) "\ff\fe")
  (func (export "utf8_in_error") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x200000000))
    (i64.store (i32.const 24) (i64.const 64))
    (i32.const 16)))
