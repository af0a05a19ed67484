;; Attack: grows memory until that fails and answers as if nothing had happened: legal, up to the limit.
;; Answer: the number of pages, at most the limit; not an error.
(module
  (memory (export "memory") 16)
  (func (export "commensal_scratch") (param i32) (result i32) (i32.const 4096))
  (func (export "memory_grow_quietly") (param $argc i32) (param $argv i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (i64.store (i32.const 16) (i64.const 1))
    (i64.store (i32.const 24) (i64.extend_i32_u (memory.size)))
    (i32.const 16)))
