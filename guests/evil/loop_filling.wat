;; Attack: an endless loop of bulk instructions, each of which runs long.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_filling") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 170) (i32.const 0x100000))
      (br $again))
    (unreachable)))
