;; Attack: an endless loop without any call or memory access.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_forever") (param $argc i32) (param $argv i32) (result i32)
    (loop $again (br $again))
    (unreachable)))
