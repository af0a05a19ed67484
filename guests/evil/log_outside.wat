;; Attack: logs a message that lies beyond memory.
;; Answer: an error that names the function; without the capability log, one that names that.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "log_outside") (param $argc i32) (param $argv i32) (result i32)
    (call $log (i32.const 3) (i32.const 0xfffffff0) (i32.const 0x20))
    (i32.const 0)))
