;; Attack: an endless loop that keeps writing memory, over its own static data and the arguments
;; too.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_writing") (param $argc i32) (param $argv i32) (result i32) (local $at i32)
    (loop $again
      (i64.store8 (i32.and (local.get $at) (i32.const 0xfffff)) (i64.const 255))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $again))
    (unreachable)))
