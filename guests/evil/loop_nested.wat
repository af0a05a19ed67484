;; Attack: a loop around an endless loop that reads and writes nothing. A compiler may know that whatever the host has
;; both read gives the same, and leave the inner one unwatched.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "loop_nested") (param $argc i32) (param $argv i32) (result i32)
    (loop $outer
      (loop $inner
        (br_if $inner (i32.const 1)))
      (br $outer))
    (unreachable)))
