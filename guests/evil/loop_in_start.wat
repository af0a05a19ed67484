;; Attack: an endless loop in the start function, before the module has been instantiated.
;; Answer: an error that names the function and the limit timeout_ms (or fuel, where that is
;; metered), no later than the limit plus a tick.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $start (loop $again (br $again)))
  (start $start)

  ;; Behaves, but can never be called.
  (func (export "loop_in_start") (param i32 i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.const 7))
    (i32.const 16)))
