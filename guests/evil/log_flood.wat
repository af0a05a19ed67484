;; Attack: logs without end.
;; Answer: the time limit ends it; without the capability log, an error that names that at the
;; first message.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "log_flood") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (call $log (i32.const -7) (i32.const 0) (i32.const 0x10000))
      (br $again))
    (unreachable)))
