;; Attack: an element segment that does not fit into its table: instantiation traps.
;; Answer: an error that names the function and says "out of bounds table access".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (table 1 funcref)
  (elem (i32.const 1) func 0)
  (func (export "element_outside") (param i32 i32) (result i32) (i32.const 0)))
