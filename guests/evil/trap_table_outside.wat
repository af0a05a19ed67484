;; Attack: reads a table beyond its end.
;; Answer: an error that names the function and says "trap: out of bounds table access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (table 1 funcref)
  (func (export "trap_table_outside") (param $argc i32) (param $argv i32) (result i32)
    (ref.is_null (table.get 0 (i32.const 99)))))
