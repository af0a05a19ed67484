;; Attack: an error record whose message lies beyond memory.
;; Answer: an error that names the function and says "outside". The function has failed either way;
;; the host must not read there.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "error_outside") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x4000000000))
    (i64.store (i32.const 24) (i64.const 0xffffff00))
    (i32.const 16)))
