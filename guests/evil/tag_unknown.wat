;; Attack: tag 6, the first that does not exist.
;; Answer: an error that names the function and says "tag".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "tag_unknown") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 6))
    (i64.store (i32.const 24) (i64.const 0))
    (i32.const 16)))
