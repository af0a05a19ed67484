;; Attack: prints bytes that lie beyond memory, from a list of buffers that is within it.
;; Answer: an error that names the function.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 64) "\f0\ff\ff\ff\20\00\00\00")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_write_outside") (param i32 i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 128)))
    (i32.const 0)))
