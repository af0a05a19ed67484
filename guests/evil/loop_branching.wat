;; Attack: an endless loop over a br_table whose every target leads back.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_branching") (param $argc i32) (param $argv i32) (result i32) (local $n i32)
    (loop $a
      (loop $b
        (loop $c
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_table $a $b $c (i32.and (local.get $n) (i32.const 3))))))
    (unreachable)))
