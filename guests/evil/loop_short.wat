;; Attack: takes some milliseconds a call: harmless alone, so that only a limit on the statement or
;; the host's interrupt ends a long scan.
;; Answer: one call is fine; a scan of many rows ends with the statement's time limit or an
;; interrupt, and says which.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_short") (param $argc i32) (param $argv i32) (result i32) (local $n i32)
    (local.set $n (i32.const 10000000))
    (loop $again
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (i32.const 0)))
