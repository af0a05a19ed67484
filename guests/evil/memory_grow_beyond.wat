;; Attack: asks for more memory than the module itself allows, then traps.
;; Answer: an error that names the function. Whether it says memory or the trap depends on the
;; runtime: one refuses without asking for the limit.
(module
  (memory (export "memory") 1 2)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_grow_beyond") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.ne (memory.grow (i32.const 2)) (i32.const -1))
      (then (return (i32.const 0))))
    (unreachable)))
