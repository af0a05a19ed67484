;; Attack: a result record that is one of the arguments and whose text is the records of the
;; arguments: legal, read before it is written.
;; Answer: a blob of the 16 bytes of its own record.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "result_overlaps") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (local.get $argv) (i64.const 0x1000000004))
    (i64.store offset=8 (local.get $argv) (i64.extend_i32_u (local.get $argv)))
    (local.get $argv)))
