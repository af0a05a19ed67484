;; Attack: draws random numbers through WASI without the capability.
;; Answer: an error that names the function and the capability random.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_random_without_grant") (param i32 i32) (result i32)
    (drop (call $random (i32.const 0) (i32.const 64)))
    (i32.const 0)))
