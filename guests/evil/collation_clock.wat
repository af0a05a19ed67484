;; Attack: an order that depends on the time.
;; Answer: CREATE refuses it.
(module
  (import "commensal" "now" (func $now (result i64)))
  (memory (export "memory") 1)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (@custom "commensal"
    "{\"abi\":1}\n"
    "{\"collation\":{\"name\":\"collation_clock\",\"compare\":\"compare\"}}\n")
  (func (export "compare") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (call $now))
    (i32.const 16)))
