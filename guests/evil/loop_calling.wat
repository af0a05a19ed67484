;; Attack: an endless loop of calls, in which the host is asked whether to stop and the answer
;; ignored.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (import "commensal" "interrupted" (func $interrupted (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_calling") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (drop (call $interrupted))
      (br $again))
    (unreachable)))
