;; Attack: text whose pointer has its high half set: a host with 64-bit addresses must not follow
;; it.
;; Answer: an error that names the function and says "must be 0".
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "reserved_pointer") (param $argc i32) (param $argv i32) (result i32)
    (i64.store (i32.const 16) (i64.const 0x400000003))
    (i64.store (i32.const 24) (i64.const 0x100000010))
    (i32.const 16)))
