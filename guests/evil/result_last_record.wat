;; Attack: a result in the very last 16 bytes of memory: legal.
;; Answer: the integer 42.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_last_record") (param $argc i32) (param $argv i32) (result i32)
    (i64.store offset=0 (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 16)) (i64.const 1))
    (i64.store offset=8 (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 16)) (i64.const 42))
    (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 16))))
