;; Attack: its `_initialize` takes a parameter.
;; Answer: CREATE fails: the export "_initialize" is named.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "_initialize") (param i32))
  (func (export "initialize_wrong_type") (param i32 i32) (result i32) (i32.const 0)))
