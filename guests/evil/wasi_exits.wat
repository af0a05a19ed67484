;; Attack: ends the process.
;; Answer: an error that names the function and the exit status; the process continues.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_exits") (param i32 i32) (result i32)
    (call $exit (i32.const 3))
    (i32.const 0)))
