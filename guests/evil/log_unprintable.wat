;; Attack: logs invalid UTF-8, NUL bytes and terminal escape sequences at a level that does not
;; exist.
;; Answer: NULL; the log contains nothing that harms a terminal. Without the capability log, an error that
;; names that.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (data (i32.const 64) "\ff\00\1b[2J\1b]0;x\07")
  (func (export "log_unprintable") (param $argc i32) (param $argv i32) (result i32)
    (call $log (i32.const 0x7fffffff) (i32.const 64) (i32.const 12))
    (i32.const 0)))
