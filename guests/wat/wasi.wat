;; What a guest needs that is built against a C library: WASI's streams, clock and random numbers.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $state (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "hello \0aworld\0a")
  ;; Two buffers with parts of the text.
  (data (i32.const 96) "\40\00\00\00\06\00\00\00\47\00\00\00\06\00\00\00")
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  ;; print(descriptor): the number of bytes written, or the errno, negated.
  (func (export "print") (param i32) (param $argv i32) (result i32) (local $errno i32)
    (local.set $errno
      (call $write (i32.wrap_i64 (i64.load offset=8 (local.get $argv))) (i32.const 96) (i32.const 2) (i32.const 128)))
    (if (local.get $errno)
      (then (return (call $integer (i64.sub (i64.const 0) (i64.extend_i32_u (local.get $errno)))))))
    (call $integer (i64.load32_u (i32.const 128))))
  ;; descriptor(descriptor): the kind of file and what may be done with it, or the errno, negated.
  (func (export "descriptor") (param i32) (param $argv i32) (result i32) (local $errno i32)
    (local.set $errno (call $state (i32.wrap_i64 (i64.load offset=8 (local.get $argv))) (i32.const 128)))
    (if (local.get $errno)
      (then (return (call $integer (i64.sub (i64.const 0) (i64.extend_i32_u (local.get $errno)))))))
    (call $integer (i64.add (i64.mul (i64.const 1000) (i64.load8_u (i32.const 128))) (i64.load (i32.const 136)))))
  (func (export "seek") (param i32) (param $argv i32) (result i32)
    (call $integer (i64.extend_i32_u
      (call $seek (i32.wrap_i64 (i64.load offset=8 (local.get $argv))) (i64.const 0) (i32.const 0) (i32.const 128)))))
  (func (export "poll") (param i32 i32) (result i32)
    (call $integer (i64.extend_i32_u (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 128)))))
  (func (export "yield") (param i32 i32) (result i32)
    (call $integer (i64.extend_i32_u (call $yield))))
  ;; clock(id): nanoseconds, or the errno, negated.
  (func (export "clock") (param i32) (param $argv i32) (result i32) (local $errno i32)
    (local.set $errno
      (call $now (i32.wrap_i64 (i64.load offset=8 (local.get $argv))) (i64.const 1) (i32.const 128)))
    (if (local.get $errno)
      (then (return (call $integer (i64.sub (i64.const 0) (i64.extend_i32_u (local.get $errno)))))))
    (call $integer (i64.load (i32.const 128))))
  (func (export "draw") (param i32 i32) (result i32)
    (drop (call $random (i32.const 128) (i32.const 8)))
    (call $integer (i64.load (i32.const 128)))))
