;; Attack: asks WASI for arguments, environment variables and standard input.
;; Answer: 0: there are none, and nothing else is written.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  ;; A buffer of 256 bytes at 1024.
  (data (i32.const 96) "\00\04\00\00\00\01\00\00")
  (data (i32.const 128) "\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_looks_around") (param i32 i32) (result i32) (local $seen i64)
    (local.set $seen (i64.extend_i32_u (i32.or
      (i32.or (call $args_sizes (i32.const 128) (i32.const 132))
              (call $environ_sizes (i32.const 136) (i32.const 140)))
      (i32.or (i32.or (call $args (i32.const 1024) (i32.const 1040))
                      (call $environ (i32.const 1024) (i32.const 1040)))
              (call $read (i32.const 0) (i32.const 96) (i32.const 1) (i32.const 144))))))
    (local.set $seen (i64.or (local.get $seen) (i64.or (i64.load (i32.const 128)) (i64.load (i32.const 136)))))
    (local.set $seen (i64.or (local.get $seen) (i64.load32_u (i32.const 144))))
    (local.set $seen (i64.or (local.get $seen) (i64.or (i64.load (i32.const 1024)) (i64.load (i32.const 1040)))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $seen))
    (i32.const 16)))
