;; Attack: opens files through WASI, beneath every descriptor that could be a folder, then makes and
;; removes some, and asks what was opened for it.
;; Answer: the sum of the errnos, each of which is 8 (BADF): 64 descriptors, 5 functions.
(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $opened (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (data (i32.const 64) "etc/passwd")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_opens_file") (param i32 i32) (result i32) (local $fd i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (call $open (local.get $fd) (i32.const 1) (i32.const 64) (i32.const 10) (i32.const 0)
          (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 128))))
      (local.set $sum (i32.add (local.get $sum) (call $unlink (local.get $fd) (i32.const 64) (i32.const 10))))
      (local.set $sum (i32.add (local.get $sum) (call $make (local.get $fd) (i32.const 64) (i32.const 3))))
      (local.set $sum (i32.add (local.get $sum) (call $opened (local.get $fd) (i32.const 128))))
      (local.set $sum (i32.add (local.get $sum) (call $accept (local.get $fd) (i32.const 0) (i32.const 128))))
      (br_if $next (i32.lt_u (local.tee $fd (i32.add (local.get $fd) (i32.const 1))) (i32.const 64))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.extend_i32_u (local.get $sum)))
    (i32.const 16)))
