;; Attack: 2^62 calls that all return, without a loop.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $twice (param $depth i32)
    (if (local.get $depth)
      (then
        (call $twice (i32.sub (local.get $depth) (i32.const 1)))
        (call $twice (i32.sub (local.get $depth) (i32.const 1))))))
  (func (export "loop_multiplying") (param $argc i32) (param $argv i32) (result i32)
    (call $twice (i32.const 62))
    (unreachable)))
