;; Attack: reads the clock through WASI without the capability.
;; Answer: an error that names the function and the capability clock.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_clock_without_grant") (param i32 i32) (result i32)
    (drop (call $now (i32.const 0) (i64.const 1) (i32.const 128)))
    (i32.const 0)))
