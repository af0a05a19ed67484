;; Attack: a data segment that does not fit into memory: instantiation traps.
;; Answer: an error that names the function and says "out of bounds memory access".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (data (i32.const 0xffffe) "evil")
  (func (export "data_outside") (param i32 i32) (result i32) (i32.const 0)))
