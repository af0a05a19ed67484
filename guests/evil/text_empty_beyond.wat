;; Attack: empty text at a pointer beyond memory: the range is empty, but not within memory.
;; Answer: an error that names the function and says "outside".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "text_empty_beyond") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x3))
    (i64.store (i32.const 24) (i64.const 0xfffffff0))
    (i32.const 16)))
