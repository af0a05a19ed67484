;; Attack: the function has another type than guest functions have.
;; Answer: CREATE fails: the export and both types are named.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "export_wrong_type") (param i64 i64) (result i64) (local.get 0))
  (func (export "no_result") (param i32 i32))
  (func (export "one_parameter") (param i32) (result i32) (i32.const 0))
  (func (export "two_results") (param i32 i32) (result i32 i32) (i32.const 0) (i32.const 0))
  (global (export "no_function") i32 (i32.const 0)))
