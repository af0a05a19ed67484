;; Attack: logs a message of 4,294,967,295 bytes.
;; Answer: an error that names the function; without the capability log, one that names that.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "log_of_4gib") (param $argc i32) (param $argv i32) (result i32)
    (call $log (i32.const 3) (i32.const 0) (i32.const 0xffffffff))
    (i32.const 0)))
