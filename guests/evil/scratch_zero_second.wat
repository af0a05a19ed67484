;; Attack: an allocator that is out of memory when it is called a second time.
;; Answer: small arguments work; a large one is an error that names the function.
(module
  (memory (export "memory") 16)
  (global $called (mut i32) (i32.const 0))
  (func (export "commensal_scratch") (param $size i32) (result i32)
    (if (global.get $called) (then (return (i32.const 0))))
    (global.set $called (i32.const 1))
    (i32.const 4096))
  ;; The length of its first argument, which shows that arguments arrive.
  (func (export "scratch_zero_second") (param $argc i32) (param $argv i32) (result i32)
    (if (i32.eqz (local.get $argc)) (then (return (i32.const 0))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.load32_u offset=4 (local.get $argv)))
    (i32.const 16)))
