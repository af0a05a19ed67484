;; Attack: the plainest trap.
;; Answer: an error that names the function and says "trap: unreachable"; the instance is
;; discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "trap_unreachable") (param $argc i32) (param $argv i32) (result i32)
    (unreachable)))
