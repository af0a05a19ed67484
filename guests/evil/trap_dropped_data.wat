;; Attack: initialises memory from a data segment that was dropped.
;; Answer: an error that names the function and says "trap: out of bounds memory access"; the
;; instance is discarded.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (data $segment "evil")
  (func (export "trap_dropped_data") (param $argc i32) (param $argv i32) (result i32)
    (data.drop $segment)
    (memory.init $segment (i32.const 0) (i32.const 0) (i32.const 4))
    (i32.const 0)))
