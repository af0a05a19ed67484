;; A start function and `_initialize`: both run once, in this order, before the first call.
(module
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
  (global $steps (mut i64) (i64.const 0))
  (func $start (global.set $steps (i64.const 1)))
  (start $start)
  (func (export "_initialize")
    (global.set $steps (i64.add (i64.mul (global.get $steps) (i64.const 10)) (i64.const 2))))
  ;; 12 when both ran once.
  (func (export "steps") (param i32 i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (global.get $steps))
    (i32.const 16)))
