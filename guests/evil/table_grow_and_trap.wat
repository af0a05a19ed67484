;; Attack: grows a table until that fails, then traps.
;; Answer: an error that names the function and the limit on table elements.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (table 1 funcref)
  (func (export "table_grow_and_trap") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (table.grow 0 (ref.null func) (i32.const 1000)) (i32.const -1))))
    (unreachable)))
