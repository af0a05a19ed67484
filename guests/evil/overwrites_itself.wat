;; Attack: overwrites all of its memory, static data and arguments included, then answers. Legal;
;; the guest harms only itself.
;; Answer: the integer 1 at each call.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "overwrites_itself") (param $argc i32) (param $argv i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 255) (i32.shl (memory.size) (i32.const 16)))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.const 1))
    (i32.const 16)))
