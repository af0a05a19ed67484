;; Attack: exports a global as "commensal_scratch".
;; Answer: CREATE fails: the export "commensal_scratch" is named.
(module
  (memory (export "memory") 16)
  (global (export "commensal_scratch") i32 (i32.const 4096))
  (func (export "scratch_is_global") (param i32 i32) (result i32) (i32.const 0)))
