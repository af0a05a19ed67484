;; Attack: makes the host gather all of memory a thousand times in one call of fd_write, and as much as a
;; length can express in another.
;; Answer: the first writes 65536 bytes (a caller continues with the rest), the second is INVAL (28).
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "wasi_write_much") (param i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.const 8192))
    (loop $next
      (i64.store (local.get $at) (i64.const 0x10000000000000))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 16384))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24)
      (i64.extend_i32_u (i32.add
        (call $write (i32.const 2) (i32.const 8192) (i32.const 1024) (i32.const 128))
        (i32.mul (i32.const 1000000)
          (call $write (i32.const 2) (i32.const 8192) (i32.const 0xffffffff) (i32.const 136))))))
    (i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.load32_u (i32.const 128))))
    (i32.const 16)))
