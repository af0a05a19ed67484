;; Attack: an allocator whose pointer is within memory, but with 8 bytes left there.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)))
  ;; The length of its first argument, which shows that arguments arrive.
  (func (export "scratch_too_near_end") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load32_u offset=4 (local.get $argv)))
    (i32.const 16)))
