;; Attack: an error message of one MiB, all of memory, with NUL bytes: legal, but a nuisance to log
;; files and terminals.
;; Answer: an error that names the function; the host may cut the message.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "error_long") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x10000000000000))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
