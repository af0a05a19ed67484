;; Calls the host: the log, the clock, random numbers, the question whether to stop.
(module
  (import "commensal" "log" (func $log (param i32 i32 i32)))
  (import "commensal" "interrupted" (func $interrupted (result i32)))
  (import "commensal" "now" (func $now (result i64)))
  (import "commensal" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  ;; Arguments start at 4096. Memory grows to hold them; 0 means that it cannot.
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (local $missing i32)
    (local.set $missing
      (i32.sub
        (i32.wrap_i64
          (i64.shr_u
            (i64.add (i64.extend_i32_u (local.get $size)) (i64.const 69631))
            (i64.const 16)))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (return (i32.const 0))))))
    (i32.const 4096))
  (data (i32.const 64) "hello from the guest")
  (func $integer (param $value i64) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (local.get $value))
    (i32.const 16))
  (func (export "logs") (param i32 i32) (result i32)
    (call $log (i32.const 3) (i32.const 64) (i32.const 20))
    (call $integer (i64.const 1)))
  (func (export "stopped") (param i32 i32) (result i32)
    (call $integer (i64.extend_i32_u (call $interrupted))))
  (func (export "now_ns") (param i32 i32) (result i32)
    (call $integer (call $now)))
  (func (export "random_blob") (param i32 i32) (result i32)
    (call $random (i32.const 128) (i32.const 16))
    (i64.store (i32.const 16) (i64.const 0x1000000004))
    (i64.store (i32.const 24) (i64.const 128))
    (i32.const 16)))
