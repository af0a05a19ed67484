;; Attack: calls through a table at an index that the table does not have.
;; Answer: an error that names the function and says "trap: undefined element"; the instance is
;; discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (type $guest (func (param i32 i32) (result i32)))
  (table 1 funcref)
  (func (export "trap_call_undefined") (param $argc i32) (param $argv i32) (result i32)
    (call_indirect (type $guest) (local.get $argc) (local.get $argv) (i32.const 0x7fffffff))))
